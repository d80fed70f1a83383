import Kernel
import Telephony
import Tenancy
import Web

/// A price receipt as the API shows it.
package struct ReceiptResource: Codable, Sendable {
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let leg: String
    package let month: String
    package let sequence: Int64
    package let basis: Receipt.Basis
    package let from: Timestamp
    package let milliseconds: Int64
    /// How it was worked out: `included-then-pro-rata/1` and `/2`, `included-then-rounded-calls/1` or `not-billed/1`.
    package let rule: String
    /// What goes on the bill, after any agreed rounding; 0 where the tenant's calls are not charged.
    package let billedMs: Int64
    package let includedMs: Int64
    package let overageMs: Int64
    package let usedBeforeMs: Int64
    package let usedAfterMs: Int64
    package let hash: String
    /// The receipt as it was hashed, as canonical JSON (RFC 8785) with its hash: what a verifier reads.
    package let document: String

    package init(_ receipt: Receipt, of organisation: OrganisationID) {
        tenantID = receipt.subject.tenant
        organisationID = organisation
        leg = receipt.subject.leg
        month = "\(receipt.subject.month)"
        sequence = receipt.place.sequence
        basis = receipt.basis
        from = receipt.subject.from
        milliseconds = receipt.subject.milliseconds
        rule = receipt.rule.rawValue
        billedMs = receipt.billedPart
        includedMs = receipt.includedPart
        overageMs = receipt.overagePart
        usedBeforeMs = receipt.place.usedBefore
        usedAfterMs = receipt.usedAfter
        hash = receipt.hash
        document = String(decoding: receipt.json.canonicalBytes, as: UTF8.self)
    }
}

/// What came of working out a month's receipts again.
package struct ReceiptCheckResource: Codable, Sendable {
    /// One thing that does not agree.
    package struct Finding: Codable, Sendable {
        package let sequence: Int64
        package let sentence: String
    }

    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let month: String
    package let isSound: Bool
    package let receipts: Int
    package let milliseconds: Int64
    package let overageMs: Int64
    package let findings: [Finding]
    /// Where their sums differ from the month's state, the metered usage or the invoice.
    package let differences: [String]

    package init(_ check: ReceiptCheck, of organisation: OrganisationID) {
        organisationID = organisation
        tenantID = check.tenantID
        month = "\(check.month)"
        isSound = check.isSound
        receipts = check.verification.receipts
        milliseconds = check.verification.milliseconds
        overageMs = check.verification.overageMilliseconds
        findings = check.verification.findings.map { Finding(sequence: $0.sequence, sentence: $0.sentence) }
        differences = check.differences
    }
}

struct ListReceipts: Codable, Sendable {
    let tenantID: TenantID
    /// For example `2026-11`.
    let month: String
    let limit: PageLimit?
    let cursor: String?
}

struct ReceiptMonth: Codable, Sendable {
    let tenantID: TenantID
    /// For example `2026-11`.
    let month: String
}

extension CallMonth {
    /// From `2026-11`; a problem names the field.
    static func asked(_ text: String, field: String = "month") throws(Problem) -> CallMonth {
        guard let month = CallMonth(text) else { throw .invalid(field, "must be a month, for example 2026-11") }
        return month
    }
}

extension ReceiptService {
    /// Receipts for those who pay.
    package func endpoints(_ work: UnitOfWork) -> [Endpoint] {
        let tag = "Calls"
        return [
            Endpoint(
                .get, "/v1/voice/tenants/{tenant_id}/receipts", "List price receipts of a month", tag: tag,
                requires: .permission(.voiceRead)
            ) { (call: Call<ListReceipts>) in
                let input = call.input
                let month = try CallMonth.asked(input.month)
                let page = PageRequest(limit: input.limit?.count, cursor: input.cursor)
                return try await work.read(call) { tx in
                    let organisation = try TenantStore.organisation(of: input.tenantID, tx)
                    return try list(input.tenantID, month, page, tx).map { ReceiptResource($0, of: organisation) }
                }
            }
            .described("In the order of the chain: each receipt carries the hash of the one before."),
            Endpoint(
                .get, "/v1/voice/tenants/{tenant_id}/receipts:verify", "Work out a month's receipts again", tag: tag,
                requires: .permission(.voiceRead)
            ) { (call: Call<ReceiptMonth>) in
                let input = call.input
                let month = try CallMonth.asked(input.month)
                let organisation = try await work.read(call) { tx in
                    try TenantStore.organisation(of: input.tenantID, tx)
                }
                return ReceiptCheckResource(
                    try await verify(input.tenantID, month, in: call.principal.scope), of: organisation)
            },
        ]
    }
}
