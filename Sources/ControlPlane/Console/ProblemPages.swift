import Kernel
import Web

/// A problem as a page: what is wrong, the way out, and the id that support asks for.
struct ProblemPage: Sendable {
    let problem: Problem
    let requestID: String
    /// Somebody signed in keeps the sidebar.
    let isSignedIn: Bool

    var page: ConsolePage {
        var page = ConsolePage(problem.title, section: "", body: isSignedIn ? card : bare)
        page.frame = isSignedIn ? .narrow : .bare
        page.crumbs = [.init(problem.title)]
        return page
    }

    private var card: HTML { #"<div class="card"><div class="card-body">\#(content)</div></div>"# }

    private var bare: HTML { #"<main class="problem" id="main"><h1>\#(problem.title)</h1>\#(content)</main>"# }

    private var content: HTML {
        let fields: [HTML] = problem.errors.map { "<li><b>\($0.field)</b>: \($0.message)</li>" }
        let list: HTML = fields.isEmpty ? "" : #"<ul class="ticks">\#(fields)</ul>"#
        return #"""
            <p>\#(problem.detail)</p>\#(list)
            <div class="actions">\#(wayOut)</div>
            <p class="status">\#(problem.status) \#(problem.reason) · request \#(requestID)</p>
            """#
    }

    private var wayOut: HTML {
        isSignedIn
            ? HTML.button("Back to the overview", to: "/", .primary) : HTML.button("Sign in", to: "/sign-in", .primary)
    }
}
