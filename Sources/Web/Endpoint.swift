import Kernel

/// Who may call. There is no default: every endpoint says it.
package enum Requirement: Sendable, Equatable {
    /// A principal that holds this permission.
    case permission(Permission)
    /// Any known principal.
    case signedIn
}

/// The other choice: nobody is asked. Such a handler gets no principal.
package enum PublicAccess: Sendable, Equatable {
    case `public`
}

/// One operation of the API as data: the routes, the authorisation, the OpenAPI document and the tests all come from
/// a list of these.
///
///     Endpoint(.post, "/v1/tenants/{tenant_id}:suspend", "Suspend a tenant", tag: "Tenants",
///         requires: .permission(.tenantSuspend), use: suspend)
///         .failing("TENANT_NOT_ACTIVE")
///
/// `Input` is decoded from the path's parameters and the query (GET, DELETE) or the JSON body (POST, PUT, PATCH), its
/// camelCase properties from snake_case names. A handler returns a `Codable` value, a `Page` of them, a `Reply` around
/// either, or a `RawReply`.
package struct Endpoint: Sendable {
    package let method: Method
    package let path: PathTemplate
    package let summary: String
    package let tag: String
    /// `nil` for a public endpoint.
    package let requirement: Requirement?
    package var options = EndpointOptions()
    let input: InputShape
    let output: OutputShape
    let run: @Sendable (Invocation) async throws -> WebResponse

    /// An endpoint that answers with one value.
    package init<Input: Decodable & Sendable, Output: Codable & Sendable>(
        _ method: Method, _ path: PathTemplate, _ summary: String, tag: String, requires: Requirement,
        use handler: @escaping @Sendable (Call<Input>) async throws -> Output
    ) {
        self.init(method, path, summary, tag: tag, requires: requires) { call in Reply(try await handler(call)) }
    }

    /// An endpoint that answers with one value and says more about it.
    package init<Input: Decodable & Sendable, Output: Codable & Sendable>(
        _ method: Method, _ path: PathTemplate, _ summary: String, tag: String, requires: Requirement,
        use handler: @escaping @Sendable (Call<Input>) async throws -> Reply<Output>
    ) {
        self.init(
            route: Route(method, path, summary, tag, requires), input: Input.self, output: .json(Output.self)
        ) { invocation in
            try await invocation.answer(handler(invocation.call()))
        }
    }

    /// An endpoint that answers with one page of a list: `{items, next_cursor}` and a `Link` to the next page.
    package init<Input: Decodable & Sendable, Item: Codable & Sendable>(
        _ method: Method, _ path: PathTemplate, _ summary: String, tag: String, requires: Requirement,
        use handler: @escaping @Sendable (Call<Input>) async throws -> Page<Item>
    ) {
        self.init(
            route: Route(method, path, summary, tag, requires), input: Input.self, output: .list(Item.self)
        ) { invocation in
            try await invocation.answer(page: handler(invocation.call()))
        }
    }

    /// An endpoint that answers with bytes of another media type.
    package init<Input: Decodable & Sendable>(
        _ method: Method, _ path: PathTemplate, _ summary: String, tag: String, requires: Requirement,
        use handler: @escaping @Sendable (Call<Input>) async throws -> RawReply
    ) {
        self.init(
            route: Route(method, path, summary, tag, requires), input: Input.self, output: .raw
        ) { invocation in
            try await invocation.answer(raw: handler(invocation.call()))
        }
    }

    /// A public endpoint that answers with one value.
    package init<Input: Decodable & Sendable, Output: Codable & Sendable>(
        _ method: Method, _ path: PathTemplate, _ summary: String, tag: String, requires: PublicAccess,
        use handler: @escaping @Sendable (PublicCall<Input>) async throws -> Output
    ) {
        self.init(
            route: Route(method, path, summary, tag, nil), input: Input.self, output: .json(Output.self)
        ) { invocation in
            try await invocation.answer(Reply(handler(invocation.publicCall())))
        }
    }

    /// A public endpoint that answers with bytes of another media type.
    package init<Input: Decodable & Sendable>(
        _ method: Method, _ path: PathTemplate, _ summary: String, tag: String, requires: PublicAccess,
        use handler: @escaping @Sendable (PublicCall<Input>) async throws -> RawReply
    ) {
        self.init(
            route: Route(method, path, summary, tag, nil), input: Input.self, output: .raw
        ) { invocation in
            try await invocation.answer(raw: handler(invocation.publicCall()))
        }
    }

    private struct Route {
        let method: Method
        let path: PathTemplate
        let summary: String
        let tag: String
        let requirement: Requirement?

        init(_ method: Method, _ path: PathTemplate, _ summary: String, _ tag: String, _ requirement: Requirement?) {
            self.method = method
            self.path = path
            self.summary = summary
            self.tag = tag
            self.requirement = requirement
        }
    }

    private init<Input: Decodable & Sendable>(
        route: Route, input: Input.Type, output: OutputShape,
        run: @escaping @Sendable (Invocation) async throws -> WebResponse
    ) {
        method = route.method
        path = route.path
        summary = route.summary
        tag = route.tag
        requirement = route.requirement
        self.input = InputShape(input)
        self.output = output
        self.run = run
    }
}
