import Kernel
import Tenancy
import TestSupport
import Testing

@testable import ControlPlane

/// The running service over a fresh database with the vendor's shared platform. The clock stands on 21 November 2026.
struct ConsoleWorld: Sendable {
    let application: Application
    let client: MatrixClient
    let platform: InstanceID

    private struct Finished: Error {}

    /// Serves on free ports, runs the body, and stops.
    static func with(_ body: @escaping @Sendable (ConsoleWorld) async throws -> Void) async throws {
        try await withTestDatabase { test in
            let configuration = try Configuration([
                .databaseURL: test.configuration.app, .databaseSystemURL: test.configuration.system,
                .databaseConnections: "4", .httpAddress: "127.0.0.1:0", .healthAddress: "127.0.0.1:0",
                .keyEncryptionKey: KeyEncryptionKey.generatedText(),
            ])
            let application = Application(configuration, logger: TestLog.quiet, time: .fixed(MatrixWorld.now))
            do {
                try await application.serve { addresses in
                    let client = MatrixClient(port: addresses.http.port)
                    let platform = try await sharedPlatform(application.tenancy)
                    try await body(ConsoleWorld(application: application, client: client, platform: platform))
                    throw Finished()
                }
            } catch is Finished {}
        }
    }

    private static func sharedPlatform(_ tenancy: TenancyServices) async throws -> InstanceID {
        try await tenancy.work.perform(job: "tests") { tx, actor in
            var filter = OrganisationFilter()
            filter.kind = .vendor
            let page = PageRequest(limit: 1, cursor: nil)
            guard let vendor = try tenancy.organisations.list(filter, page, tx).items.first else {
                throw Problem.notFound("vendor")
            }
            var changes = InstanceChanges()
            changes.displayName = "Shared"
            return try tenancy.instances.create(at: .vendor, for: vendor.id, ownedBy: nil, changes, tx, actor).id
        }
    }

    /// Somebody who has not signed in.
    func visitor() -> ConsoleBrowser { ConsoleBrowser(client) }

    /// The operator, signed in with a one-time password.
    func operatorBrowser() async throws -> ConsoleBrowser {
        let browser = visitor()
        let password = try await application.issueSignInPassword(minutes: 10)
        let answer = try await browser.submit("/sign-in", from: "/sign-in", ["one_time_password": password])
        try #require(answer.status == 200 && answer.path == "/")
        return browser
    }
}
