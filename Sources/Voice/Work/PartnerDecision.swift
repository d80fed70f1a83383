import Kernel
import Tenancy

extension Actor {
    /// Whether a tenant's own people or programs act. They use what the tenant was given; what costs its organisation, or
    /// touches other tenants, is decided by whoever manages it.
    var isOfTenant: Bool { scope.tenantID != nil }

    /// 422 `PARTNER_DECIDES` for a tenant's own.
    /// - Parameter why: a sentence that ends before the way out.
    func requireManager(_ why: String, field: String? = nil) throws(Problem) {
        guard !isOfTenant else { throw .partnerDecides(why, field: field) }
    }
}

extension Problem {
    /// What a tenant's own may not do, and whom to ask.
    static func partnerDecides(_ why: String, field: String? = nil) -> Problem {
        .refused("PARTNER_DECIDES", "\(why) \(wayToPartner)", field: field)
    }

    /// The same for several fields.
    static func partnerDecides(fields: [FieldError]) -> Problem {
        Problem(
            status: 422, reason: "PARTNER_DECIDES", title: "A rule refuses this",
            detail: "A tenant's own key can only tighten its limits: \(fields.map(\.field).joined(separator: ", ")). "
                + wayToPartner, errors: fields)
    }

    private static let wayToPartner = "Ask the organisation that manages this tenant."
}
