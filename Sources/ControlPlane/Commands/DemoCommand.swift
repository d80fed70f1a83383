import ArgumentParser

/// The demo of all three programs, for a database that is empty.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Work with the demo.", subcommands: [Load.self])

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Load the demo: partners of all programs, tenants, a month of usage.",
            discussion: "Does nothing when there are partners already. The usage files stay in demo in the directory.")

        @OptionGroup var settings: SettingsOptions

        func run() async throws {
            try await settings.withApplication { application in
                try await application.prepare()
                let key = try await DemoLoader(application, directory: "\(settings.directory)/demo").load {
                    Output.line($0)
                }
                if let key { Output.line("Partner API key (\(DemoLoader.tourPartner)): \(key)") }
            }
        }
    }
}
