import Kernel
import Postgres

/// Organisations in the database.
package enum OrganisationStore {
    private static let columns: SQL = """
        organisation_id, kind, managed_by, display_name, legal_name, country, address, billing_email, vat_id, \
        vat_id_valid, public_sector, critical_infrastructure, revision, created_at, updated_at
        """

    /// `nil` when it does not exist or the scope may not see it.
    package static func find(
        _ id: OrganisationID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Organisation? {
        try tx.first("select \(columns) from app.organisation where organisation_id = \(id) and deleted_at is null")
    }

    /// Locks the row for a change.
    static func findForUpdate(_ id: OrganisationID, _ tx: borrowing Transaction<ScopeNode>) throws -> Organisation? {
        try tx.first(
            "select \(columns) from app.organisation where organisation_id = \(id) and deleted_at is null for update")
    }

    /// The vendor; `nil` before the bootstrap.
    package static func vendor(_ tx: borrowing Transaction<ScopeNode>) throws -> Organisation? {
        try tx.first("select \(columns) from app.organisation where kind = 'vendor'")
    }

    package static func list(
        _ filter: OrganisationFilter, after cursor: OrganisationID?, limit: Int,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Organisation] {
        var conditions: [SQL] = ["deleted_at is null"]
        if let cursor { conditions.append("organisation_id > \(cursor)") }
        if let kind = filter.kind { conditions.append("kind = \(kind)") }
        if let manager = filter.managedBy { conditions.append("managed_by = \(manager)") }
        if let search = filter.search {
            let pattern = LikePattern.containing(search)
            conditions.append("(display_name ilike \(pattern) or legal_name ilike \(pattern))")
        }
        return try tx.all(
            """
            select \(columns) from app.organisation where \(SQL.joined(conditions, separator: " and ")) \
            order by organisation_id limit \(limit)
            """)
    }

    static func insert(_ organisation: Organisation, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute(insertion(of: organisation))
    }

    /// `false` when there is a vendor already, also one that another process has just made.
    static func insertIfFirst(_ vendor: Organisation, _ tx: borrowing Transaction<ScopeNode>) throws -> Bool {
        try !tx.rows("\(insertion(of: vendor)) on conflict do nothing returning organisation_id").isEmpty
    }

    private static func insertion(of organisation: Organisation) -> SQL {
        let profile = organisation.profile
        return """
            insert into app.organisation (\(columns)) values (\(organisation.id), \(organisation.kind.name), \
            \(organisation.kind.manager), \(profile.displayName), \(profile.legalName), \(profile.country.code), \
            \(profile.address), \(profile.billingEmail), \(profile.vatID?.text), \(profile.vatID?.isValid ?? false), \
            \(profile.publicSector), \(profile.criticalInfrastructure), \(organisation.revision), \
            \(organisation.createdAt), \(organisation.updatedAt))
            """
    }

    /// The row as it is after the change.
    static func update(
        _ id: OrganisationID, to profile: OrganisationProfile, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Organisation {
        try tx.one(
            """
            update app.organisation set display_name = \(profile.displayName), legal_name = \(profile.legalName), \
            country = \(profile.country.code), address = \(profile.address), \
            billing_email = \(profile.billingEmail), vat_id = \(profile.vatID?.text), \
            vat_id_valid = \(profile.vatID?.isValid ?? false), public_sector = \(profile.publicSector), \
            critical_infrastructure = \(profile.criticalInfrastructure), revision = revision + 1, updated_at = \(now)
            where organisation_id = \(id) returning \(columns)
            """)
    }
}

extension Organisation.Kind.Name: SQLEncodable, SQLDecodable {}

extension Organisation: RowDecodable {
    package init(row: Row) throws {
        guard let country = CountryCode(try row.value("country", as: String.self)) else {
            throw DatabaseError.decoding("column 'country' is not a country")
        }
        var profile = OrganisationProfile(
            displayName: try row.value("display_name"), legalName: try row.value("legal_name"), country: country)
        profile.address = try row.value("address")
        profile.billingEmail = try row.value("billing_email")
        profile.publicSector = try row.value("public_sector")
        profile.criticalInfrastructure = try row.value("critical_infrastructure")
        if let number = try row.value("vat_id", as: String?.self) {
            profile.vatID = VATID(text: number, isValid: try row.value("vat_id_valid"))
        }
        let kind: Kind =
            switch try row.value("kind", as: Kind.Name.self) {
            case .vendor: .vendor
            case .partner: .partner
            case .endCustomer: .endCustomer(of: try row.value("managed_by"))
            }
        self.init(
            id: try row.value("organisation_id"), kind: kind, profile: profile, revision: try row.value("revision"),
            createdAt: try row.value("created_at"), updatedAt: try row.value("updated_at"))
    }
}

/// Patterns for LIKE out of what people type.
enum LikePattern {
    /// `%text%` with the pattern characters of `text` taken literally.
    static func containing(_ text: String) -> String {
        var pattern = "%"
        for character in text {
            if character == "%" || character == "_" || character == "\\" { pattern.append("\\") }
            pattern.append(character)
        }
        return pattern + "%"
    }
}
