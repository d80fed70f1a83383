import Logging

#if canImport(Glibc)
    import Glibc
#endif

/// Brings a database to the schema that this program knows. Runs as the owner's role, one migrator at a time.
package struct Migrator: Sendable {
    /// A migration that a dry run has looked at.
    package struct DryRunStep: Sendable, Equatable {
        package let name: String
        package let statementCount: Int
        /// `false` for a file that runs without a transaction: it cannot be tried and undone.
        package let wasTried: Bool
    }

    private let connectionString: String
    private let migrations: [Migration]
    private let logger: Logger
    private let lockWait: Duration

    /// - Parameters:
    ///   - connectionString: of `controlplane_owner`, straight to the server and not through a transaction pooler.
    ///   - lockWait: how long to wait for another migrator.
    package init(
        connectionString: String, migrations: [Migration], logger: Logger, lockWait: Duration = .seconds(600)
    ) {
        self.connectionString = connectionString
        self.migrations = migrations.sorted { $0.name < $1.name }
        self.logger = logger
        self.lockWait = lockWait
    }

    /// Every known and every applied migration in order. Writes nothing.
    package func status() async throws -> [MigrationStatus] {
        try await open { connection in
            MigrationComparison.statuses(known: migrations, applied: try Bookkeeping.applied(connection))
        }
    }

    /// Applies what is pending and returns the names. Throws `MigrationError`.
    @discardableResult
    package func migrate() async throws -> [String] {
        try await open { connection in
            try requireSchema(connection)
            try lock(connection)
            try Bookkeeping.create(connection)
            let pending = try pendingMigrations(connection)
            for migration in pending { try apply(migration, connection) }
            return pending.map(\.name)
        }
    }

    /// Runs what is pending in one transaction and rolls it back. Throws the `MigrationError` that `migrate()` would.
    package func dryRun() async throws -> [DryRunStep] {
        try await open { connection in
            try requireSchema(connection)
            try lock(connection)
            try connection.execute("BEGIN")
            try Bookkeeping.create(connection)
            var steps: [DryRunStep] = []
            for migration in try pendingMigrations(connection) {
                let statements = migration.statements
                if migration.runsInTransaction {
                    for statement in statements { try run(statement, of: migration, connection) }
                }
                steps.append(
                    DryRunStep(
                        name: migration.name, statementCount: statements.count, wasTried: migration.runsInTransaction))
            }
            try connection.execute("ROLLBACK")
            return steps
        }
    }

    private func open<Result: Sendable>(
        _ body: @escaping @Sendable (borrowing DirectConnection) throws -> Result
    ) async throws -> Result {
        do {
            return try await DirectConnection.open(connectionString, body)
        } catch let error as ConnectFailure {
            throw MigrationError.connection(error.description)
        }
    }

    private func requireSchema(_ connection: borrowing DirectConnection) throws {
        let exists: Bool = try connection.value("SELECT to_regnamespace('app') IS NOT NULL")
        guard exists else { throw MigrationError.notBootstrapped }
    }

    /// "cpmigr" in ASCII. Tried again and again instead of waited for: a session that waits inside a statement holds a
    /// snapshot, and `CREATE INDEX CONCURRENTLY` of the other migrator would wait for that.
    private func lock(_ connection: borrowing DirectConnection) throws {
        let key: Int64 = 0x6370_6D69_6772
        let deadline = ContinuousClock.now.advanced(by: lockWait)
        while true {
            let isMine: Bool = try connection.value("SELECT pg_try_advisory_lock(\(key))")
            if isMine { return }
            guard ContinuousClock.now < deadline else { throw MigrationError.locked }
            usleep(100_000)
        }
    }

    private func pendingMigrations(_ connection: borrowing DirectConnection) throws -> [Migration] {
        let statuses = MigrationComparison.statuses(known: migrations, applied: try Bookkeeping.applied(connection))
        if let obstacle = MigrationComparison.obstacle(in: statuses) { throw obstacle }
        let pending = Set(statuses.filter { $0.state == .pending }.map(\.name))
        return migrations.filter { pending.contains($0.name) }
    }

    private func apply(_ migration: Migration, _ connection: borrowing DirectConnection) throws {
        let start = ContinuousClock.now
        if migration.runsInTransaction { try connection.execute("BEGIN") }
        for statement in migration.statements { try run(statement, of: migration, connection) }
        let duration = start.duration(to: .now)
        try Bookkeeping.record(migration, milliseconds: duration.milliseconds, connection)
        if migration.runsInTransaction { try connection.execute("COMMIT") }
        logger.info("migration applied", metadata: ["name": "\(migration.name)", "ms": "\(duration.milliseconds)"])
    }

    private func run(
        _ statement: SQLScript.Statement, of migration: Migration, _ connection: borrowing DirectConnection
    ) throws {
        do throws(ExchangeError) {
            // The simple protocol: some commands refuse to run inside a pipeline.
            try connection.connection.simple(statement.text, deadline: connection.deadline)
        } catch .server(let error, _) {
            let before = statement.text.prefix(max(0, error.position - 1))
            throw MigrationError.failed(
                migration: migration.name, line: statement.line + before.count { $0.isNewline },
                statement: String(statement.text.prefix(300)), message: error.message, sqlstate: error.sqlstate)
        } catch {
            throw MigrationError.connection("The connection was lost in \(migration.name), line \(statement.line).")
        }
    }
}

/// The table of what was applied.
enum Bookkeeping {
    static func create(_ connection: borrowing DirectConnection) throws(DatabaseError) {
        let exists: Bool = try connection.value("SELECT to_regclass('app.schema_migration') IS NOT NULL")
        guard !exists else { return }
        try connection.execute(
            """
            CREATE TABLE app.schema_migration (
                name text NOT NULL PRIMARY KEY,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now(),
                duration_ms bigint NOT NULL
            )
            """)
        try connection.execute("COMMENT ON TABLE app.schema_migration IS 'Applied migrations. dist:local'")
        try connection.execute("GRANT SELECT ON app.schema_migration TO controlplane_app, controlplane_system")
    }

    static func applied(
        _ connection: borrowing DirectConnection
    ) throws(DatabaseError) -> [MigrationComparison.Applied] {
        let exists: Bool = try connection.value("SELECT to_regclass('app.schema_migration') IS NOT NULL")
        guard exists else { return [] }
        return try connection.rows(
            """
            SELECT name, checksum, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
            FROM app.schema_migration
            """
        ).map { row throws(DatabaseError) in
            let (name, checksum, appliedAt) = try row.decode(as: (String, String, String).self)
            return MigrationComparison.Applied(name: name, checksum: checksum, appliedAt: appliedAt)
        }
    }

    static func record(
        _ migration: Migration, milliseconds: Int64, _ connection: borrowing DirectConnection
    ) throws(DatabaseError) {
        try connection.execute(
            """
            INSERT INTO app.schema_migration (name, checksum, duration_ms)
            VALUES (\(migration.name), \(migration.checksum), \(milliseconds))
            """)
    }
}
