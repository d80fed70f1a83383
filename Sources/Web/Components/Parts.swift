/// What a colour says. Always next to a word, never instead of one.
package enum Tone: String, Sendable {
    /// Active, paid, valid, done.
    case ok
    /// Estimated, grace, needs a look soon.
    case warn
    /// Refused, suspended, overdue.
    case bad
    /// Open, due, under way.
    case info
    /// Draft, sandbox, archived.
    case neutral
    /// Billed, chosen.
    case brand
}

/// How much a button asks to be pressed. One primary per card.
package enum ButtonStyle: String, Sendable {
    case plain = "btn"
    case primary = "btn btn-primary"
    case danger = "btn btn-danger"
    case quiet = "btn btn-quiet"
    case small = "btn btn-sm"
}

/// One row of a description list.
package struct Fact: Sendable {
    package let label: String
    package let value: HTML
    package var isTotal = false

    /// A value with markup of its own.
    package init(_ label: String, _ value: HTML, isTotal: Bool = false) {
        self.label = label
        self.value = value
        self.isTotal = isTotal
    }

    /// A plain text; "–" when there is none.
    package init(_ label: String, text: String?) {
        self.init(label, HTML(text: DisplayText.orNothing(text)))
    }

    /// An identifier or a hash, in the fixed-width font.
    package init(_ label: String, code: String) {
        self.init(label, "<code>\(code)</code>")
    }
}

/// One figure of the strip at the head of a page.
package struct Stat: Sendable {
    package let label: String
    package let value: String
    package let note: HTML
    package let trend: [Int64]

    package init(_ label: String, _ value: String, note: HTML = "", trend: [Int64] = []) {
        self.label = label
        self.value = value
        self.note = note
        self.trend = trend
    }
}

/// One step of a history, newest first.
package struct TimelineEntry: Sendable {
    package let title: String
    package let time: String
    package let text: String
    package let tone: Tone?

    package init(_ title: String, time: String, text: String = "", tone: Tone? = nil) {
        self.title = title
        self.time = time
        self.text = text
        self.tone = tone
    }
}

/// One thing that wants a person, with the way to it.
package struct AttentionItem: Sendable {
    package let title: String
    package let detail: String
    package let path: String?
    package let tone: Tone
    package let icon: Icon

    package init(_ title: String, detail: String, path: String?, tone: Tone, icon: Icon) {
        self.title = title
        self.detail = detail
        self.path = path
        self.tone = tone
        self.icon = icon
    }
}

extension HTML {
    /// A state as a coloured word.
    package static func pill(_ text: String, _ tone: Tone) -> HTML {
        #"<span class="pill" data-tone="\#(tone.rawValue)">\#(text)</span>"#
    }

