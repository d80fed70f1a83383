import ArgumentParser
import Foundation
import Postgres

/// Work on the database server that needs an administrator.
struct DatabaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "database", abstract: "Prepare a database server.", subcommands: [Bootstrap.self])

    /// Makes roles, database and schema.
    struct Bootstrap: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the three roles, the database and the schema. Safe to repeat.",
            discussion: """
                The administrator's connection string is read from DATABASE_ADMIN_URL, so that it appears in no process \
                list. Passwords are set for the roles whose variable is given: CONTROLPLANE_OWNER_PASSWORD, \
                CONTROLPLANE_APP_PASSWORD, CONTROLPLANE_SYSTEM_PASSWORD.
                """)

        @Option(help: "The database to make.") var database = "controlplane"

        func run() async throws {
            let environment = ProcessInfo.processInfo.environment
            guard let admin = environment["DATABASE_ADMIN_URL"] else {
                throw Configuration.Invalid(
                    description: "DATABASE_ADMIN_URL is not set: a connection string of a role that may create roles.")
            }
            var passwords: [DatabaseRole: String] = [:]
            for role in DatabaseRole.allCases {
                passwords[role] = environment["\(role.rawValue.uppercased())_PASSWORD"]
            }
            try await RoleBootstrap(
                adminConnectionString: admin, database: database, passwords: passwords
            ).run()
            print("The database '\(database)' is ready. Next: controlplane migrate.")
        }
    }
}
