import Crypto
import Foundation
import Logging
import Postgres

/// The server that test databases are made on: private by default, or the one of `TEST_DATABASE_ADMIN_URL`.
actor TestServer {
    private enum Source: Sendable {
        case cluster(PrivateCluster)
        case external(ConnectionString)
    }

    /// For a server that is not ours the roles need a password.
    private static let password = "controlplane-test"

    private nonisolated let source: Source
    private var templates: [String: Task<Void, any Error>] = [:]

    init(cluster: PrivateCluster) { source = .cluster(cluster) }

    private init(external: ConnectionString) { source = .external(external) }

    private static let sharedServer = Task { try await open() }

    /// Started by the first test that needs it.
    static func shared() async throws -> TestServer { try await sharedServer.value }

    private static func open() async throws -> TestServer {
        if let url = ProcessInfo.processInfo.environment["TEST_DATABASE_ADMIN_URL"], !url.isEmpty {
            return TestServer(external: try ConnectionString(url))
        }
        // Several test processes can run at once in one checkout: each takes the first directory that is free.
        for number in 1...16 {
            var configuration = PrivateCluster.Configuration(
                directory: "\(Repository.root)/.local/test-postgres/\(number)")
            configuration.isDurable = false
            configuration.maximumConnections = 300
            do {
                let cluster = try await PrivateCluster.start(configuration, logger: TestLog.quiet)
                ExitStop.register(cluster)
                let server = TestServer(cluster: cluster)
                try await server.dropLeftovers()
                return server
            } catch ClusterError.inUse {
                continue
            }
        }
        throw ClusterError.inUse(directory: "\(Repository.root)/.local/test-postgres")
    }

    nonisolated func connectionString(role: DatabaseRole, database: String) -> String {
        switch source {
        case .cluster(let cluster): cluster.connectionString(user: role.rawValue, database: database)
        case .external(let admin):
            admin.replacing(["user": role.rawValue, "password": Self.password, "dbname": database]).description
        }
    }

    nonisolated func superuserConnectionString(database: String) -> String {
        switch source {
        case .cluster(let cluster): cluster.connectionString(user: "postgres", database: database)
        case .external(let admin): admin.replacing(["dbname": database]).description
        }
    }

    private nonisolated var adminConnectionString: String { superuserConnectionString(database: "postgres") }

    /// A copy of the template for these migrations, which is made once.
    func createDatabase(migrations: [Migration]) async throws -> String {
        let checksums = migrations.map { $0.name + $0.checksum }.joined()
        let digest = SHA256.hash(data: Array(checksums.utf8)).prefix(6).map { String($0, radix: 16) }.joined()
        let template = "cptemplate_\(digest)"
        let making = templates[template] ?? Task { try await makeTemplate(template, migrations) }
        templates[template] = making
        try await making.value
        let name = "cptest_\(UUID().uuidString.lowercased().split(separator: "-").joined())"
        try await DirectConnection.open(adminConnectionString) { connection in
            try connection.execute(SQL(unsafeText: "CREATE DATABASE \(name) TEMPLATE \(template)"))
            // Privileges on the database itself are not copied with it.
            try connection.execute(SQL(unsafeText: "REVOKE ALL ON DATABASE \(name) FROM PUBLIC"))
            try connection.execute(
                SQL(
                    unsafeText: """
                        GRANT CONNECT, TEMPORARY ON DATABASE \(name)
                        TO controlplane_owner, controlplane_app, controlplane_system
                        """))
        }
        return name
    }

    func dropDatabase(_ name: String) async throws {
        try await DirectConnection.open(adminConnectionString) { connection in
            try connection.execute(SQL(unsafeText: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)"))
        }
    }

    private func makeTemplate(_ name: String, _ migrations: [Migration]) async throws {
        let exists = try await DirectConnection.open(adminConnectionString) { connection in
            try connection.value(
                "SELECT EXISTS (SELECT FROM pg_database WHERE datname = \(name) AND datistemplate)", as: Bool.self)
        }
        if exists { return }
        try await dropDatabase(name)
        var bootstrap = RoleBootstrap(adminConnectionString: adminConnectionString, database: name)
        if case .external = source {
            for role in DatabaseRole.allCases { bootstrap.passwords[role] = Self.password }
        }
        try await bootstrap.run()
        let owner = connectionString(role: .owner, database: name)
        try await Migrator(connectionString: owner, migrations: migrations, logger: TestLog.quiet).migrate()
        try await DirectConnection.open(adminConnectionString) { connection in
            try connection.execute(SQL(unsafeText: "ALTER DATABASE \(name) IS_TEMPLATE true"))
        }
    }

    /// What a killed run left on our own server.
    private func dropLeftovers() async throws {
        let names = try await DirectConnection.open(adminConnectionString) { connection in
            try connection.rows(
                """
                SELECT datname, datistemplate FROM pg_database
                WHERE starts_with(datname, 'cptest_') OR starts_with(datname, 'cptemplate_')
                """
            ).map { try $0.decode(as: (String, Bool).self) }
        }
        for (name, isTemplate) in names {
            try await DirectConnection.open(adminConnectionString) { connection in
                if isTemplate { try connection.execute(SQL(unsafeText: "ALTER DATABASE \(name) IS_TEMPLATE false")) }
                try connection.execute(SQL(unsafeText: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)"))
            }
        }
    }
}
