import Billing
import FoundationEssentials
import Kernel
import Postgres
import TestSupport

/// Two partners with tenants on the vendor's instance, and a clock that stands on 18 November 2026, 12:00 in Vienna.
struct MeteringWorld: Sendable {
    static let now = time("2026-11-18T11:00:00Z")

    let test: TestDatabase
    let usage: UsageService
    let partner = OrganisationID(uuid(2))
    let stranger = OrganisationID(uuid(3))
    let tenants = (0..<4).map { TenantID(uuid(100 + $0)) }
    let foreign = TenantID(uuid(200))
    let purged = TenantID(uuid(300))

    var scope: ScopeNode { .organisation(partner) }
    var tenant: TenantID { tenants[0] }

    static func uuid(_ number: Int) -> UUID {
        var bytes = [UInt8](repeating: 0, count: 16)
        bytes[6] = 0x70
        bytes[8] = 0x80
        bytes[14] = UInt8(number >> 8)
        bytes[15] = UInt8(number & 255)
        return UUID(bytes: bytes)
    }

    init(_ test: TestDatabase, isDistributed: Bool = false) async throws {
        self.test = test
        usage = UsageService(database: test.database, time: .fixed(Self.now), isDistributed: isDistributed)
        let vendor = OrganisationID(Self.uuid(1))
        let instance = InstanceID(Self.uuid(10))
        let (partner, stranger, foreign, purged) = (partner, stranger, foreign, purged)
        let own = tenants
        try await test.database.transaction(for: PlatformScope()) { tx in
            for (id, kind) in [(vendor, "vendor"), (partner, "partner"), (stranger, "partner")] {
                try tx.execute(
                    """
                    insert into app.organisation
                        (organisation_id, kind, display_name, legal_name, country, created_at, updated_at)
                    values (\(id), \(kind), 'O', 'O', 'AT', \(Self.now), \(Self.now))
                    """)
            }
            try tx.execute(
                """
                insert into app.instance
                    (instance_id, organisation_id, owner_id, host, display_name, created_at, updated_at)
                values (\(instance), \(vendor), \(vendor), 'vendor', 'I', \(Self.now), \(Self.now))
                """)
            for tenant in own + [foreign, purged] {
                let organisation = tenant == foreign ? stranger : partner
                try tx.execute(
                    """
                    insert into app.tenant (tenant_id, organisation_id, instance_id, host, slug, display_name, kind,
                        state, created_at, updated_at)
                    values (\(tenant), \(organisation), \(instance), 'vendor', \("t" + tenant.uuid.uuidString.lowercased()),
                        'T', 'production', \(tenant == purged ? "purged" : "active"), \(Self.now), \(Self.now))
                    """)
            }
        }
    }

    // MARK: What is stored

    /// Rows of `usage_hour` and the same grouped from the events: equal when the sums are exactly the events.
    func sums() async throws -> (hours: [String], events: [String]) {
        let (hours, events) = try await test.database.transaction(for: PlatformScope()) { tx in
            let hours = try tx.all(
                """
                select concat_ws(' ', tenant_id, meter, key_source, hour, late, organisation_id, sum(quantity), sum(events))
                from app.usage_hour group by tenant_id, meter, key_source, hour, late, organisation_id order by 1
                """, as: (String).self)
            let events = try tx.all(
                """
                select concat_ws(' ', tenant_id, meter, key_source, date_trunc('hour', occurred_at), late,
                    organisation_id, sum(quantity), count(*))
                from app.usage_event group by tenant_id, meter, key_source, date_trunc('hour', occurred_at), late,
                    organisation_id order by 1
                """, as: (String).self)
            return (hours, events)
        }
        return (hours, events)
    }

    func eventCount() async throws -> Int {
        try await test.database.transaction(for: PlatformScope()) { tx in
            try tx.value("select count(*) from app.usage_event", as: Int.self)
        }
    }

    /// Sends events and answers their outcomes in words: `accepted`, …, or the reason of a rejection.
    func send(_ events: [JSON], as scope: ScopeNode? = nil) async throws -> [String] {
        try await usage.ingest(events.map(UsageEventReader.item), as: scope ?? self.scope).outcomes.map(\.word)
    }

    func turn(
        _ id: String, _ tenant: TenantID? = nil, at time: String = "2026-11-18T10:15:00Z", source: String = "agent/1",
        keySource: JSON = "partner"
    ) -> JSON {
        [
            "id": .string(id), "source": .string(source), "type": "turn", "time": .string(time),
            "tenant": .string((tenant ?? self.tenant).description), "data": ["key_source": keySource],
        ]
    }

    func voice(_ id: String, milliseconds: JSON = 61_500, direction: JSON = "inbound") -> JSON {
        [
            "id": .string(id), "source": "switch", "type": "voice", "time": "2026-11-18T10:15:00Z",
            "tenant": .string(tenant.description),
            "data": ["milliseconds": milliseconds, "direction": direction, "call_id": "c-1"],
        ]
    }
}

/// A time that a test writes down.
func time(_ text: String) -> Timestamp { Timestamp(text) ?? Timestamp(seconds: 0) }

extension UsageOutcome {
    var word: String {
        switch self {
        case .accepted: "accepted"
        case .duplicate: "duplicate"
        case .conflict: "conflict"
        case .rejected(let rejection): rejection.reason
        }
    }
}

/// Lends a world on a database of its own.
func withMeteringWorld<Result>(
    isDistributed: Bool = false, _ body: (MeteringWorld) async throws -> Result
) async throws -> Result {
    try await withTestDatabase { test in try await body(MeteringWorld(test, isDistributed: isDistributed)) }
}
