import Kernel
import Rating

/// A check of a VAT ID by format and check digits: what was checked, when, and the answer (domain 2.5).
struct VATCheck: Sendable {
    let id: VATCheckID
    let organisationID: OrganisationID
    let vatID: String
    /// `valid`, or the reason of the refusal such as `wrong_checksum`.
    let answer: String
    let checkedAt: Timestamp

    /// `nil` for a party without a VAT ID.
    init?(_ party: BilledParty, id: VATCheckID, now: Timestamp) {
        guard let vatID = party.vatID else { return nil }
        self.id = id
        organisationID = party.organisationID
        self.vatID = vatID
        checkedAt = now
        do {
            _ = try VATNumber(vatID)
            answer = "valid"
        } catch {
            answer = error.reason
        }
    }
}
