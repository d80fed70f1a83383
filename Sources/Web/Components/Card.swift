/// A white box with a heading: the unit of every page. The heading names the section for assistive technology.
package struct Card: Sendable {
    package let title: String
    package let body: HTML
    /// A sentence under the heading.
    package var lede: HTML?
    /// A link or a switch to the right of the heading.
    package var aside: HTML = ""
    package var foot: HTML = ""
    /// Tables and lists run to the edge of the card; everything else keeps the inner distance.
    package var isFlush = false
    package var isDanger = false
    /// Columns of twelve, from 1000 px on; `nil` outside a grid.
    package var span: Int?

    package init(_ title: String, span: Int? = nil, lede: HTML? = nil, aside: HTML = "", body: HTML) {
        self.title = title
        self.span = span
        self.lede = lede
        self.aside = aside
        self.body = body
    }

    /// A card whose table or list runs to the edge.
    package static func flush(
        _ title: String, span: Int? = nil, lede: HTML? = nil, aside: HTML = "", body: HTML, foot: HTML = ""
    ) -> Card {
        var card = Card(title, span: span, lede: lede, aside: aside, body: body)
        card.isFlush = true
        card.foot = foot
        return card
    }

    /// The card as markup.
    package var html: HTML {
        let id = Self.anchor(title)
        let content: HTML = isFlush ? body : #"<div class="card-body">\#(body)</div>"#
        let end: HTML = foot.isEmpty ? "" : #"<div class="card-foot">\#(foot)</div>"#
        return #"""
            <section class="\#(classes)" aria-labelledby="\#(id)">
            <div class="card-head"><div><h2 id="\#(id)">\#(title)</h2>\#(lede.map { "<p>\($0)</p>" })</div>\#(aside)</div>
            \#(content)
            \#(end)</section>

            """#
    }

    private var classes: String {
        var names = "card"
        if isFlush { names += " flush" }
        if isDanger { names += " danger-zone" }
        if let span { names += " span-\(span)" }
        return names
    }

    /// An address inside the page, from a heading: `Turns per day` becomes `turns-per-day`.
    package static func anchor(_ text: String) -> String {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "-")
    }
}

extension HTML {
    /// Cards side by side in twelve columns; with `fill` those of one row are equally high.
    package static func grid(_ cards: [HTML], fill: Bool = false) -> HTML {
        #"<div class="grid\#(" fill", when: fill)">\#(cards)</div>"#
    }

    /// Pieces below each other, as one column of a grid.
    package static func stack(_ pieces: [HTML], span: Int? = nil) -> HTML {
        let width = span.map { " span-\($0)" } ?? ""
        return #"<div class="stack\#(width)">\#(pieces)</div>"#
    }
}
