import FoundationEssentials
import Kernel
import Postgres
import Telephony

/// What the event socket saw, and what is missing beside it.
enum SightingStore {
    /// Stores a batch; what is known already is completed, never forgotten.
    static func store(_ batch: [Sighting], _ tx: borrowing Transaction<ScopeNode>) throws {
        let legs = batch.map(\.leg)
        try tx.execute(
            """
            insert into app.leg_sighting as seen (leg_id, node_id, tenant_id, organisation_id, core_id, session_number,
                side, originating_leg_id, call_id, metering, direction, call_class, gateway, revision_id, lease_id,
                started_at, answered_at, ended_at, lost)
            select leg_id, node_id, tenant.tenant_id, tenant.organisation_id, core_id, session_number, side,
                originating_leg_id, call_id, metering, direction, call_class, gateway, revision_id, lease_id,
                started_at, answered_at, ended_at, lost
            from unnest(\(legs.map(\.id))::uuid[], \(batch.map(\.nodeID))::uuid[],
                \(legs.map(\.marks.tenantID))::uuid[], \(batch.map(\.coreID))::uuid[],
                \(legs.map(\.sessionNumber))::bigint[], \(legs.map(\.side))::text[],
                \(legs.map(\.originatingLeg))::uuid[],
                \(legs.map { $0.marks.callID.flatMap { UUID(uuidString: $0) } })::uuid[],
                \(legs.map(\.metering.name))::text[], \(legs.map(\.metering.direction))::text[],
                \(legs.map { $0.marks.callClass ?? "" })::text[], \(legs.map { $0.carrier?.gateway ?? "" })::text[],
                \(legs.map { $0.marks.revision ?? "" })::text[], \(legs.map(\.marks.leaseID))::uuid[],
                \(legs.map(\.started))::timestamptz[], \(legs.map(\.answered))::timestamptz[],
                \(legs.map(\.ended))::timestamptz[], \(batch.map(\.isLost))::boolean[])
                as given (leg_id, node_id, given_tenant, core_id, session_number, side, originating_leg_id, call_id,
                    metering, direction, call_class, gateway, revision_id, lease_id, started_at, answered_at, ended_at,
                    lost)
                left join app.voice_node node on node.voice_node_id = given.node_id
                -- a node speaks for the tenants of its own instance alone
                left join app.tenant on tenant.tenant_id = given_tenant and tenant.instance_id = node.instance_id
            order by leg_id
            on conflict (leg_id) do update set
                tenant_id = coalesce(excluded.tenant_id, seen.tenant_id),
                organisation_id = coalesce(excluded.organisation_id, seen.organisation_id),
                session_number = coalesce(excluded.session_number, seen.session_number),
                originating_leg_id = coalesce(excluded.originating_leg_id, seen.originating_leg_id),
                call_id = coalesce(excluded.call_id, seen.call_id), metering = excluded.metering,
                direction = excluded.direction, call_class = excluded.call_class, gateway = excluded.gateway,
                revision_id = excluded.revision_id, lease_id = coalesce(excluded.lease_id, seen.lease_id),
                answered_at = coalesce(excluded.answered_at, seen.answered_at),
                -- one that counted as lost and is seen again did not end
                ended_at = case when seen.lost and not excluded.lost then excluded.ended_at
                    else coalesce(excluded.ended_at, seen.ended_at) end,
                lost = excluded.lost
            """)
    }

    /// Calls whose leases were given up count as missing, unless something is known of them.
    static func keepUnaccounted(_ leases: [Lease], _ tx: borrowing Transaction<ScopeNode>) throws {
        let calls = leases.compactMap { lease in UUID(uuidString: lease.callID).map { (leg: $0, lease: lease) } }
        guard !calls.isEmpty else { return }
        try tx.execute(
            """
            insert into app.leg_sighting (leg_id, call_id, node_id, tenant_id, organisation_id, side, revision_id,
                lease_id, started_at, ended_at, lost)
            select distinct on (leg_id) leg_id, leg_id, node_id, tenant_id, organisation_id, 'inbound', revision_id,
                lease_id, began_at, greatest(began_at, seen_at), true
            from unnest(\(calls.map(\.leg))::uuid[], \(calls.map(\.lease.nodeID))::uuid[],
                \(calls.map(\.lease.key.tenantID))::uuid[], \(calls.map(\.lease.organisationID))::uuid[],
                \(calls.map(\.lease.revision))::text[], \(calls.map(\.lease.key.leaseID))::uuid[],
                \(calls.map(\.lease.times.beganAt))::timestamptz[], \(calls.map(\.lease.times.seenAt))::timestamptz[])
                as given (leg_id, node_id, tenant_id, organisation_id, revision_id, lease_id, began_at, seen_at)
            where node_id is not null
                and not exists (select from app.call_leg leg where leg.leg_id = given.leg_id
                    and leg.tenant_id = given.tenant_id)
            order by leg_id, began_at
            on conflict (leg_id) do nothing
            """)
    }

