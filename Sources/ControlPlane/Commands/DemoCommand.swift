import ArgumentParser

/// The demo of all three programs, for a database that is empty.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Work with the demo.", subcommands: [Load.self])

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Load the demo: partners of all programs, tenants, a month of usage.",
            discussion: "Does nothing when there are partners already.")

        @Option(help: "Where the usage files are written.") var directory = ".local/demo"

        func run() async throws {
            try await Configuration.withApplication { application in
                try await application.prepare()
                let key = try await DemoLoader(application, directory: directory).load { Output.line($0) }
                if let key { Output.line("Partner API key (\(DemoLoader.tourPartner)): \(key)") }
            }
        }
    }
}
