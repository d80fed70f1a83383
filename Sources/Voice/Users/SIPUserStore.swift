import FoundationEssentials
import Kernel
import Postgres
import Telephony
import Tenancy

/// A secret of a user as it is stored.
struct SIPCredential: RowDecodable, Sendable {
    let userID: SIPUserID
    /// 1 or 2.
    let slot: Int
    let secret: SealedSecret
    let createdAt: Timestamp
    let expiresAt: Timestamp?

    init(row: Row) throws {
        (userID, slot, secret, createdAt, expiresAt) = try row.decode(
            as: (SIPUserID, Int, SealedSecret, Timestamp, Timestamp?).self)
    }
}

enum SIPUserStore {
    /// The newest first.
    private static let credentials: SQL = """
        from app.sip_credential c where c.tenant_id = u.tenant_id and c.sip_user_id = u.sip_user_id
            order by c.expires_at is not null, c.created_at desc
        """
    private static let selection: SQL = """
        select \(StoredColumns.of("u")), u.sip_user_id, u.name, u.display_name, u.caller_number_id, u.site_id,
            u.is_enabled, u.forward_condition, u.forward_destination,
            array(select c.digest \(credentials)) as digests, array(select c.secret \(credentials)) as secrets
        from app.sip_user u
        """

    /// `nil` when it does not exist or the scope may not see it.
    static func find(
        _ id: SIPUserID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Stored<SIPUser>? {
        try tx.first("\(selection) where u.tenant_id = \(tenant) and u.sip_user_id = \(id)")
    }

    static func list(
        of tenant: TenantID, after cursor: SIPUserID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<SIPUser>] {
        try tx.all(
            """
            \(selection) where u.tenant_id = \(tenant) \(StoredColumns.page("u.sip_user_id", after: cursor, limit: limit))
            """)
    }

    /// All users of these tenants, in the order of their names.
    static func all(
        of tenants: [TenantID], _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Stored<SIPUser>] {
        try tx.all(
            "\(selection) where u.tenant_id = any(\(tenants)::uuid[]) order by u.tenant_id, u.name collate \"C\"")
    }

    static func insert(
        _ user: SIPUser, of tenant: VoiceTenant, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            insert into app.sip_user (tenant_id, sip_user_id, organisation_id, name, display_name, caller_number_id, \
            site_id, is_enabled, forward_condition, forward_destination, created_at, updated_at)
            values (\(tenant.id), \(user.id), \(tenant.organisationID), \(user.name), \(user.displayName), \
            \(user.callerNumber), \(user.siteID), \(user.isEnabled), \(user.forward?.condition.rawValue), \
            \(user.forward?.destination), \(now), \(now))
            """)
    }

    static func update(
        _ user: SIPUser, of tenant: TenantID, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.sip_user set name = \(user.name), display_name = \(user.displayName), \
            caller_number_id = \(user.callerNumber), site_id = \(user.siteID), is_enabled = \(user.isEnabled), \
            forward_condition = \(user.forward?.condition.rawValue), \
            forward_destination = \(user.forward?.destination), revision = revision + 1, updated_at = \(now)
            where tenant_id = \(tenant) and sip_user_id = \(user.id)
            """)
    }

    static func delete(_ id: SIPUserID, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.sip_user where tenant_id = \(tenant) and sip_user_id = \(id)")
    }
}

/// Names of users and groups, which share one space.
enum ExtensionStore {
    /// `false` when a user or group of the tenant has the name.
    static func take<Kind>(
        _ name: String, for owner: ID<Kind>, of tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Bool {
        try !tx.rows(
            """
            insert into app.sip_extension (tenant_id, name, organisation_id, owner_id)
            values (\(tenant.id), \(name), \(tenant.organisationID), \(owner)) on conflict do nothing returning name
            """
        ).isEmpty
    }

    /// Every name of a user or group.
    static func names(of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws -> [String] {
        try tx.all("select name from app.sip_extension where tenant_id = \(tenant) order by name", as: String.self)
    }

    static func giveBack(_ name: String, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute("delete from app.sip_extension where tenant_id = \(tenant) and name = \(name)")
    }
}

enum SIPCredentialStore {
    /// The credentials of some users, the newest of each first.
    static func list(
        of users: [SIPUserID], _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [SIPCredential] {
        try tx.all(
            """
            select sip_user_id, slot, secret, created_at, expires_at from app.sip_credential
            where tenant_id = \(tenant) and sip_user_id = any(\(users)::uuid[])
            order by sip_user_id, expires_at is not null, created_at desc
            """)
    }

    /// Every user with credentials, to make new digests.
    static func users(
        of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [(SIPUserID, String)] {
        try tx.all(
            "select sip_user_id, name from app.sip_user where tenant_id = \(tenant) order by sip_user_id",
            as: (SIPUserID, String).self)
    }

    /// A secret on its way into a slot.
    struct New {
        let secret: SealedSecret
        let digest: String
        let slot: Int
    }

    static func insert(
        _ new: New, of user: SIPUserID, _ tenant: VoiceTenant, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            insert into app.sip_credential (tenant_id, sip_user_id, slot, organisation_id, digest, secret, created_at)
            values (\(tenant.id), \(user), \(new.slot), \(tenant.organisationID), \(new.digest), \(new.secret), \
            \(now))
            """)
    }

    static func set(
        digest: String, slot: Int, of user: SIPUserID, _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.sip_credential set digest = \(digest)
            where tenant_id = \(tenant) and sip_user_id = \(user) and slot = \(slot)
            """)
    }

    /// What has no end yet ends then.
    static func expire(
        _ user: SIPUserID, _ tenant: TenantID, at end: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.sip_credential set expires_at = \(end)
            where tenant_id = \(tenant) and sip_user_id = \(user) and expires_at is null
            """)
    }

    static func deleteOld(_ user: SIPUserID, _ tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        try tx.execute(
            """
            delete from app.sip_credential
            where tenant_id = \(tenant) and sip_user_id = \(user) and expires_at is not null
            """)
    }

    /// Old secrets whose time is over, over all tenants; the users that they belonged to.
    static func deleteExpired(
        at now: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [(TenantID, OrganisationID, SIPUserID)] {
        try tx.all(
            """
            delete from app.sip_credential c using (
                select tenant_id, sip_user_id, slot from app.sip_credential
                where expires_at <= \(now) order by tenant_id, sip_user_id limit \(limit)
            ) x where c.tenant_id = x.tenant_id and c.sip_user_id = x.sip_user_id and c.slot = x.slot
            returning c.tenant_id, c.organisation_id, c.sip_user_id
            """, as: (TenantID, OrganisationID, SIPUserID).self)
    }
}

extension SIPUser: RowDecodable {
    package init(row: Row) throws {
        let condition = try row.value("forward_condition", as: String?.self).flatMap(Forward.Condition.init)
        let destination = try row.value("forward_destination", as: String?.self)
        var forward: Forward?
        if let condition, let destination { forward = Forward(condition: condition, destination: destination) }
        self.init(
            id: try row.value("sip_user_id"), name: try row.value("name"), digests: try row.value("digests"),
            fingerprints: try row.value("secrets", as: [SealedSecret].self).map(\.fingerprint),
            displayName: try row.value("display_name"), callerNumber: try row.value("caller_number_id"),
            siteID: try row.value("site_id"), isEnabled: try row.value("is_enabled"), forward: forward)
    }
}
