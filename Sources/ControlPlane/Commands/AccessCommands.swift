import ArgumentParser
import Kernel
import Tenancy

/// A way into the console.
struct SignInPasswordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign-in-password", abstract: "Print a one-time password for the console.")

    @OptionGroup var settings: SettingsOptions
    @Option(help: "How long it is valid, in minutes.") var minutes = 60

    func run() async throws {
        try await settings.withApplication { application in
            print(try await application.issueSignInPassword(minutes: minutes))
        }
    }
}

/// API keys from the operator's shell; the API and the console make them, too.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make API keys.", subcommands: [Create.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an API key and print it; it is shown this once.",
            discussion: "Roles: \(Role.Name.allCases.map(\.rawValue).joined(separator: ", ")).")

        @OptionGroup var settings: SettingsOptions
        @Option(help: "What the key may do.") var role: String
        @Option(help: "A name to recognise it by.") var name: String
        @Option(help: "The organisation it acts for.") var organisation: String?
        @Option(help: "The tenant it is limited to.") var tenant: String?
        @Option(help: "Days until it ends; required without an organisation.") var days: Int?

        func validate() throws {
            if let days, !(1...36_500).contains(days) { throw ValidationError("--days must be from 1 to 36500.") }
            if days == nil, organisation == nil, tenant == nil {
                throw ValidationError(
                    "--days is missing: a key of the platform sees everything, so it must end some day. "
                        + "A key of an --organisation needs none.")
            }
        }

        func run() async throws {
            guard let role = Role.Name(rawValue: role) else {
                throw ValidationError("--role must be one of \(Role.Name.allCases.map(\.rawValue)).")
            }
            let organisationID = try organisation.map { try Self.id($0, "--organisation", of: OrganisationID.self) }
            let tenantID = try tenant.map { try Self.id($0, "--tenant", of: TenantID.self) }
            try await settings.withApplication { application in
                let work = application.tenancy.work
                let end = days.map { work.time.now.advanced(by: .seconds($0 * 86_400)) }
                let new = NewAPIKey(
                    role: role, displayName: name, organisationID: organisationID, tenantID: tenantID, expiresAt: end)
                let issued = try await work.perform(job: "key create") { tx, actor in
                    try application.tenancy.apiKeys.create(new, tx, actor)
                }
                print(issued.token.text)
            }
        }

        private static func id<Kind>(_ text: String, _ option: String, of type: ID<Kind>.Type) throws -> ID<Kind> {
            guard let id = ID<Kind>(text) else { throw ValidationError("\(option) must be like \(Kind.prefix)_….") }
            return id
        }
    }
}
