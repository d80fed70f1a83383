import Kernel
import Postgres
import Rating
import Tenancy

/// SQL that closes a contract's month.
enum MonthCloseStore {
    /// How many months after its end a contract still gets adjustments.
    static let adjustmentMonths = 24

    /// Contracts that run in the month, or ended not long before and may still have something to adjust.
    static func contracts(
        in month: BillingMonth, of filter: ContractFilter, contract: ContractID? = nil,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> [(Contract, String)] {
        var conditions: [SQL] = [
            "c.starts_on <= \(month.lastDay)",
            "(c.ends_on IS NULL OR c.ends_on > \(month.advanced(by: -adjustmentMonths)))",
        ]
        if let organisation = filter.organisationID { conditions.append("c.organisation_id = \(organisation)") }
        if let program = filter.program { conditions.append("c.program = \(program)") }
        if let contract { conditions.append("c.contract_id = \(contract)") }
        let rows = try tx.rows(
            """
            SELECT \(Contract.columns), o.display_name FROM app.contract c
            JOIN app.organisation o ON o.organisation_id = c.organisation_id
            WHERE \(SQL.joined(conditions, separator: " AND ")) ORDER BY c.contract_id
            """)
        var contracts: [(Contract, String)] = []
        for row in rows {
            do {
                contracts.append((try Contract(row: row), try row.value("display_name")))
            } catch let error as DatabaseError {
                throw error
            } catch {
                throw .decoding("a contract cannot be read")
            }
        }
        return contracts
    }

    /// The state of a contract's month, if something was stored.
    struct Existing: RowDecodable, Sendable {
        let id: InvoiceID
        let state: Invoice.State
        let number: InvoiceNumber?
        let total: VATTotal
        let hashes: InputHashes

        init(row: Row) throws {
            id = try row.value("invoice_id")
            hashes = InputHashes(
                contract: try row.value("contract_sha256"), usage: try row.value("usage_sha256"),
                priceBook: try row.value("price_book_sha256"))
            state = try row.named("state")
            total = VATTotal(net: try row.value("net"), vat: try row.value("vat"), gross: try row.value("gross"))
            number = try row.value("number", as: Int64?.self).map {
                InvoiceNumber(series: try row.value("series"), year: try row.value("year"), number: $0)
            }
        }
    }

    static func existing(
        _ contract: ContractID, _ month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> Existing? {
        try tx.first(
            """
            SELECT invoice_id, state, series, year, number, net, vat, gross, contract_sha256, usage_sha256,
                price_book_sha256
            FROM app.invoice
            WHERE contract_id = \(contract) AND month = \(month) AND reason = 'month'
            """)
    }

    /// The oldest month that has to be closed before this one: of the contract, or of another that its organisation has
    /// or had in the program, because one cutoff of usage serves them all.
    static func oldestOpen(
        before month: BillingMonth, of contract: Contract, _ tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> OpenMonth? {
        try tx.first(
            """
            SELECT c.number, m.month::date AS month \(InvoiceStore.openMonths(before: month))
                AND c.organisation_id = \(contract.organisationID) AND c.program = \(contract.program)
            ORDER BY m.month, c.contract_id LIMIT 1
            """)
    }

    /// Waits for every ingest that is under way for this organisation and program, and keeps new ones waiting until the
    /// transaction ends: usage read after this is complete up to now.
    static func holdUsage(
        of contract: Contract, _ tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) {
        try tx.execute(
            """
            INSERT INTO app.usage_cutoff AS u (organisation_id, host, finalised_before)
            VALUES (\(contract.organisationID), \(contract.program.host), '2000-01-01 00:00:00Z')
            ON CONFLICT (organisation_id, host) DO UPDATE SET finalised_before = u.finalised_before
            """)
    }

    /// Replaces an earlier draft of the month.
    static func replaceDraft(
        _ draft: InvoiceDraft, id: InvoiceID, closing: ClosingMonth, waitsFor: String,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let contract = closing.contract
        let earlier: SQL = """
            SELECT invoice_id FROM app.invoice
            WHERE contract_id = \(contract.id) AND month = \(closing.month) AND state = 'draft'
            """
        let parties = closing.parties
        _ = try tx.pipeline([
            "DELETE FROM app.invoice_line WHERE invoice_id IN (\(earlier))",
            "DELETE FROM app.invoice WHERE invoice_id IN (\(earlier))",
            """
            INSERT INTO app.invoice
                (invoice_id, organisation_id, contract_id, month, reason, state, estimated, waits_for, net, vat, gross,
                vat_category, vat_percent, vat_note, seller, buyer, notices, contract_version, price_book_version,
                disclosure_id, contract_sha256, usage_sha256, price_book_sha256, created_at)
            VALUES (\(id), \(contract.organisationID), \(contract.id), \(closing.month), 'month', 'draft',
                \(draft.missing != nil), \(waitsFor), \(draft.total.net), \(draft.total.vat), \(draft.total.gross),
                \(draft.vat.category.rawValue), \(draft.vat.rate.description), \(draft.vat.note ?? ""),
                \(JSONText(try StoredJSON.bytes(of: parties.seller))),
                \(JSONText(try StoredJSON.bytes(of: parties.buyer))),
                \(JSONText(try StoredJSON.bytes(of: draft.notices))), \(closing.version.version),
                \(closing.version.priceBookVersion), \(draft.disclosureID), \(draft.hashes.contract),
                \(draft.hashes.usage), \(draft.hashes.priceBook), \(closing.now))
            """,
            try lines(draft.lines, of: id, contract: contract),
        ])
    }

    /// Draws the number in the statement that makes the invoice final: one is never without the other.
    static func finalise(
        _ id: InvoiceID, closing: ClosingMonth, year: Int, due: CalendarDate, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> InvoiceNumber {
        let series = InvoiceNumber.series
        let number = try tx.value(
            """
            WITH drawn AS (
                INSERT INTO app.number_range AS n (series, year, next_number) VALUES (\(series), \(year), 2)
                ON CONFLICT (series, year) DO UPDATE SET next_number = n.next_number + 1
                RETURNING next_number - 1 AS number)
            UPDATE app.invoice SET state = 'finalised', series = \(series), year = \(year), number = drawn.number,
                issued_at = \(closing.now), due_on = \(due)
            FROM drawn WHERE invoice_id = \(id) RETURNING app.invoice.number
            """, as: Int64.self)
        return InvoiceNumber(series: series, year: year, number: number)
    }

    /// The month is closed without an invoice; its statement stays.
    static func closeWithoutInvoice(
        _ id: InvoiceID, _ tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) {
        try tx.execute("UPDATE app.invoice SET state = 'nothing_due' WHERE invoice_id = \(id)")
    }

    // MARK: Lines

    private struct LineRow: Encodable {
        let position: Int
        let charge: String
        let periodStart: CalendarDate
        let periodEnd: CalendarDate
        let reason: DraftLine.Reason
        let adjustedIn: CalendarDate?
        let description: String
        let quantity: String
        let unitPrice: String
        let net: Money
        let sentence: String
        let explanation: Explanation
    }

    private static func lines(_ lines: [DraftLine], of id: InvoiceID, contract: Contract) throws -> SQL {
        let rows = lines.enumerated().map { index, line in
            LineRow(
                position: index + 1, charge: line.charge, periodStart: line.periodStart, periodEnd: line.periodEnd,
                reason: line.reason, adjustedIn: line.adjustedIn?.firstDay, description: line.description,
                quantity: line.quantity, unitPrice: line.unitPrice, net: line.net, sentence: line.explanation.sentence,
                explanation: line.explanation)
        }
        return """
            INSERT INTO app.invoice_line
                (invoice_id, position, organisation_id, contract_id, charge, period_start, period_end, reason, adjusted_in,
                description, quantity, unit_price, net, sentence, explanation)
            SELECT \(id)::uuid, x.position, \(contract.organisationID)::uuid, \(contract.id)::uuid, x.charge, x.period_start,
                x.period_end, x.reason, x.adjusted_in, x.description, x.quantity, x.unit_price, x.net, x.sentence,
                x.explanation
            FROM jsonb_to_recordset(\(JSONText(try StoredJSON.bytes(of: rows)))::jsonb) AS x
                (position bigint, charge text, period_start date, period_end date, reason text, adjusted_in date,
                description text, quantity text, unit_price text, net numeric(18, 2), sentence text, explanation jsonb)
            """
    }
}

/// One contract's month while it is being closed.
struct ClosingMonth: Sendable {
    let contract: Contract
    let version: ContractVersion
    let month: BillingMonth
    let parties: Invoice.Parties
    let now: Timestamp
}

extension OpenMonth: RowDecodable {
    package init(row: Row) throws {
        self.init(contractNumber: try row.value("number"), month: try row.value("month"))
    }
}
