import Billing
import Kernel
import Logging
import Postgres
import ServiceLifecycle
import Tenancy
import Web

extension Application {
    /// Where the listeners are once they are bound.
    struct Addresses: Sendable {
        let http: Configuration.Address
        let health: Configuration.Address
    }

    /// Why the service does not start.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// Checks the schema and serves until SIGTERM or SIGINT: database first, then workers, then listeners; in reverse
    /// order at the end. `onReady` runs beside the service once it answers.
    func serve(onReady: @escaping @Sendable (Addresses) async throws -> Void = { _ in }) async throws {
        try await prepare()
        let web = try WebServices(site: site(), settings: settings, hooks: hooks)
        let announcement = Announcement {
            try await onReady(
                Addresses(
                    http: .init(host: configuration.httpAddress.host, port: try await web.mainPort.value()),
                    health: .init(host: configuration.healthAddress.host, port: try await web.healthPort.value())))
        }
        let housekeeping = Housekeeping(tenancy: tenancy, voice: voice, logger: logger)
        let services: [any Service] = [database] + voice.services + [housekeeping] + web.services + [announcement]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch let failure as ListenFailure {
            let setting =
                switch failure.listener {
                case .main: "\(Configuration.Key.httpAddress.rawValue) (for 'controlplane dev': --port)"
                case .health: "\(Configuration.Key.healthAddress.rawValue) (for 'controlplane dev': --health-port)"
                }
            throw Refusal(description: "\(failure). To listen elsewhere, set \(setting).")
        }
    }

    /// Refuses a schema that is not exactly the known one or is not safe, and makes sure of what every start needs.
    func prepare() async throws {
        let findings = try await SchemaGuard(
            connectionString: configuration.databaseURL, migrations: SchemaMigrations.all
        ).findings()
        guard findings.isEmpty else {
            throw Refusal(
                description: "The database is not fit to be served:\n"
                    + findings.map { "  - \($0)" }.joined(separator: "\n"))
        }
        guard try await UsageService.isDistributed(database) == configuration.databaseIsDistributed else {
            throw Refusal(
                description: "DATABASE_DISTRIBUTED is \(configuration.databaseIsDistributed), but the database says "
                    + "otherwise. Set it to whether the tables are sharded (Citus).")
        }
        try await ensureVendor(Self.unnamedVendor)
        try await billing.publishPriceBook()
    }

    /// The vendor's organisation until somebody names it.
    private static let unnamedVendor = OrganisationProfile(
        displayName: "Vendor", legalName: "Vendor", country: .austria)

    func ensureVendor(_ profile: OrganisationProfile) async throws {
        _ = try await tenancy.work.perform(job: "bootstrap") { tx, actor in
            try Bootstrap.ensureVendor(profile, tx, actor)
        }
    }

    /// A password for one sign-in to the console.
    func issueSignInPassword(minutes: Int) async throws -> String {
        try await tenancy.sessions.issuePassword(minutes: minutes).text
    }

    private var settings: ServerSettings {
        var settings = ServerSettings()
        settings.host = configuration.httpAddress.host
        settings.port = configuration.httpAddress.port
        settings.healthHost = configuration.healthAddress.host
        settings.healthPort = configuration.healthAddress.port
        settings.isSecure = configuration.publicURL.hasPrefix("https://")
        // FreeSWITCH that asks with GET puts a whole channel into the address, 6 to 9 kB.
        settings.front.uriBytes = 16 * 1024
        return settings
    }

    private var hooks: ServerHooks {
        var hooks = ServerHooks(logger: logger, metrics: metrics, time: tenancy.work.time, ids: tenancy.work.ids) {
            switch $0 {
            case .bearer(let text): try await tenancy.authenticator.principal(bearer: text)
            case .session(let token): try await tenancy.authenticator.principal(session: token)
            }
        }
        hooks.readiness = [
            ReadinessCheck("database") {
                do {
                    _ = try await database.read(for: PlatformScope(), "SELECT 1", as: (Int).self)
                    return nil
                } catch {
                    return "the database does not answer"
                }
            },
            ReadinessCheck("voice") { voice.model.plans.isLoaded ? nil : "voice plans are still being read" },
        ]
        return hooks
    }
}

/// Runs once beside the service, then waits for its end: a service that returned would end the group.
private struct Announcement: Service {
    let announce: @Sendable () async throws -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await announce() }
        try? await gracefulShutdown()
    }
}
