import Kernel
import Postgres

/// A wrapped data key as it lies in the database.
struct WrappedKey: RowDecodable, Sendable {
    let id: SealingKeyID
    let kekID: String
    let wrapped: [UInt8]

    init(id: SealingKeyID, kekID: String, wrapped: [UInt8]) {
        self.id = id
        self.kekID = kekID
        self.wrapped = wrapped
    }

    init(row: Row) throws {
        (id, kekID, wrapped) = try row.decode(as: (SealingKeyID, String, [UInt8]).self)
    }
}

/// Wrapped data keys in the database.
enum SealingKeyStore {
    /// The key that seals for an owner now.
    static func active(_ owner: SecretOwner, _ tx: borrowing Transaction<ScopeNode>) throws -> WrappedKey? {
        try tx.first(
            """
            select data_key_id, kek_id, wrapped from app.data_key
            where organisation_id is not distinct from \(owner.organisationID)
                and tenant_id is not distinct from \(owner.tenantID) and state = 'active'
            """)
    }

    /// `nil` when it is gone or the scope may not see it.
    static func find(_ id: SealingKeyID, _ tx: borrowing Transaction<ScopeNode>) throws -> WrappedKey? {
        try tx.first("select data_key_id, kek_id, wrapped from app.data_key where data_key_id = \(id)")
    }

    /// Says how many there were.
    static func delete(_ owner: SecretOwner, _ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        try tx.rows(
            """
            delete from app.data_key where organisation_id is not distinct from \(owner.organisationID)
                and tenant_id is not distinct from \(owner.tenantID) returning data_key_id
            """
        ).count
    }

    /// Does nothing when another transaction was quicker.
    static func insert(
        _ key: WrappedKey, for owner: SecretOwner, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws {
        try tx.execute(
            """
            insert into app.data_key (data_key_id, organisation_id, tenant_id, generation, kek_id, wrapped, state, \
            created_at)
            select \(key.id), \(owner.organisationID), \(owner.tenantID), coalesce(max(generation), 0) + 1, \
                \(key.kekID), \(key.wrapped), 'active', \(actor.now)
            from app.data_key where organisation_id is not distinct from \(owner.organisationID)
                and tenant_id is not distinct from \(owner.tenantID)
            on conflict do nothing
            """)
    }
}
