import Kernel
import Postgres

/// Instances in the database.
package enum InstanceStore {
    private static let columns: SQL = """
        instance_id, organisation_id, owner_id, host, display_name, region, version, state, order_reference, size, revision, \
        created_at, updated_at
        """

    /// `nil` when it does not exist or the scope may not see it.
    package static func find(_ id: InstanceID, _ tx: borrowing Transaction<ScopeNode>) throws -> Instance? {
        try tx.first("select \(columns) from app.instance where instance_id = \(id)")
    }

    /// Locks the row for a change; `nil` also when the scope may see it but not change it.
    static func findForUpdate(_ id: InstanceID, _ tx: borrowing Transaction<ScopeNode>) throws -> Instance? {
        try tx.first("select \(columns) from app.instance where instance_id = \(id) for update")
    }

    package static func list(
        _ filter: InstanceFilter, after cursor: InstanceID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Instance] {
        var conditions: [SQL] = ["true"]
        if let cursor { conditions.append("instance_id > \(cursor)") }
        if let organisation = filter.organisationID { conditions.append("organisation_id = \(organisation)") }
        if let owner = filter.ownerID { conditions.append("owner_id = \(owner)") }
        if let host = filter.host { conditions.append("host = \(host)") }
        if let state = filter.state { conditions.append("state = \(state)") }
        return try tx.all(
            """
            select \(columns) from app.instance where \(SQL.joined(conditions, separator: " and ")) \
            order by instance_id limit \(limit)
            """)
    }

    static func insert(_ instance: Instance, _ tx: borrowing Transaction<ScopeNode>) throws {
        let profile = instance.profile
        try tx.execute(
            """
            insert into app.instance (\(columns)) values (\(instance.id), \(instance.organisationID), \
            \(instance.ownerID), \(instance.host), \(profile.displayName), \(profile.region), \(profile.version), \
            \(instance.state), \(instance.licence?.order), \(instance.licence?.size), \(instance.revision), \(instance.createdAt), \(instance.updatedAt))
            """)
    }

    /// The row as it is after the change.
    static func update(
        _ instance: Instance, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Instance {
        try tx.one(
            """
            update app.instance set display_name = \(instance.profile.displayName), \
            region = \(instance.profile.region), version = \(instance.profile.version), state = \(instance.state), \
            order_reference = \(instance.licence?.order), size = \(instance.licence?.size), \
            revision = revision + 1, updated_at = \(now)
            where instance_id = \(instance.id) returning \(columns)
            """)
    }
}

extension InstanceStore {
    /// How many other active instances stand under a licence. Registrations of one organisation wait for each other, so that
    /// two cannot take the last place.
    static func placed(
        _ licence: InstanceLicence, of organisation: OrganisationID, beside id: InstanceID,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Int {
        try tx.execute("select 1 from app.organisation where organisation_id = \(organisation) for no key update")
        return try tx.value(
            """
            select count(*) from app.instance where organisation_id = \(organisation) and instance_id <> \(id)
                and state = 'active' and order_reference = \(licence.order) and size = \(licence.size)
            """, as: Int.self)
    }
}

extension InstanceLicence.Size: SQLEncodable, SQLDecodable {}
extension InstanceHost: SQLEncodable, SQLDecodable {}
extension Instance.State: SQLEncodable, SQLDecodable {}

extension Instance: RowDecodable {
    package init(row: Row) throws {
        var profile = InstanceProfile(displayName: try row.value("display_name"))
        profile.region = try row.value("region")
        profile.version = try row.value("version")
        let size = try row.value("size", as: InstanceLicence.Size?.self)
        self.init(
            id: try row.value("instance_id"), organisationID: try row.value("organisation_id"),
            ownerID: try row.value("owner_id"), host: try row.value("host"), profile: profile,
            state: try row.value("state"),
            licence: try size.map { InstanceLicence(order: try row.value("order_reference"), size: $0) },
            revision: try row.value("revision"),
            createdAt: try row.value("created_at"), updatedAt: try row.value("updated_at"))
    }
}
