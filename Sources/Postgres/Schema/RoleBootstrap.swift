import CLibPQ

/// Makes a server ready for migrations: the roles, the database, the schema. Needs an administrator's connection, may
/// be run again at any time, and by two at once.
package struct RoleBootstrap: Sendable {
    /// To any database of the server, as a role that may create roles and databases.
    package let adminConnectionString: String
    /// The database to make.
    package let database: String
    /// Set where given; otherwise the passwords stay as they are.
    package var passwords: [DatabaseRole: String] = [:]

    package init(adminConnectionString: String, database: String, passwords: [DatabaseRole: String] = [:]) {
        self.adminConnectionString = adminConnectionString
        self.database = database
        self.passwords = passwords
    }

    package func run() async throws {
        let admin = try ConnectionString(adminConnectionString)
        try await DirectConnection.open(admin.description, limit: .seconds(120)) { connection in
            try lock(connection)
            try createRoles(connection)
            try createDatabase(connection)
        }
        let inside = admin.replacing(["dbname": database])
        try await DirectConnection.open(inside.description, limit: .seconds(120)) { connection in
            try lock(connection)
            try prepareDatabase(connection)
        }
    }

    /// One bootstrap at a time, until the connection closes.
    private func lock(_ connection: borrowing DirectConnection) throws(DatabaseError) {
        try connection.execute("SELECT pg_advisory_lock(\(Self.lockKey))")
    }

    /// "cpboot" in ASCII.
    private static let lockKey: Int64 = 0x6370_626F_6F74

    private func createRoles(_ connection: borrowing DirectConnection) throws(DatabaseError) {
        for role in DatabaseRole.allCases {
            let name = SQL.identifier(role.rawValue)
            let exists: Bool = try connection.value(
                "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = \(role.rawValue))")
            if !exists { try connection.execute("CREATE ROLE \(name) LOGIN") }
            if let password = passwords[role] { try setPassword(password, of: role, connection) }
            let hasPath: Bool = try connection.value(
                """
                SELECT coalesce('search_path=app' = ANY (rolconfig), false) FROM pg_roles
                WHERE rolname = \(role.rawValue)
                """
            )
            if !hasPath { try connection.execute("ALTER ROLE \(name) SET search_path = app") }
        }
        let isSuperuser: Bool = try connection.value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        // An administrator of a managed server may only create things for a role that it is a member of.
        if !isSuperuser { try connection.execute("GRANT controlplane_owner TO CURRENT_USER") }
    }

    /// Only the SCRAM verifier travels, so the password is in no server log.
    private func setPassword(
        _ password: String, of role: DatabaseRole, _ connection: borrowing DirectConnection
    ) throws(DatabaseError) {
        guard
            let verifier = PQencryptPasswordConn(
                connection.connection.pointer, password, role.rawValue, "scram-sha-256")
        else { throw .statement(sqlstate: "28P01", message: "the password cannot be encrypted") }
        defer { PQfreemem(verifier) }
        let statement: String = try connection.value(
            "SELECT format('ALTER ROLE %I PASSWORD %L', \(role.rawValue)::text, \(String(cString: verifier))::text)")
        try connection.execute(SQL(unsafeText: statement))
    }

    private func createDatabase(_ connection: borrowing DirectConnection) throws(DatabaseError) {
        let exists: Bool = try connection.value("SELECT EXISTS (SELECT FROM pg_database WHERE datname = \(database))")
        if !exists {
            try connection.execute("CREATE DATABASE \(SQL.identifier(database)) TEMPLATE template0 ENCODING 'UTF8'")
        }
    }

    private func prepareDatabase(_ connection: borrowing DirectConnection) throws(DatabaseError) {
        let name = SQL.identifier(database)
        try connection.execute("REVOKE ALL ON DATABASE \(name) FROM PUBLIC")
        try connection.execute("GRANT CONNECT, TEMPORARY, CREATE ON DATABASE \(name) TO controlplane_owner")
        try connection.execute(
            "GRANT CONNECT, TEMPORARY ON DATABASE \(name) TO controlplane_app, controlplane_system")
        try connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        let hasSchema: Bool = try connection.value("SELECT to_regnamespace('app') IS NOT NULL")
        if !hasSchema { try connection.execute("CREATE SCHEMA app AUTHORIZATION controlplane_owner") }
        // USAGE only: neither role may create anything.
        try connection.execute("GRANT USAGE ON SCHEMA app TO controlplane_app, controlplane_system")
    }
}
