import Billing
import Kernel
import Logging
import Postgres
import Rating
import ServiceLifecycle
import Tenancy
import Voice
import Web

/// The program put together: the one place that knows every module. Everything gets what it needs by its initialiser.
struct Application: Sendable {
    let configuration: Configuration
    let logger: Logger
    let metrics: Metrics
    let database: Database
    let tenancy: TenancyServices
    let billing: BillingServices
    let voice: VoiceServices

    /// Opens no connection yet.
    init(_ configuration: Configuration, logger: Logger, time: TimeSource = .system) {
        self.configuration = configuration
        self.logger = logger
        let metrics = Metrics()
        self.metrics = metrics
        database = Database(configuration.database, logger: logger, onPoolWait: Self.poolWait(metrics))
        let work = UnitOfWork(database: database, time: time, ids: .timeOrdered)
        var rules = TenancyRules(
            checkVATID: VATIDCheck.byCheckDigits,
            programs: { tx, organisation in try ContractService.programs(tx, organisation) })
        rules.orderedLicences = { tx, organisation in try ContractService.orderedLicences(tx, organisation) }
        rules.goLiveRefusal = { tx, placement in try DocumentService.goLiveRefusal(tx, placement) }
        rules.voiceRefusal = { tx, organisation, program in try ContractService.voiceRefusal(tx, organisation, program)
        }
        tenancy = TenancyServices(work: work, rules: rules)
        billing = BillingServices(
            work: work, metrics: metrics, connections: configuration.databaseConnections,
            isDistributed: configuration.databaseIsDistributed)
        voice = VoiceServices(
            work: work, tenancy: tenancy, billing: billing,
            settings: VoiceServices.Settings(
                box: SecretBox(configuration.keys), listening: configuration.databaseURL, logger: logger,
                metrics: metrics))
    }

    /// The whole API.
    var endpoints: [Endpoint] { tenancyEndpoints(tenancy) + billing.endpoints + voice.endpoints + console.endpoints }

    private var console: ConsoleSite {
        ConsoleSite(
            ConsoleServices(
                tenancy: tenancy, closing: billing.monthClose, reports: billing.reports, importer: billing.importer,
                telephony: voice, product: Self.product, baseURL: configuration.publicURL))
    }

    /// The name of what is sold, in titles and on invoices.
    static let product = "ChatFlow"

    static let info = APIInfo(
        title: "Control plane", version: "1",
        description: """
            Instances, tenants, usage, contracts and invoices of a partner-delivered agent platform. Amounts are decimal \
            strings in EUR, times are RFC 3339 in UTC, ids carry a typed prefix. Send an API key as 'Authorization: \
            Bearer …', and an Idempotency-Key with every POST that you may have to repeat.
            """)

    /// The API's description, as `GET /openapi.json` serves it.
    func document() throws -> JSON {
        try OpenAPI.document(
            of: endpoints + [OpenAPI.endpoint(for: endpoints, info: Self.info)], info: Self.info)
    }

    /// Everything that is served.
    func site() throws -> Site {
        let openAPI = try OpenAPI.endpoint(for: endpoints, info: Self.info)
        let console = console
        return Site(
            endpoints: endpoints + [openAPI], pages: console.pages, assets: console.assets, console: console.console,
            protocols: voice.protocols)
    }

    private static func poolWait(_ metrics: Metrics) -> @Sendable (Duration) -> Void {
        let histogram = metrics.histogram(
            "controlplane_pool_wait_seconds", "How long transactions waited for a connection.")
        return { histogram.observe($0) }
    }
}

extension Configuration {
    var database: DatabaseConfiguration {
        var database = DatabaseConfiguration(app: databaseURL, system: databaseSystemURL)
        database.appConnections = databaseConnections
        database.systemConnections = databaseConnections
        return database
    }
}

extension VATIDCheck {
    /// Format and check digits by Rating's rules. Numbers of countries outside the Union are kept as they are: no tax
    /// decision rests on them.
    static let byCheckDigits: @Sendable (String, CountryCode) -> VATIDCheck = { text, country in
        guard Country(country.code)?.isUnionMember == true else {
            return .checked(normalised: text.uppercased().filter { !$0.isWhitespace }, isValid: false)
        }
        do throws(Refusal) {
            let number = try VATNumber(text)
            guard number.country == Country(country.code) else {
                return .malformed("is a number from \(number.country.code), but the organisation is in \(country.code)")
            }
            return .checked(normalised: "\(number)", isValid: true)
        } catch {
            guard error.reason == "wrong_checksum" else { return .malformed(error.message) }
            return .checked(normalised: text.uppercased().filter { !" .-".contains($0) }, isValid: false)
        }
    }
}
