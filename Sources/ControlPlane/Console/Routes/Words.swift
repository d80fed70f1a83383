import Billing
import Kernel
import Rating
import Tenancy
import Web

/// How the domain's values read in the console.

extension Organisation.Kind.Name {
    var words: String {
        switch self {
        case .vendor: "Vendor"
        case .partner: "Partner"
        case .endCustomer: "End-customer"
        }
    }
}

extension InstanceHost {
    var words: String {
        switch self {
        case .vendor: "Vendor"
        case .licensee: "Licensee"
        case .endCustomer: "End-customer"
        }
    }
}

extension TenantState.Name {
    var words: String { DisplayText.words(rawValue) }

    var tone: Tone {
        switch self {
        case .active: .ok
        case .provisioning: .info
        case .suspended: .bad
        case .archived, .purged: .neutral
        }
    }
}

extension Program {
    var words: String {
        switch self {
        case .enterprise: "Enterprise Platform License"
        case .solution: "Solution Partner"
        case .deployment: "Deployment Partner"
        }
    }

    var shortWords: String {
        switch self {
        case .enterprise: "Enterprise"
        case .solution: "Solution"
        case .deployment: "Deployment"
        }
    }
}

extension Invoice.State {
    var words: String {
        switch self {
        case .draft: "Draft"
        case .finalised: "Final"
        case .nothingDue: "Nothing due"
        }
    }

    var tone: Tone {
        switch self {
        case .draft, .nothingDue: .neutral
        case .finalised: .ok
        }
    }
}

extension Role.Name {
    var words: String {
        switch self {
        case .platformOperator: "Platform operator"
        case .platformAuditor: "Platform auditor"
        case .partnerAdmin: "Partner administrator"
        case .partnerViewer: "Partner viewer"
        case .usageReporter: "Usage reporter"
        case .tenantAdmin: "Tenant administrator"
        case .tenantViewer: "Tenant viewer"
        case .voiceOperator: "Voice operator"
        }
    }

    /// What it may do, and where it can be given.
    var explanation: String {
        switch self {
        case .platformOperator: "everything, on the whole platform"
        case .platformAuditor: "reads everything, on the whole platform"
        case .partnerAdmin: "manages one organisation, its tenants and keys"
        case .partnerViewer: "reads everything of one organisation"
        case .usageReporter: "sends usage and nothing else"
        case .tenantAdmin: "reads one tenant, manages its keys, sends usage"
        case .tenantViewer: "reads one tenant and its usage"
        case .voiceOperator: "runs telephony: numbers, trunks and calls"
        }
    }
}

extension UsageMeter {
    var words: String {
        switch self {
        case .turn: "Turns"
        case .voice: "Voice"
        case .voiceUnmetered: "Voice, not metered"
        }
    }

    /// A sum with its unit: `1,204 turns`, `2,041.5 min`.
    func quantity(_ sum: Int64) -> String {
        switch self {
        case .turn: return DisplayText.count(sum, "turn")
        case .voice, .voiceUnmetered:
            let tenths = sum / 6_000
            return "\(DisplayText.count(tenths / 10)).\(tenths % 10) min"
        }
    }
}

extension KeySource {
    var words: String {
        switch self {
        case .partner: "Partner key"
        case .endCustomer: "End-customer key"
        case .selfHosted: "Self-hosted"
        }
    }
}

extension BillingMonth {
    /// `October 2026`.
    var display: String { DisplayText.month(month, of: year) }

    /// `Oct`.
    var shortDisplay: String { String(display.prefix(3)) }

    /// The month that the clock shows; the price book's first one when it is far off.
    static func present(at now: Timestamp) -> BillingMonth {
        BillingMonth(of: now) ?? PriceBook.v2_1.validFrom.billingMonth
    }
}

extension CalendarDate {
    /// `18 Nov 2026`.
    var display: String { DisplayText.day(Timestamp(microseconds: ViennaTime.instant(self))) }

    /// Today in Vienna.
    static func today(at now: Timestamp) -> CalendarDate {
        ViennaTime.date(at: now.microseconds) ?? PriceBook.v2_1.validFrom
    }
}
