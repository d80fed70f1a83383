import Billing
import Kernel
import Rating
import Tenancy
import Voice
import Web

/// What the pages of the console call: the same services as the API.
struct ConsoleServices: Sendable {
    let tenancy: TenancyServices
    let closing: MonthCloseService
    let reports: UsageReports
    let importer: UsageImporter
    /// Everything of voice: its model, its calls and its nodes.
    let telephony: VoiceServices
    /// The product's name in titles and on sheets.
    let product: String
    /// The service's own address, for samples.
    let baseURL: String

    var work: UnitOfWork { tenancy.work }
    var voice: VoiceModel { telephony.model }
}

/// The console as data: its pages, its files, and the shell around them.
struct ConsoleSite: Sendable {
    let services: ConsoleServices
    private let layout: ConsoleLayout

    init(_ services: ConsoleServices) {
        self.services = services
        layout = ConsoleLayout(product: services.product, assets: ConsoleAssets())
    }

    /// Every page and form, each with the permission it needs.
    var pages: [PageRoute] {
        SessionRoutes(services: services).all
            + OverviewRoutes(services: services).all
            + OrganisationRoutes(services: services).all
            + ContractRoutes(services: services).all
            + ContractFormRoutes(services: services).all
            + ContractOrderRoutes(services: services).all
            + DisclosureRoutes(services: services).all
            + DocumentRoutes(services: services).all
            + InstanceRoutes(services: services).all
            + InstanceEditRoutes(services: services).all
            + TenantRoutes(services: services).all
            + TenantEditRoutes(services: services).all
            + VoiceTenantRoutes(services: services).all
            + CallRoutes(services: services).all
            + DryRunRoutes(services: services).all
            + LiveCallRoutes(services: services).all
            + CompletenessRoutes(services: services).all
            + NodeRoutes(services: services).all
            + NodeFormRoutes(services: services).all
            + QuarantineRoutes(services: services).all
            + UsageRoutes(services: services).all
            + InvoiceRoutes(services: services).all
            + MonthCloseRoutes(services: services).all
            + APIKeyRoutes(services: services).all
            + AuditRoutes(services: services).all
    }

    /// Operations of the API that answer with a page of the console.
    var endpoints: [Endpoint] { [InvoiceRoutes(services: services).endpoint(layout: layout)] }

    var assets: [Asset] {
        layout.assets.all.map { Asset(path: $0.path, mediaType: $0.contentType, bytes: $0.bytes) }
    }

    var console: Console {
        Console(
            layout: { page, context in await document(of: page, context) },
            problemPage: { problem, context in
                ProblemPage(problem: problem, requestID: context.requestID, isSignedIn: context.principal != nil).page
            })
    }

    private func document(of page: ConsolePage, _ context: PageContext) async -> HTML {
        let scheme = context.preference(ColourScheme.cookie).flatMap(ColourScheme.init(rawValue:))
        guard let principal = context.principal, [.shell, .narrow].contains(page.frame) else {
            return layout.render(page, scheme: scheme, csrfToken: context.csrfToken)
        }
        let viewer = ConsoleViewer(
            name: principal.displayName, role: Self.role(of: principal), organisation: await workspace(of: principal),
            navigation: ConsoleNavigation.complete.limited(to: principal.permissions), csrfToken: context.csrfToken,
            path: context.path)
        return layout.render(page, for: viewer, flash: context.flash, scheme: scheme)
    }

    private static func role(of principal: Principal) -> String {
        let place =
            switch principal.scope {
            case .platform: "whole platform"
            case .organisation: "one organisation"
            case .tenant: "one tenant"
            }
        return principal.kind == .apiKey ? "API key, \(place)" : place
    }

    /// Whose console it is. The shell is drawn even when the database does not answer: it also frames that problem.
    private func workspace(of principal: Principal) async -> String {
        let tenancy = services.tenancy
        let name = try? await services.work.read(in: principal.scope) { tx -> String? in
            switch principal.scope {
            case .platform:
                var filter = OrganisationFilter()
                filter.kind = .vendor
                return try tenancy.organisations.list(filter, PageRequest(limit: 1, cursor: nil), tx).items.first?
                    .profile.displayName
            case .organisation(let id): return try tenancy.organisations.get(id, tx).profile.displayName
            case .tenant(let id, _): return try tenancy.tenants.get(id, tx).settings.displayName
            }
        }
        return name ?? services.product
    }
}
