import Kernel
import Postgres
import Telephony
import Tenancy

/// Tenants with voice, and the version of their voice.
enum VoiceTenantStore {
    static func find(
        _ id: TenantID, forChange: Bool, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> VoiceTenant? {
        let lock: SQL = forChange ? "for update" : ""
        return try tx.first(
            """
            select tenant_id, organisation_id, domain, country from app.sip_domain where tenant_id = \(id) \(lock)
            """)
    }
}

extension VoiceTenant: RowDecodable {
    package init(row: Row) throws {
        self.init(
            id: try row.value("tenant_id"), organisationID: try row.value("organisation_id"),
            domain: try row.value("domain"), country: try CountryCode(column: row.value("country")))
    }
}

/// One object of a tenant's voice as it is stored.
package struct Stored<Value: Sendable & Equatable>: Sendable, Equatable {
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let value: Value
    /// 1 at first, one more with every change.
    package let revision: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

extension Stored: RowDecodable where Value: RowDecodable {
    package init(row: Row) throws {
        self.init(
            tenantID: try row.value("tenant_id"), organisationID: try row.value("organisation_id"),
            value: try Value(row: row), revision: try row.value("revision"), createdAt: try row.value("created_at"),
            updatedAt: try row.value("updated_at"))
    }
}

extension CountryCode {
    init(column: String) throws(DatabaseError) {
        guard let country = CountryCode(column) else { throw .decoding("a column is not a country") }
        self = country
    }
}

extension E164: SQLEncodable, SQLDecodable {
    package var sqlText: String? { description }

    package init(sqlText: String) throws(DatabaseError) {
        guard let number = E164(sqlText) else { throw .decoding("a column is not a number in E.164 form") }
        self = number
    }
}

/// The columns that every object of a tenant's voice has.
enum StoredColumns {
    /// With the alias of the table before them.
    static func of(_ alias: SQL) -> SQL {
        "\(alias).tenant_id, \(alias).organisation_id, \(alias).revision, \(alias).created_at, \(alias).updated_at"
    }

    /// `and id > cursor order by id limit n`, for lists.
    static func page<Kind>(_ column: SQL, after cursor: ID<Kind>?, limit: Int) -> SQL {
        let condition: SQL = cursor.map { "and \(column) > \($0)" } ?? ""
        return "\(condition) order by \(column) limit \(limit)"
    }
}
