import ArgumentParser
import Kernel
import Logging

/// Where the settings are, for every command that needs some.
struct SettingsOptions: ParsableArguments {
    @Option(help: "The directory of 'controlplane dev': its controlplane.env says what the environment leaves open.")
    var directory = Configuration.localDirectory

    func load() throws -> Configuration {
        try Configuration.load(file: Configuration.settingsFile(in: directory))
    }

    /// Lends the services to a command and closes the database afterwards.
    func withApplication<Result>(_ body: (Application) async throws -> Result) async throws -> Result {
        let configuration = try load()
        var logger = try configuration.logger("command")
        logger.logLevel = max(logger.logLevel, .warning)
        let application = Application(configuration, logger: logger)
        do {
            let result = try await body(application)
            await application.database.shutdown()
            return result
        } catch {
            await application.database.shutdown()
            // A 500 hides from clients what an operator needs to see.
            guard let problem = (error as? any ProblemConvertible)?.problem, problem.status != 500 else { throw error }
            throw problem
        }
    }
}
