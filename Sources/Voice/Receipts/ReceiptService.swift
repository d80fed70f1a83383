import Kernel
import Postgres
import Telephony
import Tenancy

/// Shows receipts and works them out again.
package struct ReceiptService: Sendable {
    private let work: UnitOfWork
    private let bill: VoiceLinks.ReadBill

    /// - Parameter bill: what the receipts must come to.
    package init(work: UnitOfWork, bill: @escaping VoiceLinks.ReadBill = { _, _, _ in nil }) {
        self.work = work
        self.bill = bill
    }

    /// The receipts of one leg.
    package func receipts(
        of leg: CallLegID, _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Receipt] {
        try ReceiptStore.documents(of: leg, tenant, tx).map(Self.receipt)
    }

    /// A page of a month's receipts in the order of the chain.
    package func list(
        _ tenant: TenantID, _ month: CallMonth, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Receipt> {
        let after = page.cursor.map { Int64($0) } ?? 0
        guard let after, after >= 0 else { throw Problem.invalid("cursor", "is no cursor of this list") }
        let rows = try ReceiptStore.documents(tenant, month, after: after, limit: page.limit + 1, tx)
        return Page(rows: try rows.map(Self.receipt), limit: page.limit) { "\($0.place.sequence)" }
    }

    /// Works out every receipt of a tenant's month again, compares the end with where the chain says it is, and the sums
    /// with the metered usage and the invoice. A tenant sees no contracts: for it the receipts alone are worked out.
    package func verify(_ tenant: TenantID, _ month: CallMonth, in scope: ScopeNode) async throws -> ReceiptCheck {
        try await work.read(in: scope) { tx in
            var documents: [JSON] = []
            while true {
                let batch = try ReceiptStore.documents(
                    tenant, month, after: Int64(documents.count), limit: Self.batch, tx)
                documents += try batch.map { text throws(JSONError) in try JSON(parsing: text) }
                if batch.count < Self.batch { break }
            }
            return ReceiptCheck(
                tenantID: tenant, month: month, verification: Verification(documents),
                total: try ReceiptStore.total(tenant, month, tx), last: documents.last.flatMap { Receipt($0)?.hash },
                bill: tx.scope.tenantID == nil ? try bill(tx, tenant, month) : nil)
        }
    }

    /// The tenants that have receipts in a month.
    package func tenants(of month: CallMonth) async throws -> [TenantID] {
        try await work.read(in: .platform) { tx in try ReceiptStore.tenants(of: month, tx) }
    }

    private static let batch = 5_000

    private static func receipt(_ text: String) throws -> Receipt {
        guard let receipt = Receipt(try JSON(parsing: text)) else {
            throw DatabaseError.decoding("a stored receipt cannot be read")
        }
        return receipt
    }
}

/// What came of working out a month's receipts again.
package struct ReceiptCheck: Sendable, Hashable {
    package let tenantID: TenantID
    package let month: CallMonth
    package let verification: Verification
    /// Where the chain says that it is.
    package let total: ReceiptTotal?
    /// The hash of the last receipt that is there.
    package let last: String?
    /// What the invoices say, for whom may see contracts.
    package let bill: VoiceLinks.Bill?

    package var isSound: Bool { verification.isSound && differences.isEmpty }

    /// What does not agree although each receipt may: also a receipt cut off at the end is noticed.
    package var differences: [String] {
        var differences: [String] = []
        func compare(_ what: String, _ theirs: some BinaryInteger, _ ours: some BinaryInteger) {
            if theirs != ours { differences.append("\(what) \(theirs) ms, the receipts to \(ours) ms.") }
        }
        let end = total ?? .empty
        if end.receipts != Int64(verification.receipts) || (last ?? Receipt.firstPrevious) != end.hash {
            differences.append("The month has \(end.receipts) receipts, and these are \(verification.receipts).")
        }
        compare("The month's minutes come to", end.milliseconds, verification.usedMilliseconds)
        guard let bill else { return differences }
        compare("The metered calls come to", bill.milliseconds, verification.milliseconds)
        guard !bill.hasOtherCalls else { return differences }
        if let billed = bill.billedMilliseconds {
            compare("The invoice counts calls that come to", billed, verification.billedMilliseconds)
        }
        compare("Overage on the invoice comes to", bill.overageMilliseconds, verification.overageMilliseconds)
        if bill.overageMilliseconds == verification.overageMilliseconds, bill.overageCost != verification.overageCost {
            differences.append("The invoice has another price of a minute than the receipts.")
        }
        return differences
    }
}
