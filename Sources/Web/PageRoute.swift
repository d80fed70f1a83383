import Kernel

/// One page or form of the console as data. GET shows a page; POST does one thing and redirects. The CSRF token, the
/// session, the permission and the problem pages are dealt with centrally.
///
///     PageRoute(.get, "/invoices/{invoice_id}", requires: .permission(.invoiceRead), use: show)
///     PageRoute(.post, "/tenants", requires: .permission(.tenantWrite), use: create)
///         .recovering { call in .page(form(values: call.input.values, problem: call.input.problem), status: 422) }
///
/// `Input` is decoded from the path's parameters and the query (GET) or the form body (POST). An empty text is `nil` for
/// an optional property, a missing checkbox is `false`.
package struct PageRoute: Sendable {
    package let method: Method
    package let path: PathTemplate
    /// `nil` for a public page.
    package let requirement: Requirement?
    /// The longest body in bytes; forms with a file need more than the default.
    package var bodyLimit = Limits.bodyBytes
    /// The longest time in seconds that the handler may take, when it is not the usual one.
    var seconds: Int?
    let run: @Sendable (PageInvocation) async throws -> PageReply
    var recover: (@Sendable (PageInvocation, Submission) async throws -> PageReply)?

    /// A page for a signed-in principal; anonymous visitors are sent to the sign-in page.
    package init<Input: Decodable & Sendable>(
        _ method: Method, _ path: PathTemplate, requires: Requirement,
        use handler: @escaping @Sendable (PageCall<Input>) async throws -> PageReply
    ) {
        self.method = method
        self.path = path
        requirement = requires
        run = { invocation in try await handler(invocation.call()) }
    }

    /// A page for everybody, such as sign-in.
    package init<Input: Decodable & Sendable>(
        _ method: Method, _ path: PathTemplate, requires: PublicAccess,
        use handler: @escaping @Sendable (PublicPageCall<Input>) async throws -> PageReply
    ) {
        self.method = method
        self.path = path
        requirement = nil
        run = { invocation in try await handler(invocation.publicCall()) }
    }

    /// Shows the form again when the input is not valid or the handler throws a problem of 400, 401 (a wrong
    /// password), 409, 412 or 422.
    package func recovering(
        _ show: @escaping @Sendable (PageCall<Submission>) async throws -> PageReply
    ) -> PageRoute {
        var route = self
        route.recover = { invocation, submission in
            try await show(invocation.call(with: submission))
        }
        return route
    }

    /// The same for a public form.
    package func recoveringPublic(
        _ show: @escaping @Sendable (PublicPageCall<Submission>) async throws -> PageReply
    ) -> PageRoute {
        var route = self
        route.recover = { invocation, submission in
            try await show(PublicPageCall(input: submission, facts: invocation.facts, session: invocation.session))
        }
        return route
    }

    /// A form with a file: `multipart/form-data` with one file of up to `bytes`.
    package func acceptingFile(upTo bytes: Int = 32 * 1024 * 1024) -> PageRoute {
        var route = self
        route.bodyLimit = bytes + 64 * 1024
        return route
    }
}

extension PageRoute {
    /// For what takes longer than a page should.
    package func timeLimit(seconds: Int) -> PageRoute {
        var route = self
        route.seconds = seconds
        return route
    }
}

/// What was sent with a form that was refused, and why.
package struct Submission: Sendable {
    /// The values by their names in the form; of several with one name, the last.
    package let values: [String: String]
    package let problem: Problem

    package init(values: [String: String], problem: Problem) {
        self.values = values
        self.problem = problem
    }

    /// The id that the page's own path has under this name.
    /// - Throws: the problem itself, when it is no id: there is no page to return to.
    package func id<Kind>(_ name: String) throws -> ID<Kind> {
        guard let id = ID<Kind>(values[name] ?? "") else { throw problem }
        return id
    }
}

