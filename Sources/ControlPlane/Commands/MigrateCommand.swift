import ArgumentParser
import Logging
import Postgres

/// Brings the database to the schema that this program knows.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database to the schema of this version.",
        discussion: "Connects with DATABASE_OWNER_URL. The service never does this by itself.")

    @OptionGroup var settings: SettingsOptions
    @Flag(help: "Try everything in a transaction and roll it back.") var dryRun = false
    @Flag(help: "List what is applied and what is pending; write nothing.") var status = false

    func validate() throws {
        if dryRun && status { throw ValidationError("--dry-run and --status exclude each other.") }
    }

    func run() async throws {
        let configuration = try settings.load()
        guard let owner = configuration.databaseOwnerURL else {
            throw Configuration.Invalid(
                description: "DATABASE_OWNER_URL is not set: migrations run as the role controlplane_owner.")
        }
        let migrator = Migrator(
            connectionString: owner, migrations: SchemaMigrations.all, logger: Logger(label: "migrate"))
        if status {
            for entry in try await migrator.status() { print(Self.line(entry)) }
        } else if dryRun {
            let steps = try await migrator.dryRun()
            for step in steps {
                print("\(step.name): \(step.statementCount) statements\(step.wasTried ? ", tried" : ", not tried")")
            }
            print(steps.isEmpty ? "Nothing is pending." : "Everything was rolled back.")
        } else {
            let applied = try await migrator.migrate()
            print(applied.isEmpty ? "Nothing is pending." : applied.map { "applied \($0)" }.joined(separator: "\n"))
        }
    }

    private static func line(_ entry: MigrationStatus) -> String {
        switch entry.state {
        case .applied(let time): "\(entry.name)  applied \(time)"
        case .pending: "\(entry.name)  pending"
        case .changed: "\(entry.name)  CHANGED after it was applied"
        case .unknown: "\(entry.name)  UNKNOWN to this program"
        }
    }
}
