import Kernel
import Postgres
import Rating

extension Disclosure: RowDecodable {
    static let columns: SQL = """
        disclosure_id, organisation_id, contract_id, month, basis, amount, disclosed_by, note, disclosed_at
        """

    package init(row: Row) throws {
        guard let basis = DisclosureBasis(rawValue: try row.value("basis")) else {
            throw DatabaseError.decoding("a column is not a basis of disclosure")
        }
        self.init(
            id: try row.value("disclosure_id"), organisationID: try row.value("organisation_id"),
            contractID: try row.value("contract_id"), month: try row.value("month"), basis: basis,
            amount: try row.value("amount"), disclosedBy: try row.value("disclosed_by"), note: try row.value("note"),
            disclosedAt: try row.value("disclosed_at"))
    }
}

/// SQL of disclosures. They are only added.
enum DisclosureStore {
    static func insert(
        _ disclosure: Disclosure, by principal: PrincipalID, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) {
        try tx.execute(
            """
            INSERT INTO app.disclosure (\(Disclosure.columns), principal_id)
            VALUES (\(disclosure.id), \(disclosure.organisationID), \(disclosure.contractID), \(disclosure.month),
                \(disclosure.basis.rawValue), \(disclosure.amount), \(disclosure.disclosedBy), \(disclosure.note),
                \(disclosure.disclosedAt), \(principal))
            """)
    }

    /// Every disclosure of a contract in the order of arrival.
    static func statement(of contract: ContractID) -> SQL {
        """
        SELECT \(Disclosure.columns) FROM app.disclosure WHERE contract_id = \(contract)
        ORDER BY disclosed_at, disclosure_id
        """
    }

    static func all(
        of contract: ContractID, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> [Disclosure] {
        try tx.all(statement(of: contract))
    }

    /// Newest first.
    static func list(
        of contract: ContractID, page: PageRequest, in tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Disclosure> {
        var condition: SQL = ""
        if let text = page.cursor {
            guard let cursor = DisclosureID(text) else { throw Problem.invalid("cursor", "take it from 'next_cursor'") }
            condition = "AND disclosure_id < \(cursor)"
        }
        let rows = try tx.all(
            """
            SELECT \(Disclosure.columns) FROM app.disclosure WHERE contract_id = \(contract) \(condition)
            ORDER BY disclosure_id DESC LIMIT \(page.limit + 1)
            """, as: Disclosure.self)
        return Page(rows: rows, limit: page.limit) { $0.id.description }
    }
}
