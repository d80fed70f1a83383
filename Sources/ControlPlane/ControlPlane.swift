import ArgumentParser

/// The service and its command line: one binary.
@main
struct ControlPlane: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controlplane",
        abstract: "The control plane of a partner-delivered agent platform: tenants, usage, contracts, invoices.",
        discussion: """
            Settings come from the environment, else from controlplane.env in the --directory of 'controlplane dev': \
            \(Configuration.Key.allCases.map(\.rawValue).joined(separator: ", ")).
            """,
        subcommands: [
            DevCommand.self, ServeCommand.self, MigrateCommand.self, DatabaseCommand.self,
            SignInPasswordCommand.self, KeyCommand.self, UsageCommand.self, BillingCommand.self, VoiceCommand.self,
            QuoteCommand.self, OpenAPICommand.self, DemoCommand.self,
        ])
}
