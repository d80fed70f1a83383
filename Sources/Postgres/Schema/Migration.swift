import Crypto

/// One file of the schema: forward only, never changed once it has run anywhere.
package struct Migration: Sendable, Equatable {
    /// `0001_tenancy`: the order is the order of the names.
    package let name: String
    package let sql: String

    package init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }

    /// SHA-256 of the text, in lower-case hexadecimal.
    package var checksum: String {
        SHA256.hash(data: Array(sql.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The first line `-- no-transaction` runs each statement on its own, for `CREATE INDEX CONCURRENTLY`. Such a
    /// file must bear being run again after it stopped half-way.
    package var runsInTransaction: Bool { !sql.hasPrefix("-- no-transaction") }

    var statements: [SQLScript.Statement] { SQLScript.statements(of: sql) }
}

/// What the database says about a migration, against what this program knows.
package struct MigrationStatus: Sendable, Equatable {
    /// Where a migration stands.
    package enum State: Sendable, Equatable {
        case applied(at: String)
        case pending
        /// Applied with another text than this program has.
        case changed
        /// Applied by another version of the program.
        case unknown
    }

    package let name: String
    package let state: State
}

/// Compares what is applied with what is known. Pure.
enum MigrationComparison {
    struct Applied: Sendable, Equatable {
        let name: String
        let checksum: String
        let appliedAt: String
    }

    static func statuses(known: [Migration], applied: [Applied]) -> [MigrationStatus] {
        var statuses = known.map { migration in
            guard let row = applied.first(where: { $0.name == migration.name }) else {
                return MigrationStatus(name: migration.name, state: .pending)
            }
            let isSame = row.checksum == migration.checksum
            return MigrationStatus(name: row.name, state: isSame ? .applied(at: row.appliedAt) : .changed)
        }
        for row in applied where !known.contains(where: { $0.name == row.name }) {
            statuses.append(MigrationStatus(name: row.name, state: .unknown))
        }
        return statuses.sorted { $0.name < $1.name }
    }

    /// Why the schema must not be migrated further; `nil` when it can be.
    static func obstacle(in statuses: [MigrationStatus]) -> MigrationError? {
        if let changed = statuses.first(where: { $0.state == .changed }) { return .changed(changed.name) }
        let unknown = statuses.filter { $0.state == .unknown }.map(\.name)
        if !unknown.isEmpty { return .databaseIsNewer(unknown) }
        guard let firstPending = statuses.firstIndex(where: { $0.state == .pending }) else { return nil }
        let isOutOfOrder = statuses[firstPending...].contains { $0.state != .pending }
        return isOutOfOrder ? .outOfOrder(statuses[firstPending].name) : nil
    }

    /// Why the program must not serve with this schema; `nil` when it is exactly the known one.
    static func refusal(of statuses: [MigrationStatus]) -> MigrationError? {
        if let obstacle = obstacle(in: statuses) { return obstacle }
        let pending = statuses.filter { $0.state == .pending }.map(\.name)
        return pending.isEmpty ? nil : .pending(pending)
    }
}

/// Each case says what to do.
package enum MigrationError: Error, Equatable, CustomStringConvertible {
    /// A statement failed; everything of its file was rolled back unless the file runs without a transaction.
    case failed(migration: String, line: Int, statement: String, message: String, sqlstate: String)
    /// The text of an applied file was edited.
    case changed(String)
    /// The database has migrations that this program does not know.
    case databaseIsNewer([String])
    /// The program knows migrations that the database does not have.
    case pending([String])
    /// A file sorts before one that is already applied.
    case outOfOrder(String)
    /// The schema `app` does not exist.
    case notBootstrapped
    /// Another process has been migrating for too long.
    case locked
    case connection(String)

    package var description: String {
        switch self {
        case .failed(let migration, let line, let statement, let message, let sqlstate):
            "\(migration).sql, line \(line): \(message) (SQLSTATE \(sqlstate))\n    \(statement)"
        case .changed(let name):
            "The migration \(name) was changed after it had been applied. "
                + "Restore its text and put the change into a new file."
        case .databaseIsNewer(let names):
            "The database is newer than this program: it has \(names.joined(separator: ", ")). Run the newer program."
        case .pending(let names):
            "The database is older than this program: \(names.joined(separator: ", ")) is missing. "
                + "Run 'controlplane migrate' with the owner's connection first."
        case .outOfOrder(let name):
            "The migration \(name) sorts before one that is already applied. Give it the next number."
        case .notBootstrapped:
            "The schema 'app' does not exist. "
                + "Run 'controlplane database bootstrap' with an administrator's connection first."
        case .locked: "Another process is migrating this database. Wait for it, or look for a session that hangs."
        case .connection(let reason): reason
        }
    }
}
