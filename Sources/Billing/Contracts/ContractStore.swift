import Kernel
import Postgres
import Rating

extension Contract: RowDecodable {
    static let columns: SQL = """
        c.contract_id, c.organisation_id, c.program, c.number, c.starts_on, c.ends_on, c.notice_given_on, c.revision,
        c.created_at, c.updated_at
        """

    package init(row: Row) throws {
        self.init(
            id: try row.value("contract_id"), organisationID: try row.value("organisation_id"),
            program: try row.value("program"), number: try row.value("number"), startsOn: try row.value("starts_on"),
            endsOn: try row.value("ends_on"), noticeGivenOn: try row.value("notice_given_on"),
            revision: try row.value("revision"), createdAt: try row.value("created_at"),
            updatedAt: try row.value("updated_at"))
    }
}

extension ContractVersion: RowDecodable {
    static let columns: SQL = """
        v.contract_id, v.version, v.organisation_id, v.effective_month, v.price_book_version, v.terms, v.sha256,
        v.created_at
        """

    package init(row: Row) throws {
        let document = try StoredJSON.decode(
            TermsDocument.self, from: try row.value("terms", as: JSONText.self).bytes)
        self.init(
            contractID: try row.value("contract_id"), version: try row.value("version"),
            organisationID: try row.value("organisation_id"), effectiveMonth: try row.value("effective_month"),
            priceBookVersion: try row.value("price_book_version"), terms: try document.terms(),
            sha256: try row.value("sha256"), createdAt: try row.value("created_at"))
    }
}

extension MasterAgreement: RowDecodable {
    package init(row: Row) throws {
        self.init(
            organisationID: try row.value("organisation_id"), reference: try row.value("reference"),
            signedOn: try row.value("signed_on"), createdAt: try row.value("created_at"))
    }
}

extension Program: SQLEncodable, SQLDecodable {
    package var sqlText: String? { rawValue }

    package init(sqlText: String) throws(DatabaseError) {
        guard let program = Program(rawValue: sqlText) else { throw .decoding("a column is not a program") }
        self = program
    }
}

/// What a contract needs to know of the organisation that signs it.
struct ContractParty: RowDecodable, Sendable {
    let id: OrganisationID
    let kind: String
    let publicSector: Bool
    let criticalInfrastructure: Bool

    init(row: Row) throws {
        (id, kind, publicSector, criticalInfrastructure) = try row.decode(
            as: (OrganisationID, String, Bool, Bool).self)
    }
}

