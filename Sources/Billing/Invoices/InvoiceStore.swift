import Kernel
import Postgres
import Rating

extension Invoice: RowDecodable {
    static let columns: SQL = """
        i.invoice_id, i.organisation_id, i.contract_id, i.month, i.state, i.series, i.year, i.number, i.issued_at,
        i.due_on, i.estimated, i.waits_for, i.net, i.vat, i.gross, i.vat_category, i.vat_percent, i.vat_note, i.seller,
        i.buyer, i.notices, i.contract_version, i.price_book_version, i.disclosure_id, i.contract_sha256,
        i.usage_sha256, i.price_book_sha256, i.created_at
        """

    package init(row: Row) throws {
        self.init(
            id: try row.value("invoice_id"), organisationID: try row.value("organisation_id"),
            contractID: try row.value("contract_id"), month: try row.value("month"),
            state: try row.named("state"), issue: try Issue(row: row), estimated: try row.value("estimated"),
            waitsFor: try row.value("waits_for"), amounts: try Amounts(row: row), parties: try Parties(row: row),
            basis: try Basis(row: row), createdAt: try row.value("created_at"))
    }
}

extension Invoice.Issue {
    fileprivate init?(row: Row) throws {
        guard let number = try row.value("number", as: Int64?.self) else { return nil }
        self.init(
            number: InvoiceNumber(series: try row.value("series"), year: try row.value("year"), number: number),
            issuedAt: try row.value("issued_at"), dueOn: try row.value("due_on"))
    }
}

extension Invoice.Amounts {
    fileprivate init(row: Row) throws {
        self.init(
            net: try row.value("net"), vat: try row.value("vat"), gross: try row.value("gross"),
            category: try row.named("vat_category"), percent: try Percent(row.value("vat_percent", as: String.self)),
            note: try row.value("vat_note"))
    }
}

extension Invoice.Parties {
    fileprivate init(row: Row) throws {
        self.init(seller: try row.json("seller"), buyer: try row.json("buyer"))
    }
}

extension Invoice.Basis {
    fileprivate init(row: Row) throws {
        self.init(
            contractVersion: try row.value("contract_version"), priceBookVersion: try row.value("price_book_version"),
            disclosureID: try row.value("disclosure_id"),
            hashes: InputHashes(
                contract: try row.value("contract_sha256"), usage: try row.value("usage_sha256"),
                priceBook: try row.value("price_book_sha256")), notices: try row.json("notices"))
    }
}

extension DraftLine: RowDecodable {
    static let columns: SQL = """
        l.charge, l.period_start, l.period_end, l.reason, l.adjusted_in, l.description, l.quantity, l.unit_price, l.net,
        l.explanation
        """

    package init(row: Row) throws {
        self.init(
            charge: try row.value("charge"), periodStart: try row.value("period_start"),
            periodEnd: try row.value("period_end"), reason: try row.named("reason"),
            adjustedIn: try row.value("adjusted_in"), description: try row.value("description"),
            quantity: try row.value("quantity"), unitPrice: try row.value("unit_price"), net: try row.value("net"),
            explanation: try row.json("explanation"))
    }
}

extension Row {
    /// A column with one of an enumeration's names.
    func named<Value: RawRepresentable<String>>(_ column: String) throws(DatabaseError) -> Value {
        guard let value = Value(rawValue: try value(column, as: String.self)) else {
            throw .decoding("column '\(column)' has an unknown name")
        }
        return value
    }

    func json<Value: Decodable>(_ column: String) throws -> Value {
        try StoredJSON.decode(Value.self, from: try value(column, as: JSONText.self).bytes)
    }
}

/// SQL of invoices as they are read.
enum InvoiceStore {
    static func record(_ id: InvoiceID, in tx: borrowing Transaction<ScopeNode>) throws -> InvoiceRecord? {
        let row = try tx.rows(
            """
            SELECT \(Invoice.columns), c.number AS contract_number, c.program FROM app.invoice i
            JOIN app.contract c USING (contract_id) WHERE i.invoice_id = \(id)
            """
        ).first
        guard let row else { return nil }
        let lines = try tx.all(
            "SELECT \(DraftLine.columns) FROM app.invoice_line l WHERE l.invoice_id = \(id) ORDER BY l.position",
            as: DraftLine.self)
        return InvoiceRecord(
            invoice: try Invoice(row: row), contractNumber: try row.value("contract_number"),
            program: try row.value("program"), lines: lines)
    }

    /// Newest first, without lines.
    static func list(
        _ filter: InvoiceFilter, page: PageRequest, in tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<InvoiceRecord> {
        var conditions: [SQL] = ["true"]
        if let organisation = filter.organisationID { conditions.append("i.organisation_id = \(organisation)") }
        if let contract = filter.contractID { conditions.append("i.contract_id = \(contract)") }
        if let month = filter.month { conditions.append("i.month = \(month)") }
        if let state = filter.state { conditions.append("i.state = \(state.rawValue)") }
        if let text = page.cursor {
            guard let cursor = InvoiceID(text) else { throw Problem.invalid("cursor", "take it from 'next_cursor'") }
            conditions.append("i.invoice_id < \(cursor)")
        }
        let rows = try tx.rows(
            """
            SELECT \(Invoice.columns), c.number AS contract_number, c.program FROM app.invoice i
            JOIN app.contract c USING (contract_id) WHERE \(SQL.joined(conditions, separator: " AND "))
            ORDER BY i.invoice_id DESC LIMIT \(page.limit + 1)
            """)
        let records = try rows.map { row in
            InvoiceRecord(
                invoice: try Invoice(row: row), contractNumber: try row.value("contract_number"),
                program: try row.value("program"), lines: [])
        }
        return Page(rows: records, limit: page.limit) { $0.invoice.id.description }
    }

    static func revenue(
        since month: BillingMonth, in tx: borrowing Transaction<ScopeNode>
    ) throws -> [ProgramRevenue] {
        try tx.all(
            """
            SELECT c.program, i.month, sum(i.net), count(*) FROM app.invoice i JOIN app.contract c USING (contract_id)
            WHERE i.state = 'finalised' AND i.month >= \(month) GROUP BY 1, 2 ORDER BY 2, 1
            """, as: (Program, BillingMonth, Money, Int).self
        ).map { ProgramRevenue(program: $0.0, month: $0.1, net: $0.2, invoices: $0.3) }
    }

    static func oldestOpenMonth(
        before month: BillingMonth, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> BillingMonth? {
        try tx.value("SELECT min(m.month)::date \(openMonths(before: month))", as: BillingMonth?.self)
    }

    /// Contracts `c` with their months `m` before `month` that no final invoice or statement covers, from the first day
    /// of the contract on: a month that was never touched is as open as a draft. More conditions may follow with AND.
    static func openMonths(before month: BillingMonth) -> SQL {
        """
        FROM app.contract c CROSS JOIN LATERAL generate_series(
            date_trunc('month', c.starts_on::timestamp),
            least(\(month)::date - interval '1 month', c.ends_on - interval '1 day'), interval '1 month') AS m (month)
        WHERE NOT EXISTS (SELECT FROM app.invoice i
            WHERE i.contract_id = c.contract_id AND i.month = m.month::date AND i.state <> 'draft')
        """
    }
}