    /// A property as a framed word.
    package static func tag(_ text: String) -> HTML { #"<span class="tag">\#(text)</span>"# }

    /// A second, smaller line inside a cell.
    package static func sub(_ text: String) -> HTML { #"<span class="sub">\#(text)</span>"# }

    /// A link in running text or in a cell.
    package static func link(_ text: String, _ path: String) -> HTML { #"<a href="\#(path)">\#(text)</a>"# }

    /// A link that looks like a button.
    package static func button(
        _ label: String, to path: String, _ style: ButtonStyle = .plain, icon: Icon? = nil
    ) -> HTML {
        #"<a class="\#(style.rawValue)" href="\#(path)">\#(icon?.html)\#(label)</a>"#
    }

    /// "All invoices ›" at the head or foot of a card.
    package static func go(_ label: String, _ path: String) -> HTML {
        #"<a class="go" href="\#(path)">\#(label) \#(Icon.right.html)</a>"#
    }

    /// A button that posts a form without any field of its own.
    package static func post(
        _ label: String, to path: String, _ style: ButtonStyle = .plain, hidden: [(String, String)] = []
    ) -> HTML {
        #"""
        <form action="\#(path)" method="post">\#(csrfField)\#(hidden.map { hiddenField($0.0, $0.1) })\#
        <button class="\#(style.rawValue)" type="submit">\#(label)</button></form>
        """#
    }

    /// A value that a form carries along.
    package static func hiddenField(_ name: String, _ value: String) -> HTML {
        #"<input type="hidden" name="\#(name)" value="\#(value)">"#
    }

    /// A sentence that stands out, with an optional way on.
    package static func callout(_ tone: Tone, _ lead: String, _ text: HTML, actions: HTML = "") -> HTML {
        let icon: Icon =
            switch tone {
            case .warn, .bad: .alert
            case .ok: .check
            case .info, .neutral, .brand: .info
            }
        let end: HTML = actions.isEmpty ? "" : #"<div class="actions">\#(actions)</div>"#
        return #"""
            <div class="callout" data-tone="\#(tone.rawValue)">\#(icon.html)<div><strong>\#(lead)</strong> \#(text)</div>\#
            \#(end)</div>
            """#
    }

    /// What a list shows when there is nothing in it: why, and what to do.
    package static func empty(_ title: String, _ text: String, icon: Icon = .inbox, action: HTML = "") -> HTML {
        #"<div class="empty">\#(icon.html)<h3>\#(title)</h3><p>\#(text)</p>\#(action)</div>"#
    }

    /// Labels and values side by side.
    package static func facts(_ facts: [Fact], wide: Bool = false) -> HTML {
        let rows: [HTML] = facts.map { fact in
            let mark: HTML = fact.isTotal ? #" class="total""# : ""
            return "<dt\(mark)>\(fact.label)</dt><dd\(mark)>\(fact.value)</dd>\n"
        }
        return #"<dl class="kv\#(" wide", when: wide)">\#(rows)</dl>"#
    }

    /// The strip of key figures.
    package static func stats(_ stats: [Stat]) -> HTML {
        let cells: [HTML] = stats.map { stat in
            #"""
            <div class="stat"><p class="stat-label">\#(stat.label)</p><p class="stat-value">\#(stat.value)</p>\#
            <p class="stat-note">\#(stat.note)</p>\#(stat.trend.count > 1 ? Sparkline(stat.trend).html : "")</div>

            """#
        }
        return #"<div class="stats">\#(cells)</div>"#
    }

    /// What happened, step by step.
    package static func timeline(_ entries: [TimelineEntry]) -> HTML {
        if entries.isEmpty { return #"<p class="muted small">Nothing yet.</p>"# }
        let items: [HTML] = entries.map { entry in
            #"""
            <li\#(attribute: "data-tone", entry.tone?.rawValue)><b>\#(entry.title)</b><time>\#(entry.time)</time>\#(entry.text)</li>

            """#
        }
        return #"<ol class="timeline">\#(items)</ol>"#
    }

    /// What wants a person, the most blocking first.
    package static func attention(_ items: [AttentionItem]) -> HTML {
        let entries: [HTML] = items.map { item in
            let title: HTML = item.path.map { link(item.title, $0) } ?? "<b>\(item.title)</b>"
            return #"""
                <li data-tone="\#(item.tone.rawValue)">\#(item.icon.html)<div>\#(title)\#(sub(item.detail))</div></li>

                """#
        }
        return #"<ul class="items">\#(entries)</ul>"#
    }

    /// Something long that opens on demand, without script.
    package static func fold(_ summary: String, _ body: HTML, isOpen: Bool = false) -> HTML {
        #"<details class="fold"\#(" open", when: isOpen)><summary>\#(summary)</summary>\#(body)</details>"#
    }

    /// Names or initials in a square.
    package static func avatar(_ name: String, _ tone: Tone = .brand, classes: String = "avatar square") -> HTML {
        #"""
        <span class="\#(classes)" data-tone="\#(tone.rawValue)" aria-hidden="true">\#(DisplayText.initials(name))</span>
        """#
    }

    /// The product's mark; its colour follows the brand.
    package static let productMark: HTML = #"""
        <svg class="logo" viewBox="0 0 22 22" aria-hidden="true"><rect width="22" height="22" rx="6" class="db"/>\#
        <path d="M6 8.2h10M6 11.5h7M6 14.8h4" fill="none" stroke="#fff" stroke-width="1.8" stroke-linecap="round"/></svg>
        """#
}
