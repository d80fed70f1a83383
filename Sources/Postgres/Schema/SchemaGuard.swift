/// Looks at the catalogue before the service starts: a database in which row-level security could be avoided, or that
/// is not the schema this program knows, is refused.
package struct SchemaGuard: Sendable {
    /// One thing that is wrong.
    package struct Finding: Sendable, Equatable, CustomStringConvertible {
        /// A table, a role, or `schema`.
        package let object: String
        package let problem: String

        package var description: String { "\(object): \(problem)" }
    }

    private let connectionString: String
    private let migrations: [Migration]

    /// - Parameter connectionString: the one that the service serves with.
    package init(connectionString: String, migrations: [Migration]) {
        self.connectionString = connectionString
        self.migrations = migrations
    }

    /// Everything that is wrong, sorted; empty means that serving is safe. A wrong schema version is the only finding
    /// when there is one, because the others would follow from it.
    package func findings() async throws -> [Finding] {
        try await DirectConnection.open(connectionString, limit: .seconds(60)) { connection in
            let applied = try Bookkeeping.applied(connection)
            let statuses = MigrationComparison.statuses(known: migrations, applied: applied)
            if let refusal = MigrationComparison.refusal(of: statuses) {
                return [Finding(object: "schema", problem: refusal.description)]
            }
            var findings: [Finding] = []
            for query in [Self.rowSecurity, Self.ownership, Self.roles, Self.grants, Self.distribution] {
                for row in try connection.rows(query) {
                    let (object, problem) = try row.decode(as: (String, String).self)
                    findings.append(Finding(object: object, problem: problem))
                }
            }
            return findings.sorted { ($0.object, $0.problem) < ($1.object, $1.problem) }
        }
    }
}
