/// A question before something happens, usually with a reason for the audit log. A popover: opens and closes without
/// script.
package struct Dialog: Sendable {
    package let id: String
    package let title: String
    package let text: String
    /// Where the form posts to.
    package let action: String
    package let submit: String
    package let style: ButtonStyle
    package var asksForReason = true
    /// More fields to fill in, below the text.
    package var fields: HTML = ""
    /// Values the form carries along.
    package var hidden: HTML = ""

    package init(id: String, title: String, text: String, action: String, submit: String, style: ButtonStyle) {
        self.id = id
        self.title = title
        self.text = text
        self.action = action
        self.submit = submit
        self.style = style
    }

    /// The dialog as markup; a button with `popovertarget` set to `id` opens it.
    package var html: HTML {
        #"""
        <dialog class="dialog" id="\#(id)" popover aria-labelledby="\#(id)-title"><form action="\#(action)" method="post">\#
        \#(HTML.csrfField)\#(hidden)<div class="dialog-body"><h2 id="\#(id)-title">\#(title)</h2><p>\#(text)</p>\#
        \#(fields)\#(asksForReason ? reason : "")</div>
        <div class="dialog-foot"><button class="btn" type="button" popovertarget="\#(id)" popovertargetaction="hide">Cancel</button>\#
        <button class="\#(style.rawValue)" type="submit">\#(submit)</button></div></form></dialog>

        """#
    }

    private var reason: HTML {
        #"""
        <div class="field"><label class="label" for="\#(id)-reason">Reason <span class="optional">for the audit log</span></label>\#
        <input class="input" id="\#(id)-reason" name="reason" maxlength="200" required></div>
        """#
    }
}

/// A row of fields above a list; a GET form, so that a filtered list has an address.
package struct FilterBar: Sendable {
    package let path: String
    package let fields: [Field]
    package var submit = "Show"

    package init(_ path: String, _ fields: [Field]) {
        self.path = path
        self.fields = fields.map { field in
            var open = field
            open.isFilter = true
            return open
        }
    }

    /// The form as markup.
    package func html(_ state: FormState) -> HTML {
        #"""
        <form class="filters" action="\#(path)" method="get" role="search">\#(fields.map { $0.html(state) })\#
        <button class="btn" type="submit">\#(submit)</button></form>

        """#
    }
}
