import Kernel
import Logging

/// What the web server needs to know; plain values and the functions that other modules provide.
package struct ServerSettings: Sendable {
    /// The address that people and programs reach; port 0 takes a free one.
    package var host = "127.0.0.1"
    package var port = 8080
    /// Where `/livez`, `/readyz` and `/metrics` answer, apart from the main listener.
    package var healthHost = "127.0.0.1"
    package var healthPort = 8081
    package var front = FrontLimits()
    /// Open connections of the main listener; further ones wait in the kernel's queue.
    package var connections = ServerSettings.connectionsForThisProcess
    /// How long a handler may take; endpoints can ask for more.
    package var handlerSeconds = 30
    /// How long to go on answering after readiness has turned false, so that load balancers notice.
    package var drainDelay: Duration = .zero
    /// Whether browsers reach us over https: cookies get `Secure` and the `__Host-` prefix.
    package var isSecure = false
    /// What `type` of a problem starts with.
    package var problemTypeBase = "urn:problem:"

    package init() {}

    /// Half of the process's file descriptors, at most 4096: the rest is for the database, logs and health.
    package static var connectionsForThisProcess: Int { min(4096, max(32, FileDescriptors.limit / 2)) }
}

/// What a request proves itself with.
package enum Credential: Sendable, Equatable {
    /// `Authorization: Bearer …`, for the API. Never read from an address.
    case bearer(String)
    /// The session cookie, for the console.
    case session(String)
}

/// What the server asks of the rest of the program.
package struct ServerHooks: Sendable {
    /// Who a credential belongs to; `nil` when it is not valid (any more).
    package var authenticate: @Sendable (Credential) async throws -> Principal?
    package var time: TimeSource
    package var ids: IDSource
    package var logger: Logger
    package var metrics: Metrics
    /// Named questions whose answer is `nil` or why the service is not ready.
    package var readiness: [ReadinessCheck] = []

    package init(
        logger: Logger, metrics: Metrics, time: TimeSource = .system, ids: IDSource = .timeOrdered,
        authenticate: @escaping @Sendable (Credential) async throws -> Principal?
    ) {
        self.logger = logger
        self.metrics = metrics
        self.time = time
        self.ids = ids
        self.authenticate = authenticate
    }
}

/// One reason for not being ready, asked on every `/readyz`.
package struct ReadinessCheck: Sendable {
    package let name: String
    /// `nil` when all is well, otherwise a sentence without secrets.
    package let trouble: @Sendable () async -> String?

    package init(_ name: String, trouble: @escaping @Sendable () async -> String?) {
        self.name = name
        self.trouble = trouble
    }
}

/// A static file of the console, served under its path.
package struct Asset: Sendable {
    package let path: String
    package let mediaType: String
    package let bytes: [UInt8]
    /// The path changes with the content, so that a browser may keep it for a year.
    package let isImmutable: Bool

    package init(path: String, mediaType: String, bytes: [UInt8], isImmutable: Bool = true) {
        self.path = path
        self.mediaType = mediaType
        self.bytes = bytes
        self.isImmutable = isImmutable
    }

    /// An asset whose path carries a hash of its content: `/assets/console.3f2a….css`.
    package init(named name: String, mediaType: String, bytes: [UInt8]) {
        let hash = Digest.sha256(bytes).prefix(8).map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
        let stem = name.prefix { $0 != "." }
        self.init(path: "/assets/\(stem).\(hash)\(name.dropFirst(stem.count))", mediaType: mediaType, bytes: bytes)
    }
}

/// What is served: the whole surface of the program as data.
package struct Site: Sendable {
    package var endpoints: [Endpoint]
    package var pages: [PageRoute]
    package var assets: [Asset]
    package var console: Console?
    /// What other programs call in their own protocols.
    package var protocols: [ProtocolRoute]

    package init(
        endpoints: [Endpoint], pages: [PageRoute] = [], assets: [Asset] = [], console: Console? = nil,
        protocols: [ProtocolRoute] = []
    ) {
        self.protocols = protocols
        self.endpoints = endpoints
        self.pages = pages
        self.assets = assets
        self.console = console
    }
}

/// How pages become documents.
package struct Console: Sendable {
    /// Puts the shell around a page.
    package let layout: @Sendable (ConsolePage, PageContext) async -> HTML
    /// A problem as a page.
    package let problemPage: @Sendable (Problem, PageContext) -> ConsolePage
    /// Where anonymous visitors are sent, with `?next=`.
    package let signInPath: String

    package init(
        signInPath: String = "/sign-in", layout: @escaping @Sendable (ConsolePage, PageContext) async -> HTML,
        problemPage: @escaping @Sendable (Problem, PageContext) -> ConsolePage
    ) {
        self.signInPath = signInPath
        self.layout = layout
        self.problemPage = problemPage
    }
}

/// What the layout knows about the request beside the page.
package struct PageContext: Sendable {
    /// `nil` for visitors.
    package let principal: Principal?
    /// The path of the request, for marking navigation and for coming back.
    package let path: String
    /// For the forms of the layout itself, such as sign-out.
    package let csrfToken: String
    package let flash: Flash?
    package let requestID: String
    /// What `PageReply.remembering` set, by its name.
    package let preference: @Sendable (String) -> String?

    package init(
        principal: Principal?, path: String, csrfToken: String, flash: Flash?, requestID: String,
        preference: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.principal = principal
        self.path = path
        self.csrfToken = csrfToken
        self.flash = flash
        self.requestID = requestID
        self.preference = preference
    }
}
