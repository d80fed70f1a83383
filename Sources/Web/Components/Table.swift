/// A table of data. The first cell of a row is its heading; on a phone the rows of a full table become cards that repeat
/// each column's label.
package struct Table: Sendable {
    /// What a column holds.
    package enum Alignment: Sendable { case text, number, actions }

    /// A column: its heading, which a phone repeats in every card, and what it holds.
    package struct Column: Sendable {
        package let label: String
        package let alignment: Alignment
        /// Left out on phones.
        package let isOptional: Bool

        package init(_ label: String, _ alignment: Alignment = .text, isOptional: Bool = false) {
            self.label = label
            self.alignment = alignment
            self.isOptional = isOptional
        }

        /// Right-aligned figures.
        package static func number(_ label: String, isOptional: Bool = false) -> Column {
            Column(label, .number, isOptional: isOptional)
        }

        /// Buttons at the end of a row.
        package static let actions = Column("", .actions)
    }

    /// One cell per column; missing ones at the end stay away.
    package struct Row: Sendable {
        package let cells: [HTML]
        /// The one that counts, where a rule chooses among several.
        package var isWinner: Bool
        /// A second row over all columns, closely below.
        package var explanation: HTML?

        package init(_ cells: [HTML], isWinner: Bool = false, explanation: HTML? = nil) {
            self.cells = cells
            self.isWinner = isWinner
            self.explanation = explanation
        }
    }

    /// How it stands on the page.
    package enum Style: String, Sendable {
        /// The list of a page: head in grey, rows become cards on phones.
        case full = "table stackable"
        /// Inside a card.
        case plain = "table plain"
        /// Inside a card, with little air.
        case compact = "table plain compact"
    }

    package let caption: String
    package let columns: [Column]
    package let rows: [Row]
    /// One cell per column, or nothing.
    package var footer: [HTML] = []
    package var style = Style.full

    package init(
        _ caption: String, _ columns: [Column], rows: [Row], footer: [HTML] = [], style: Style = .full
    ) {
        self.caption = caption
        self.columns = columns
        self.rows = rows
        self.footer = footer
        self.style = style
    }

    /// The table as markup.
    package var html: HTML {
        let foot: HTML = footer.isEmpty ? "" : "<tfoot>\(line(Row(footer)))</tfoot>"
        return #"""
            <div class="table-wrap"><table class="\#(style.rawValue)">
            <caption class="visually-hidden">\#(caption)</caption>
            <thead><tr>\#(columns.map(head))</tr></thead>
            <tbody>
            \#(rows.map(line))</tbody>
            \#(foot)</table></div>
            """#
    }

    private func head(_ column: Column) -> HTML {
        if column.alignment == .actions { return #"<th scope="col"><span class="visually-hidden">Actions</span></th>"# }
        return #"<th scope="col"\#(attribute: "class", classes(of: column))>\#(column.label)</th>"#
    }

    private func line(_ row: Row) -> HTML {
        let cells: [HTML] = zip(columns, row.cells).enumerated().map { index, pair in cell(index, pair.0, pair.1) }
        let explanation: HTML? = row.explanation.map { text in
            #"<tr class="explain"><td colspan="\#(columns.count)">\#(text)</td></tr>\#("\n" as HTML)"#
        }
        return "<tr\(#" class="is-winner""#, when: row.isWinner)>\(cells)</tr>\n\(explanation)"
    }

    private func cell(_ index: Int, _ column: Column, _ content: HTML) -> HTML {
        if index == 0 { return #"<th scope="row"\#(attribute: "class", classes(of: column))>\#(content)</th>"# }
        guard style == .full, column.alignment != .actions, !content.isEmpty else {
            return #"<td\#(attribute: "class", classes(of: column))>\#(content)</td>"#
        }
        return #"""
            <td\#(attribute: "class", classes(of: column)) data-label="\#(column.label)"><span>\#(content)</span></td>
            """#
    }

    private func classes(of column: Column) -> String? {
        let names =
            switch column.alignment {
            case .text: ""
            case .number: "num"
            case .actions: "row-actions"
            }
        guard column.isOptional else { return names.isEmpty ? nil : names }
        return names.isEmpty ? "opt" : names + " opt"
    }
}

/// The line below a list: how much is shown, and the way to the rest. Lists go forward only; the browser goes back.
package struct Pager: Sendable {
    package let summary: String
    package let nextPath: String?

    package init(_ summary: String, nextPath: String?) {
        self.summary = summary
        self.nextPath = nextPath
    }

    /// The pager as markup.
    package var html: HTML {
        let next: HTML = nextPath.map { .button("Next", to: $0, .small) } ?? ""
        return
            #"<nav class="pager" aria-label="Pages"><span>\#(summary)</span><div class="actions">\#(next)</div></nav>"#
    }
}
