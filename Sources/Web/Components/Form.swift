/// A form as data: sections of fields, one primary button, a way back. From the one description come the markup, the
/// summary of errors with links into the form, and the inline messages.
package struct Form: Sendable {
    /// A group of fields with a heading beside it.
    package struct Section: Sendable {
        package let title: String
        package let lede: String
        package let fields: [Field]
        /// Markup below the fields, such as a callout.
        package var note: HTML = ""

        package init(_ title: String, _ lede: String, _ fields: [Field], note: HTML = "") {
            self.title = title
            self.lede = lede
            self.fields = fields
            self.note = note
        }
    }

    package let action: String
    package let submit: String
    /// Where "Cancel" leads.
    package let cancel: String
    package let sections: [Section]
    /// What happens on submit, beside the buttons.
    package var note = ""
    package var isMultipart = false
    package var style = ButtonStyle.primary
    /// A second button, which sends the same entries to another address: to try, not to save.
    package var trial: Trial?

    /// What the second button says, and where it leads.
    package struct Trial: Sendable {
        package let label: String
        package let action: String

        package init(_ label: String, action: String) {
            self.label = label
            self.action = action
        }
    }

    package init(action: String, submit: String, cancel: String, note: String = "", sections: [Section]) {
        self.action = action
        self.submit = submit
        self.cancel = cancel
        self.note = note
        self.sections = sections
    }

    /// The summary of errors, if any, and the form.
    package func html(_ state: FormState) -> HTML {
        let encoding = isMultipart ? "multipart/form-data" : nil
        return #"""
            \#(summary(state))<form class="card" action="\#(action)" method="post" novalidate\#(attribute: "enctype", encoding)>\#
            \#(HTML.csrfField)
            \#(sections.map { section($0, state) })<div class="form-foot"><span>\#(note)</span><div class="actions">\#
            \#(HTML.button("Cancel", to: cancel))\#(trialButton)<button class="\#(style.rawValue)" type="submit">\#(submit)</button></div></div>
            </form>

            """#
    }

    private var trialButton: HTML {
        guard let trial else { return "" }
        return #"<button class="btn" type="submit" formaction="\#(trial.action)">\#(trial.label)</button>"#
    }

    private func section(_ section: Section, _ state: FormState) -> HTML {
        let id = "section-" + Card.anchor(section.title)
        let wide = section.fields.count > 1 && section.fields.allSatisfy(\.isNarrow)
        let fields: HTML =
            wide
            ? #"<div class="fields two">\#(section.fields.map { $0.html(state) })</div>"#
            : Self.grouped(section.fields, state)
        return #"""
            <fieldset class="form-section" aria-labelledby="\#(id)"><header><h2 id="\#(id)">\#(section.title)</h2>\#
            <p>\#(section.lede)</p></header><div class="stack">\#(fields)\#(section.note)</div></fieldset>

            """#
    }

    /// Runs of narrow fields share lines; a wide one stands alone.
    private static func grouped(_ fields: [Field], _ state: FormState) -> HTML {
        var result = HTML()
        var run: [Field] = []
        func flush() {
            guard !run.isEmpty else { return }
            result += #"<div class="fields two">\#(run.map { $0.html(state) })</div>"#
            run = []
        }
        for field in fields {
            if field.isNarrow {
                run.append(field)
            } else {
                flush()
                result += field.html(state)
            }
        }
        flush()
        return result
    }

    private func summary(_ state: FormState) -> HTML {
        guard !state.errors.isEmpty else { return "" }
        let labels = Dictionary(
            sections.flatMap(\.fields).map { ($0.name, $0.label) }, uniquingKeysWith: { first, _ in first })
        let items: [HTML] = state.errors.map { error in
            let name = FormState.fieldName(error.field)
            guard let label = labels[name] else { return "<li>\(error.message)</li>" }
            return ##"<li><a href="#\##(name)">\##(label): \##(error.message)</a></li>"##
        }
        let title = items.count == 1 ? "One entry needs another look" : "\(items.count) entries need another look"
        return #"""
            <div class="error-summary" role="alert" tabindex="-1" aria-labelledby="errors"><h2 id="errors">\#(title)</h2>\#
            <ul>\#(items)</ul></div>

            """#
    }
}
