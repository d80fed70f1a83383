import ArgumentParser
import Kernel

/// Usage from files, through the same service that the API uses.
struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "Work with usage.", subcommands: [Import.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Import usage events from NDJSON or CSV files; '-' reads the standard input.",
            discussion: """
                An interrupted import of a file goes on where it stopped, and importing twice counts nothing twice. \
                CSV columns: \(UsageImportRun.columns). Exit code 1 when events were rejected or in conflict.
                """)

        @OptionGroup var settings: SettingsOptions
        @Argument(help: "Files to import.") var files: [String]
        @Option(help: "Only accept tenants of this organisation.") var organisation: String?

        func run() async throws {
            var scope = ScopeNode.platform
            if let organisation {
                guard let id = OrganisationID(organisation) else {
                    throw ValidationError("--organisation must be like org_….")
                }
                scope = .organisation(id)
            }
            let isClean = try await settings.withApplication { application in
                try await UsageImportRun(importer: application.billing.importer, scope: scope).run(files)
            }
            if !isClean { throw ExitCode(1) }
        }
    }
}