/// A message that a redirect carries to the next page.
package struct Flash: Sendable, Equatable {
    /// How it is coloured.
    /// The meaning that colours the message; its raw value is the `data-tone` of the stylesheet.
    package enum Tone: String, Sendable { case ok, warn, bad, info }

    package let tone: Tone
    package let text: String

    package init(_ tone: Tone, _ text: String) {
        self.tone = tone
        self.text = text
    }
}

/// A file out of a form.
package struct UploadedFile: Sendable {
    /// What the browser calls the file; never a path of ours.
    package let name: String
    package let mediaType: String
    package let bytes: [UInt8]
}

/// What a page knows about the browser session.
package struct PageSession: Sendable {
    /// Goes into every form as the hidden field `_csrf`.
    package let csrfToken: String
    /// The message of the redirect that led here.
    package let flash: Flash?
    /// The session's secret, for signing out; `nil` for visitors.
    package let token: String?
    /// Files of a `multipart/form-data` body by field name.
    package var files: [String: UploadedFile] = [:]
}

/// A request of a signed-in principal for a page.
@dynamicMemberLookup
package struct PageCall<Input: Sendable>: Sendable {
    package let input: Input
    package let principal: Principal
    package let facts: RequestFacts
    package let session: PageSession

    package subscript<Value>(dynamicMember keyPath: KeyPath<RequestFacts, Value>) -> Value { facts[keyPath: keyPath] }
}

/// A visitor's request for a public page.
@dynamicMemberLookup
package struct PublicPageCall<Input: Sendable>: Sendable {
    package let input: Input
    package let facts: RequestFacts
    package let session: PageSession

    package subscript<Value>(dynamicMember keyPath: KeyPath<RequestFacts, Value>) -> Value { facts[keyPath: keyPath] }
}

/// What a page route answers.
package struct PageReply: Sendable {
    enum Content: Sendable {
        case page(ConsolePage, status: Int)
        case redirect(to: String)
        case raw(RawReply)
    }

    enum SessionChange: Sendable {
        case start(token: String, seconds: Int)
        case end
    }

    let content: Content
    var flash: Flash?
    var sessionChange: SessionChange?
    var preference: (name: String, value: String)?

    /// A page inside the console's layout.
    package static func page(_ page: ConsolePage, status: Int = 200) -> PageReply {
        PageReply(content: .page(page, status: status))
    }

    /// 303 to a path of this console; anything else becomes `/`.
    package static func redirect(to path: String, flash: Flash? = nil) -> PageReply {
        PageReply(content: .redirect(to: LocalPath.sanitised(path)), flash: flash)
    }

    /// A document without the layout: a download, a print view.
    package static func raw(_ reply: RawReply) -> PageReply { PageReply(content: .raw(reply)) }

    /// Sets the session cookie.
    package func startingSession(token: String, seconds: Int) -> PageReply {
        var reply = self
        reply.sessionChange = .start(token: token, seconds: seconds)
        return reply
    }

    /// Removes the session cookie.
    package func endingSession() -> PageReply {
        var reply = self
        reply.sessionChange = .end
        return reply
    }

    /// Sets a cookie for a year that scripts may read, too: a choice of looks, never a secret. Name and value are words
    /// of ours.
    package func remembering(_ name: String, _ value: String) -> PageReply {
        var reply = self
        reply.preference = (name, value)
        return reply
    }
}

/// Targets of redirects: only paths of this console, so that nobody is sent elsewhere by a prepared link.
package enum LocalPath {
    /// The path itself, or `/` when it leads anywhere else.
    /// The path itself, or `/` when it is empty, longer than 2048 bytes, not ASCII, or leads to another host.
    package static func sanitised(_ path: String) -> String {
        let bytes = Array(path.utf8)
        guard bytes.first == UInt8(ascii: "/"), bytes.count <= 2048,
            !(bytes.count > 1 && (bytes[1] == UInt8(ascii: "/") || bytes[1] == UInt8(ascii: "\\"))),
            bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return "/" }
        return path
    }
}
