/// One version of the vendor's prices, read and checked from its JSON form. All prices are net of VAT.
/// A contract pins a version; nothing here is a default for a figure that the book does not have (see `Decided`).
package struct PriceBook: Hashable, Sendable {
    package let version: String
    package let validFrom: CalendarDate
    package let sellerCountry: Country
    package let enterprise: Enterprise
    package let solution: Solution
    package let deployment: Deployment
    package let sales: Sales
    package let direct: Direct
    /// VAT rates by country; the seller's is always there.
    package let vatRates: [Country: Percent]

    /// Enterprise Platform License (domain 2.1).
    package struct Enterprise: Hashable, Sendable {
        package let annualLicence: Money
        package let includedTenants: Int64
        package let tenantMonth: Rate
        package let planningTurnsPerTenantMonth: Int64
        package let voice: Voice
        package let implementationOnce: Money
        package let businessSLA: ServiceLevel
        package let premiumSLA: ServiceLevel
        /// Sectors for which the premium level is mandatory.
        package let premiumMandatoryFor: Set<Sector>
        package let sharePercentMinimum: Percent
        package let sharePercentMaximum: Percent
    }

    /// The voice add-on of the Enterprise licence.
    package struct Voice: Hashable, Sendable {
        package let tenantMonth: Rate
        package let includedMinutes: Int64
        package let minute: Rate

        package var includedMilliseconds: Int64 { includedMinutes * Decided.millisecondsPerMinute }
        /// The price of the time beyond, for whole milliseconds.
        package var overage: UnitPrice { UnitPrice(minute, per: Decided.millisecondsPerMinute) }
    }

    /// What a service level costs and promises.
    package struct ServiceLevel: Hashable, Sendable {
        package let month: Rate
        package let availabilityPercent: Percent
    }

    /// Solution Partner (domain 2.2).
    package struct Solution: Hashable, Sendable {
        package let onboardingOnce: Money
        package let activeTenantMonth: Rate
        package let turn: Rate
        /// Ordered, contiguous, the last one open.
        package let revenueShareTiers: [ShareTier]
        package let firstYearMinimumMonth: Money
        package let firstYearMonths: Int64
        package let wholesaleTurnMinimum: Rate
        package let wholesaleTurnsMonthMinimum: Int64
    }

    /// `percent` of the part of the revenue up to `upTo` and beyond the tier before; `nil` is without end.
    package struct ShareTier: Hashable, Sendable {
        package let upTo: Money?
        package let percent: Percent
    }

    /// Deployment Partner (domain 2.3).
    package struct Deployment: Hashable, Sendable {
        package let compact: Size
        package let standard: Size
        package let premium: Size
        /// Ascending by instances.
        package let bundles: [Bundle]
        package let bundlePayments: Set<PaymentTerms>
        package let authorized: Tier
        package let certified: Tier
        package let licence: Licence

        /// The terms of a size.
        package func size(_ name: InstanceSize) -> Size {
            switch name {
            case .compact: compact
            case .standard: standard
            case .premium: premium
            }
        }

        /// The terms of a tier.
        package func tier(_ name: PartnerTier) -> Tier { name == .certified ? certified : authorized }
    }

    /// What an instance of a size costs, holds and can do.
    package struct Size: Hashable, Sendable {
        package let year: Rate
        /// `nil` is without a contractual limit.
        package let turnsMonth: Int64?
        package let agentGraphs: Int64?
        package let features: [String]
    }

    /// A discount on all instances of an order, from so many on.
    package struct Bundle: Hashable, Sendable {
        package let instances: Int64
        package let discount: Percent
        package let termYears: Int64
    }

    /// What a Deployment Partner's tier costs and permits.
    package struct Tier: Hashable, Sendable {
        package let once: Money
        package let year: Money
        package let whiteLabel: Bool
        package let bundles: Bool
        package let demoLicences: Int64
    }

    /// Self-hosted licence periods (domain 4).
    package struct Licence: Hashable, Sendable {
        package let phoneHomeDefaultHours: Int64
        package let phoneHomeMaximumDays: Int64
        package let graceDays: Int64
        package let offlineValidityDays: Int64
        package let quarterlyReportDueDays: Int64
        package let auditNoticeDays: Int64
    }

    /// Sales partner program (domain 8).
    package struct Sales: Hashable, Sendable {
        package let commission: Percent
        package let promotion: Percent
        package let promotionSlots: Int64
        package let activeNewTenantsPerYear: Int64
        package let lockTenants: Int64
        package let lockYears: Int64
    }

    /// The vendor's own direct offer, only for the comparison of domain 2.4.
    package struct Direct: Hashable, Sendable {
        package let businessMonth: Rate
        package let setupOncePerTenant: Rate
    }

    /// The price book that ships with the product, as the bytes to store beside the contracts that pin it.
    package static var json2_1: [UInt8] { PackageResources.pricebook_2_1_json }

    /// Price book 2.1, valid from 2026-05-06. It is part of the build; a test reads it against the specification.
    package static let v2_1: PriceBook = {
        do {
            return try PriceBook(json: json2_1)
        } catch {
            preconditionFailure("the price book in this build is not valid: \(error)")
        }
    }()

    /// The standard rate of a country; zero where none is listed.
    package func vatRate(of country: Country) -> Percent { vatRates[country] ?? .zero }
}

/// Whether a customer falls under the rules for public bodies or critical infrastructure.
package enum Sector: String, Hashable, Sendable, CaseIterable, Codable {
    case privateSector = "private"
    case publicSector = "public_sector"
    case criticalInfrastructure = "critical_infrastructure"
}

/// The service levels that can be agreed.
package enum ServiceLevelName: String, Hashable, Sendable, CaseIterable, Codable {
    case business, premium
}

/// The sizes of a Deployment instance.
package enum InstanceSize: String, Hashable, Sendable, CaseIterable, Codable {
    case compact, standard, premium
}

/// The tiers of a Deployment Partner.
package enum PartnerTier: String, Hashable, Sendable, CaseIterable, Codable {
    case authorized, certified
}

/// When an order is paid; a bundle needs one of the first two.
package enum PaymentTerms: String, Hashable, Sendable, CaseIterable, Codable {
    case prepaid, quarterly
    case annualInvoice = "annual_invoice"
}
