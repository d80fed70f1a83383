/// What a console page says about itself; the layout of the console puts the shell around it. A view is a pure function
/// from a page model to this value.
package struct ConsolePage: Sendable {
    /// One step of the way to this page. The last crumb is the page itself and needs no address.
    package struct Crumb: Sendable {
        package let label: String
        package let path: String?

        package init(_ label: String, _ path: String? = nil) {
            self.label = label
            self.path = path
        }
    }

    /// A view of the same object, as a link under the heading.
    package struct Tab: Sendable {
        package let label: String
        package let path: String
        package let isCurrent: Bool

        package init(_ label: String, _ path: String, isCurrent: Bool = false) {
            self.label = label
            self.path = path
            self.isCurrent = isCurrent
        }
    }

    /// What surrounds the body.
    package enum Frame: Sendable, Equatable {
        /// Sidebar, top bar, heading.
        case shell
        /// The same, with a narrower column: forms and documents.
        case narrow
        /// No sidebar and no top bar: sign-in, and problems of people who are not signed in.
        case bare
        /// Only the document itself, made for paper.
        case print
    }

    /// The title of the browser's tab, without the product's name.
    package let title: String
    /// The visible heading; by default the title. May carry a pill.
    package var heading: HTML
    /// One sentence under the heading.
    package var lede: HTML?
    package var crumbs: [Crumb] = []
    /// Links and buttons to the right of the heading; at most one is primary.
    package var actions: HTML = ""
    /// The address of the navigation entry this page belongs to, such as `/tenants`.
    package let section: String
    package var tabs: [Tab] = []
    package var frame = Frame.shell
    package var body: HTML

    package init(_ title: String, section: String, body: HTML) {
        self.title = title
        self.heading = HTML(text: title)
        self.section = section
        self.body = body
    }
}