    /// What a node does not name any more: its end was not seen. Says how many legs that were.
    @discardableResult static func loseAll(
        of node: VoiceNodeID, but present: [UUID], seenAt: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Int {
        try tx.rows(
            """
            update app.leg_sighting set lost = true, ended_at = greatest(started_at, \(seenAt))
            where node_id = \(node) and ended_at is null and leg_id <> all (\(present)::uuid[]) returning 1
            """
        ).count
    }

    /// Nodes that nobody was connected to since then, with calls that may have been theirs, and their last sign of life.
    static func away(
        since moment: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [(node: VoiceNodeID, seenAt: Timestamp)] {
        try tx.rows(
            """
            select node_id, seen_at from app.node_sighting node where seen_at < \(moment)
                and (exists (select from app.leg_sighting leg where leg.node_id = node.node_id and leg.ended_at is null)
                    or exists (select from app.usage_lease lease where lease.node_id = node.node_id
                        and lease.state in ('ringing', 'running')))
            order by seen_at limit \(limit)
            """
        ).map { row in
            let (node, seenAt) = try row.decode(as: (VoiceNodeID, Timestamp).self)
            return (node, seenAt)
        }
    }

    /// The last sign of life that was stored; `nil` for a node never heard of.
    static func lastSeen(_ node: VoiceNodeID, _ tx: borrowing Transaction<ScopeNode>) throws -> Timestamp? {
        try tx.first("select seen_at from app.node_sighting where node_id = \(node)", as: (Timestamp).self)
    }

    static func heard(
        _ node: VoiceNodeID, coreID: UUID?, _ beat: NodeView.Heartbeat?, isConnected: Bool, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            insert into app.node_sighting as known (node_id, core_id, version, sessions, connected, seen_at)
            values (\(node), \(coreID), \(beat?.version ?? ""), \(beat?.sessions ?? 0), \(isConnected), \(now))
            on conflict (node_id) do update set core_id = coalesce(excluded.core_id, known.core_id),
                version = case when excluded.version = '' then known.version else excluded.version end,
                sessions = excluded.sessions, connected = excluded.connected,
                seen_at = case when excluded.connected then excluded.seen_at else known.seen_at end
            """)
    }

    // MARK: Completeness

    /// One row per tenant that had calls. Legs that ended within the grace are still on their way.
    static func completeness(
        from: Timestamp, until: Timestamp, tenant: TenantID?, ended: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [Completeness] {
        let filter: SQL = tenant.map { "and tenant_id = \($0)" } ?? ""
        return try tx.all(
            """
            with legs as (
                select tenant_id, leg_id, call_id, estimated, false as missing from app.call_leg
                where started_at >= \(from) and started_at < \(until) \(filter)
                union all
                select seen.tenant_id, seen.leg_id,
                    coalesce(seen.call_id, parent.call_id, seen.originating_leg_id, seen.leg_id), false, true
                from app.leg_sighting seen
                left join app.call_leg parent on parent.tenant_id = seen.tenant_id
                    and parent.leg_id = seen.originating_leg_id
                where seen.started_at >= \(from) and seen.started_at < \(until) and seen.ended_at < \(ended)
                    and \(tenant.map { "seen.tenant_id = \($0)" } ?? "seen.tenant_id is not null" as SQL)
                    and not exists (select from app.call_leg leg
                        where leg.tenant_id = seen.tenant_id and leg.leg_id = seen.leg_id)
            ), calls as (
                select tenant_id, call_id, bool_or(missing) as missing, bool_or(estimated) as estimated,
                    count(*) as legs, count(*) filter (where missing) as missing_legs,
                    count(*) filter (where estimated) as estimated_legs
                from legs group by tenant_id, call_id
            )
            select tenant_id, count(*) as calls, count(*) filter (where missing) as missing,
                count(*) filter (where estimated and not missing) as estimated, sum(legs)::bigint as legs,
                sum(missing_legs)::bigint as missing_legs, sum(estimated_legs)::bigint as estimated_legs
            from calls group by tenant_id order by tenant_id
            """)
    }

    /// The legs behind the gaps, the newest first.
    static func missing(
        from: Timestamp, until: Timestamp, tenant: TenantID?, ended: Timestamp, limit: Int,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [MissingLeg] {
        let filter: SQL = tenant.map { "and seen.tenant_id = \($0)" } ?? ""
        return try tx.all(
            """
            select leg_id, tenant_id, node_id, started_at, answered_at, ended_at, lost from app.leg_sighting seen
            where started_at >= \(from) and started_at < \(until) and ended_at < \(ended) \(filter)
                and not exists (select from app.call_leg leg where leg.leg_id = seen.leg_id
                    and (seen.tenant_id is null or leg.tenant_id = seen.tenant_id))
                -- a wrong number: its record is nobody's and is not kept
                and not (seen.tenant_id is null and seen.side = 'inbound' and seen.answered_at is null)
            order by started_at desc, leg_id limit \(limit)
            """)
    }

    /// Runs of nodes that had sessions in a span.
    static func runs(
        from: Timestamp, until: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [NodeRun] {
        try tx.all(
            """
            select node_id, core_id, max(session_number) as highest, count(distinct session_number) as known,
                min(started_at) as first_at, max(started_at) as last_at
            from (
                select node_id, core_id, session_number, started_at from app.call_leg
                where started_at >= \(from) and started_at < \(until)
                union all
                select node_id, core_id, session_number, started_at from app.leg_sighting
                where started_at >= \(from) and started_at < \(until)
            ) session
            where core_id is not null and session_number is not null
            group by node_id, core_id order by first_at
            """)
    }

    /// How many session numbers between the first and the last of each run of a node nobody speaks of, over the legs
    /// that began in a span. By organisation, because legs are found by that and their start.
    static func unseenSessions(
        from: Timestamp, until: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Int {
        try tx.value(
            """
            select coalesce(sum(unseen), 0)::bigint from (
                select max(session_number) - min(session_number) + 1 - count(distinct session_number) as unseen
                from (
                    select leg.node_id, leg.core_id, leg.session_number from app.organisation o, lateral (
                        select node_id, core_id, session_number from app.call_leg
                        where organisation_id = o.organisation_id
                            and started_at >= \(from) and started_at < \(until)) leg
                    union all
                    select node_id, core_id, session_number from app.leg_sighting
                    where started_at >= \(from) and started_at < \(until)
                ) session
                where core_id is not null and session_number is not null
                group by node_id, core_id
            ) run
            """)
    }

    /// Metered legs whose node was lost long enough ago and for which no record came.
    static func lost(
        before moment: Timestamp, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [CallLeg] {
        try tx.all(
            """
            select seen.tenant_id, seen.organisation_id, leg_id, coalesce(call_id, originating_leg_id, leg_id) as call_id,
                side, originating_leg_id, metering, direction, call_class, started_at, answered_at, ended_at,
                (extract(epoch from ended_at - answered_at) * 1000000)::bigint as answered_us,
                (extract(epoch from ended_at - answered_at) * 1000)::bigint as milliseconds,
                'LOST' as cause, null::bigint as cause_code, null::bigint as sip_status, '' as disposition,
                '' as peer_cause, '' as refusal, null::bigint as quality_hundredths, '' as caller, '' as dialled,
                '' as destination, '' as sip_user, '' as network_address, node_id, gateway, '' as sip_call_id,
                revision_id, lease_id, '{}'::text[] as transfers, true as estimated, false as late,
                now() as received_at, null::timestamptz as erased_at
            from app.leg_sighting seen
            where lost and ended_at < \(moment) and metering = 'metered' and answered_at < ended_at
                and seen.tenant_id is not null
                and not exists (select from app.call_leg leg
                    where leg.tenant_id = seen.tenant_id and leg.leg_id = seen.leg_id)
            order by ended_at limit \(limit)
            """)
    }
}

extension Completeness: RowDecodable {
    package init(row: Row) throws {
        let tally = { (all: String, missing: String, estimated: String) throws in
            let (all, missing, estimated): (Int, Int, Int) = (
                try row.value(all), try row.value(missing), try row.value(estimated)
            )
            return Tally(
                expected: all, recorded: all - missing - estimated, estimated: estimated, missing: missing)
        }
        self.init(
            tenantID: try row.value("tenant_id"), calls: try tally("calls", "missing", "estimated"),
            legs: try tally("legs", "missing_legs", "estimated_legs"))
    }
}

extension MissingLeg: RowDecodable {
    package init(row: Row) throws {
        self.init(
            id: try row.value("leg_id"), tenantID: try row.value("tenant_id"), nodeID: try row.value("node_id"),
            startedAt: try row.value("started_at"), answeredAt: try row.value("answered_at"),
            endedAt: try row.value("ended_at"), isLost: try row.value("lost"))
    }
}

extension NodeRun: RowDecodable {
    package init(row: Row) throws {
        self.init(
            nodeID: try row.value("node_id"), coreID: try row.value("core_id"), highest: try row.value("highest"),
            known: try row.value("known"), firstAt: try row.value("first_at"), lastAt: try row.value("last_at"))
    }
}
