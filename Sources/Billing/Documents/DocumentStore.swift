import Kernel
import Postgres
import Rating
import Tenancy

extension ContractDocument.Kind: SQLEncodable, SQLDecodable {}

extension ContractDocument: RowDecodable {
    static let columns: SQL = """
        d.document_id, d.organisation_id, d.contract_id, d.kind, d.end_customer_id, d.reference, d.signed_on, d.created_at
        """

    package init(row: Row) throws {
        self.init(
            id: try row.value("document_id"), organisationID: try row.value("organisation_id"),
            contractID: try row.value("contract_id"), kind: try row.value("kind"),
            endCustomerID: try row.value("end_customer_id"), reference: try row.value("reference"),
            signedOn: try row.value("signed_on"), createdAt: try row.value("created_at"))
    }
}

/// SQL of the documents of contracts. They are only added.
enum DocumentStore {
    static func insert(
        _ document: ContractDocument, by principal: PrincipalID, _ tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) {
        try tx.execute(
            """
            INSERT INTO app.contract_document
                (document_id, organisation_id, contract_id, kind, end_customer_id, reference, signed_on, created_at,
                created_by)
            VALUES (\(document.id), \(document.organisationID), \(document.contractID), \(document.kind),
                \(document.endCustomerID), \(document.reference), \(document.signedOn), \(document.createdAt),
                \(principal))
            """)
    }

    /// In the order of recording.
    static func all(
        of contract: ContractID, _ tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> [ContractDocument] {
        try tx.all(
            """
            SELECT \(ContractDocument.columns) FROM app.contract_document d WHERE d.contract_id = \(contract)
            ORDER BY d.document_id
            """)
    }

    /// Whether a contract of the program that is in force or to come has the document.
    static func isMet(
        _ required: RequiredDocument, of organisation: OrganisationID, in program: Program,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> Bool {
        try tx.value(
            """
            SELECT EXISTS (SELECT FROM app.contract_document d JOIN app.contract c USING (contract_id)
                WHERE c.organisation_id = \(organisation) AND c.program = \(program) AND d.kind = \(required.kind)
                    AND d.end_customer_id IS NOT DISTINCT FROM \(required.endCustomerID)::uuid
                    AND (c.ends_on IS NULL OR c.ends_on > (now() AT TIME ZONE 'Europe/Vienna')::date))
            """, as: Bool.self)
    }

    /// The end-customers that have a deployment of this organisation.
    static func deployedAt(
        _ organisation: OrganisationID, _ tx: borrowing Transaction<ScopeNode>
    ) throws(DatabaseError) -> [OrganisationID] {
        try tx.all(
            """
            SELECT DISTINCT owner_id FROM app.instance
            WHERE organisation_id = \(organisation) AND host = 'end_customer' AND state = 'active' ORDER BY owner_id
            """, as: (OrganisationID).self)
    }
}