/// SQL of contracts, their versions and master agreements.
enum ContractStore {
    static func party(
        _ id: OrganisationID, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> ContractParty? {
        try tx.first(
            """
            SELECT organisation_id, kind, public_sector, critical_infrastructure FROM app.organisation
            WHERE organisation_id = \(id) AND deleted_at IS NULL
            """)
    }

    static func insert(
        _ agreement: MasterAgreement, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) {
        try tx.execute(
            """
            INSERT INTO app.master_agreement (organisation_id, reference, signed_on, created_at)
            VALUES (\(agreement.organisationID), \(agreement.reference), \(agreement.signedOn), \(agreement.createdAt))
            """)
    }

    static func masterAgreement(
        of organisation: OrganisationID, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> MasterAgreement? {
        try tx.first(
            """
            SELECT organisation_id, reference, signed_on, created_at FROM app.master_agreement
            WHERE organisation_id = \(organisation)
            """)
    }

    static func insert(_ contract: Contract, in tx: borrowing Transaction<ScopeNode>) throws(DatabaseError) {
        try tx.execute(
            """
            INSERT INTO app.contract
                (contract_id, organisation_id, program, number, starts_on, ends_on, notice_given_on, revision,
                created_at, updated_at)
            VALUES (\(contract.id), \(contract.organisationID), \(contract.program), \(contract.number),
                \(contract.startsOn), \(contract.endsOn), \(contract.noticeGivenOn), \(contract.revision),
                \(contract.createdAt), \(contract.updatedAt))
            """)
    }

    static func insert(
        _ version: ContractVersion, by principal: PrincipalID, in tx: borrowing Transaction<ScopeNode>
    ) throws {
        let terms = JSONText(try StoredJSON.bytes(of: TermsDocument(version.terms)))
        try tx.execute(
            """
            INSERT INTO app.contract_version
                (contract_id, version, organisation_id, effective_month, price_book_version, terms, sha256, created_at,
                created_by)
            VALUES (\(version.contractID), \(version.version), \(version.organisationID), \(version.effectiveMonth),
                \(version.priceBookVersion), \(terms), \(version.sha256), \(version.createdAt), \(principal))
            """)
    }

    /// `lock` keeps the row from changing until the transaction ends: the month close and every change take it.
    static func contract(
        _ id: ContractID, lock: Bool = false, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> Contract? {
        let locking: SQL = lock ? "FOR NO KEY UPDATE" : ""
        return try tx.first("SELECT \(Contract.columns) FROM app.contract c WHERE c.contract_id = \(id) \(locking)")
    }

    static func versions(
        of id: ContractID, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> [ContractVersion] {
        try tx.all(
            """
            SELECT \(ContractVersion.columns) FROM app.contract_version v WHERE v.contract_id = \(id)
            ORDER BY v.version
            """)
    }

    /// Versions of several contracts, each contract's in order.
    static func versions(
        ofAll ids: [ContractID], in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> [ContractID: [ContractVersion]] {
        let versions = try tx.all(
            """
            SELECT \(ContractVersion.columns) FROM app.contract_version v WHERE v.contract_id = ANY(\(ids))
            ORDER BY v.contract_id, v.version
            """, as: ContractVersion.self)
        return Dictionary(grouping: versions, by: \.contractID)
    }

    static func list(
        _ filter: ContractFilter, page: PageRequest, in tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<Contract> {
        var conditions: [SQL] = ["true"]
        if let organisation = filter.organisationID { conditions.append("c.organisation_id = \(organisation)") }
        if let program = filter.program { conditions.append("c.program = \(program)") }
        if let text = page.cursor {
            guard let cursor = ContractID(text) else { throw Problem.invalid("cursor", "take it from 'next_cursor'") }
            conditions.append("c.contract_id > \(cursor)")
        }
        let rows = try tx.all(
            """
            SELECT \(Contract.columns) FROM app.contract c WHERE \(SQL.joined(conditions, separator: " AND "))
            ORDER BY c.contract_id LIMIT \(page.limit + 1)
            """, as: Contract.self)
        return Page(rows: rows, limit: page.limit) { $0.id.description }
    }

    static func setEnd(
        of contract: Contract, on endsOn: CalendarDate, noticeOn: CalendarDate, at now: Timestamp,
        in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) {
        try tx.execute(
            """
            UPDATE app.contract SET ends_on = \(endsOn), notice_given_on = \(noticeOn), revision = revision + 1,
                updated_at = \(now)
            WHERE contract_id = \(contract.id)
            """)
    }

    /// A new version is a change of the contract: its tag changes.
    static func touch(
        _ id: ContractID, at now: Timestamp, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) {
        try tx.execute(
            "UPDATE app.contract SET revision = revision + 1, updated_at = \(now) WHERE contract_id = \(id)")
    }

    /// The last month of the contract whose invoice is final, if any.
    static func lastFinalMonth(
        of id: ContractID, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> BillingMonth? {
        try tx.value(
            "SELECT max(month) FROM app.invoice WHERE contract_id = \(id) AND state <> 'draft'", as: BillingMonth?.self)
    }

    /// The contract of a program that is in force today, or else the next one.
    static func present(
        of organisation: OrganisationID, in program: Program, _ tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> Contract? {
        try tx.first(
            """
            SELECT \(Contract.columns) FROM app.contract c
            WHERE c.organisation_id = \(organisation) AND c.program = \(program)
                AND (c.ends_on IS NULL OR c.ends_on > (now() AT TIME ZONE 'Europe/Vienna')::date)
            ORDER BY c.starts_on LIMIT 1
            """)
    }

    /// Programs whose contract is in force today, by the calendar in Vienna, or begins later.
    static func programs(
        of organisation: OrganisationID, in tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> [Program] {
        try tx.all(
            """
            SELECT DISTINCT program FROM app.contract WHERE organisation_id = \(organisation)
                AND (ends_on IS NULL OR ends_on > (now() AT TIME ZONE 'Europe/Vienna')::date)
            """, as: (Program).self)
    }
}

/// What a list of contracts is limited to.
package struct ContractFilter: Sendable {
    package var organisationID: OrganisationID?
    package var program: Program?

    package init(organisationID: OrganisationID? = nil, program: Program? = nil) {
        self.organisationID = organisationID
        self.program = program
    }
}
