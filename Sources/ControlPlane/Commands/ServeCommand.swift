import ArgumentParser
import Logging

/// Runs the service.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the API and the console.",
        discussion: "Refuses a schema that is older or newer than this version, or that is not safe to serve.")

    @OptionGroup var settings: SettingsOptions
    @Flag(help: "Check settings and schema, then stop.") var check = false

    func run() async throws {
        let configuration = try settings.load()
        let application = Application(configuration, logger: try configuration.logger("serve"))
        if check {
            try await application.prepare()
            _ = try application.site()
            await application.database.shutdown()
            print("Settings and schema are fine.")
        } else {
            try await application.serve()
        }
    }
}

extension Configuration {
    /// A logger at the configured level; throws for an unknown one.
    func logger(_ label: String) throws -> Logger {
        var logger = Logger(label: label)
        guard let level = Logger.Level(rawValue: logLevel) else {
            let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw Invalid(description: "LOG_LEVEL must be one of \(levels), not '\(logLevel)'.")
        }
        logger.logLevel = level
        return logger
    }
}
