import FoundationEssentials
import Kernel
import Postgres
import Synchronization
import Telephony

/// Whose leg a record speaks of.
struct RecordOwner: Sendable, Hashable {
    let tenantID: TenantID
    let organisationID: OrganisationID
    let instanceID: InstanceID

    /// The organisation's: what a call costs is in its contracts, which a tenant does not see.
    var scope: ScopeNode { .organisation(organisationID) }
}

extension RecordOwner: RowDecodable {
    init(row: Row) throws {
        self.init(
            tenantID: try row.value("tenant_id"), organisationID: try row.value("organisation_id"),
            instanceID: try row.value("instance_id"))
    }
}

/// Finds the tenant of a record. What we put on the leg decides; without it what is proven does: the domain in which a
/// phone signed in, the trunk, the domain of the directory, the leg that made this one, the number that was called.
enum RecordOwnerStore {
    static func find(_ record: CallRecord, _ tx: borrowing Transaction<ScopeNode>) throws -> RecordOwner? {
        let domains = [record.parties.directoryDomain, record.parties.dialledDomain].compactMap(\.self)
        let trunk = record.marks.trunkID ?? record.carrier?.gateway.flatMap { TrunkID($0) }
        let isCalled = record.leg.side == .inbound && record.carrier != nil
        let rows: [RecordOwner] = try tx.all(
            """
            select tenant_id, organisation_id, instance_id from (
                select 1 as rank, tenant_id from app.tenant where tenant_id = \(record.marks.tenantID)
                union all select 2, tenant_id from app.sip_domain_name where domain = \(record.parties.authRealm)
                union all select 3, tenant_id from app.trunk where trunk_id = \(trunk)
                union all select 4, tenant_id from app.sip_domain_name where domain = any (\(domains))
                union all select 5, tenant_id from app.call_leg where leg_id = \(record.leg.originatingLeg)
                union all select 6, tenant_id from app.active_number
                    where e164 = \(isCalled ? record.parties.dialled : nil)
            ) candidate join app.tenant using (tenant_id) order by rank limit 1
            """)
        return rows.first
    }
}

/// Remembers the organisations and instances of tenants, which never change.
final class RecordOwners: Sendable {
    private let database: Database
    private let known = Mutex<[TenantID: RecordOwner]>([:])
    private static let capacity = 100_000

    init(database: Database) { self.database = database }

    /// `nil` when nothing says whose it is.
    func owner(of record: CallRecord) async throws -> RecordOwner? {
        if let tenant = record.marks.tenantID, let owner = known.withLock({ $0[tenant] }) { return owner }
        let found = try await database.transaction(
            for: ScopeNode.platform, options: TransactionOptions(isReadOnly: true)
        ) { tx in try RecordOwnerStore.find(record, tx) }
        guard let found else { return nil }
        known.withLock { known in
            if known.count >= Self.capacity { known.removeAll() }
            known[found.tenantID] = found
        }
        return found
    }
}
