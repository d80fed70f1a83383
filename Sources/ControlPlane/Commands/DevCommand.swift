import ArgumentParser
import Foundation
import Logging
import Postgres
import ServiceLifecycle
import Tenancy

/// Everything for a first look, in one directory: a private PostgreSQL, the schema, the demo, the service.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Start a private PostgreSQL, load the demo and serve.",
        discussion: "Stops the database when it ends. A second start goes on with the same data.")

    @Option(help: "Where the database and the demo's files live.") var directory = Configuration.localDirectory
    @Option(help: "Port of the console and the API; 0 takes a free one.") var port = 8080
    @Option(help: "Port of /livez, /readyz and /metrics; 0 takes a free one.") var healthPort = 8081
    @Flag(inversion: .prefixedNo, help: "Load the demo of all three programs at the first start.") var demo = true

    private static let database = "controlplane"

    func run() async throws {
        let logger = Logger(label: "dev")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let cluster = try await PrivateCluster.start(
            PrivateCluster.Configuration(directory: "\(directory)/postgres"), logger: logger)
        do {
            try await prepareAndServe(cluster, logger)
        } catch {
            try? await cluster.stop()
            throw error
        }
        try await cluster.stop()
    }

    private func prepareAndServe(_ cluster: PrivateCluster, _ logger: Logger) async throws {
        try await RoleBootstrap(
            adminConnectionString: cluster.adminConnectionString, database: Self.database
        ).run()
        let configuration = try configuration(for: cluster)
        if let owner = configuration.databaseOwnerURL {
            try await Migrator(connectionString: owner, migrations: SchemaMigrations.all, logger: logger).migrate()
        }
        let application = Application(configuration, logger: logger)
        try await application.serve { addresses in
            var served = configuration
            served.httpAddress = addresses.http
            served.healthAddress = addresses.health
            served.publicURL = "http://\(addresses.http)"
            try served.settingsText.write(
                toFile: Configuration.settingsFile(in: directory), atomically: true, encoding: .utf8)
            try await announce(application, served)
        }
    }

    private func configuration(for cluster: PrivateCluster) throws -> Configuration {
        func url(_ role: DatabaseRole) -> String {
            cluster.connectionString(user: role.rawValue, database: Self.database)
        }
        var configuration = try Configuration([.databaseURL: url(.app), .databaseSystemURL: url(.system)])
        configuration.databaseOwnerURL = url(.owner)
        configuration.httpAddress.port = port
        configuration.healthAddress.port = healthPort
        configuration.keyEncryptionKeyFile = try keyFile()
        configuration.keys = try configuration.keyEncryptionKeyFile.map(Configuration.keys(inFile:))
        return configuration
    }

    /// The file with the key of all secrets, made at the first start. Without it they have to be entered anew.
    private func keyFile() throws -> String {
        let path = "\(directory)/kek"
        if !FileManager.default.fileExists(atPath: path) {
            let text = "# The key that wraps the keys of secrets. Keep it out of backups of the database.\n"
            let isMade = FileManager.default.createFile(
                atPath: path, contents: Data((text + KeyEncryptionKey.generatedText() + "\n").utf8),
                attributes: [.posixPermissions: 0o600])
            guard isMade else { throw Configuration.Invalid(description: "'\(path)' cannot be written.") }
        }
        return path
    }

    /// Loads the demo and says how to get in. Runs while the service answers already, so that a slow import is visible.
    private func announce(_ application: Application, _ configuration: Configuration) async throws {
        var key: String?
        if demo { key = try await DemoLoader(application, directory: "\(directory)/demo").load { Output.line($0) } }
        let password = try await application.issueSignInPassword(minutes: 60)
        Output.line("")
        Output.line("Console:           \(configuration.publicURL)")
        Output.line("One-time password: \(password)")
        if let key { Output.line("Partner API key (\(DemoLoader.tourPartner)): \(key)") }
        Output.line("Health:            http://\(configuration.healthAddress)/readyz")
        Output.line("Stop with Ctrl-C; the data stays in \(directory).")
        if directory != Configuration.localDirectory {
            Output.line("Other commands find this service with --directory \(directory).")
        }
    }
}
