import Crypto
import Foundation
import Kernel
import Logging
import Postgres

/// A migrated database of its own, on the shared server of this test process: copied from a template, so that it costs
/// a few hundredths of a second.
///
///     try await withTestDatabase { test in
///         try await test.database.transaction(for: PlatformScope()) { tx in … }
///     }
package struct TestDatabase: Sendable {
    package let name: String
    package let database: Database
    /// Sees and may everything; for catalogue checks and planted faults.
    package let superuserConnectionString: String
    package let ownerConnectionString: String
    package let configuration: DatabaseConfiguration
    private let server: TestServer

    /// Makes a database with the product's migrations, or with others.
    package static func make(
        migrations: [Migration]? = nil, configure: (inout DatabaseConfiguration) -> Void = { _ in }
    ) async throws -> TestDatabase {
        try await make(on: TestServer.shared(), migrations: migrations ?? Repository.migrations(), configure: configure)
    }

    /// The same on a server of the test's own.
    package static func make(
        on cluster: TestCluster, migrations: [Migration]? = nil,
        configure: (inout DatabaseConfiguration) -> Void = { _ in }
    ) async throws -> TestDatabase {
        try await make(
            on: TestServer(cluster: cluster.cluster), migrations: migrations ?? Repository.migrations(),
            configure: configure)
    }

    private static func make(
        on server: TestServer, migrations: [Migration], configure: (inout DatabaseConfiguration) -> Void
    ) async throws -> TestDatabase {
        let name = try await server.createDatabase(migrations: migrations)
        var configuration = DatabaseConfiguration(
            app: server.connectionString(role: .app, database: name),
            system: server.connectionString(role: .system, database: name))
        configuration.appConnections = 4
        configuration.systemConnections = 4
        configure(&configuration)
        return TestDatabase(
            name: name, database: Database(configuration, logger: TestLog.quiet),
            superuserConnectionString: server.superuserConnectionString(database: name),
            ownerConnectionString: server.connectionString(role: .owner, database: name),
            configuration: configuration, server: server)
    }

    /// Statements as the superuser, in autocommit.
    package func asSuperuser<Result: Sendable>(
        _ body: @escaping @Sendable (borrowing DirectConnection) throws -> Result
    ) async throws -> Result {
        try await DirectConnection.open(superuserConnectionString, body)
    }

    /// Closes the pools and deletes the database.
    package func drop() async throws {
        await database.shutdown()
        try await server.dropDatabase(name)
    }
}

/// Lends a fresh database and deletes it afterwards, also when the body throws.
package func withTestDatabase<Result>(
    migrations: [Migration]? = nil, configure: (inout DatabaseConfiguration) -> Void = { _ in },
    _ body: (TestDatabase) async throws -> Result
) async throws -> Result {
    let test = try await TestDatabase.make(migrations: migrations, configure: configure)
    do {
        let result = try await body(test)
        try await test.drop()
        return result
    } catch {
        try? await test.drop()
        throw error
    }
}
