import Foundation
import Kernel
import Postgres
import Telephony
import Tenancy
import Voice

@testable import ControlPlane

/// One of everything that a tenant's voice is made of, each used by another, so that nothing can be deleted under the
/// requests that follow.
struct MatrixVoice: Sendable {
    let application: Application

    private var model: VoiceModel { application.voice.model }

    /// The ids by the names that paths and bodies call them.
    func furnish(_ tenant: TenantID, named name: String, number e164: String) async throws -> [String: String] {
        let work = UnitOfWork(
            database: application.database, time: .fixed(MatrixWorld.now), ids: .timeOrdered)
        var ids = try await work.perform(job: "tests") { tx, actor in
            _ = try model.domains.create(
                tenant, SIPDomainFields(domain: "\(name.lowercased()).voice.test", country: .austria), tx, actor)
            return try make(tenant, name, e164, tx, actor)
        }
        ids["voice_node_id"] = try await node(of: tenant, named: name, work)
        ids["fraud_sign_id"] = try await sign(of: tenant, named: name, work)
        ids.merge(try await calls(of: tenant, named: name, work)) { first, _ in first }
        try await model.plans.refresh()
        ids["config_revision"] = model.plans.current.entry(tenant: tenant)?.revision
        return ids
    }

    /// A node on the tenant's instance; the shared platform's tenants have none of their own.
    private func node(of tenant: TenantID, named name: String, _ work: UnitOfWork) async throws -> String {
        let service = application.voice.nodes.service
        return try await work.perform(job: "tests") { tx, actor in
            guard let placement = try TenantStore.find(tenant, tx)?.placement else { throw Problem.notFound("tenant") }
            let issued = try service.create(
                named: name.lowercased(), at: placement.instanceID, NodeChanges(), tx, actor)
            return "\(issued.node.id)"
        }
    }

    /// A sign of fraud that closed something.
    private func sign(of tenant: TenantID, named name: String, _ work: UnitOfWork) async throws -> String {
        let id: FraudSignID = work.ids.new()
        let until = MatrixWorld.now.advanced(by: .seconds(86_400))
        try await work.perform(job: "tests") { tx, actor in
            try tx.execute(
                """
                insert into app.fraud_sign (tenant_id, fraud_sign_id, organisation_id, day, kind, country, observed,
                    threshold, sentence, block_until, created_at, updated_at)
                select tenant_id, \(id), organisation_id, '2026-11-18', 'calls', 'CU', 40, 30, \(name), \(until),
                    \(actor.now), \(actor.now) from app.tenant where tenant_id = \(tenant)
                """)
        }
        return "\(id)"
    }

    /// A booked call, and a record that nobody could read. The name is in both bodies.
    private func calls(of tenant: TenantID, named name: String, _ work: UnitOfWork) async throws -> [String: String] {
        let placement = try await work.read(in: .platform) { tx in try TenantStore.find(tenant, tx)?.placement }
        guard let placement else { throw Problem.notFound("tenant") }
        let source = RecordSource(
            nodeID: VoiceNodeID(UUID()), organisationID: placement.organisationID, instanceID: placement.instanceID)
        let leg = UUID()
        let times = ["start", "answer", "end"].enumerated().map { index, part in
            #""\#(part)_uepoch":"\#(1_795_000_000_000_000 + index * 1_000_000)""#
        }.joined(separator: ",")
        let variables = """
            "uuid":"\(leg.uuidString)","direction":"outbound","sip_gateway_name":"x","tenant_id":"\(tenant)",\
            "sip_to_user":"+43720999999","billusec":"1000000","owner":"\(placement.organisationID)",\(times)
            """
        let records = application.voice.calls.records
        let booked = try await records.accept(Array(#"{"variables":{\#(variables)}}"#.utf8), from: source)
        guard booked.status == 200 else { throw Problem.refused("NOT_BOOKED", "\(booked)") }
        _ = try await records.accept(Array("{\(placement.organisationID)".utf8), from: source)
        let kept = try await work.read(in: .organisation(placement.organisationID)) { tx in
            try records.quarantine.list(.open, PageRequest(limit: 1, cursor: nil), tx).items
        }
        return [
            "leg_id": "\(CallLegID(leg))", "call_id": "\(CallID(leg))",
            "quarantine_id": kept.first.map { "\($0.id)" } ?? "",
        ]
    }

    private func make(
        _ tenant: TenantID, _ name: String, _ e164: String, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> [String: String] {
        var trunk = TrunkFields(displayName: name, proxy: "sip.carrier.test")
        trunk.registration = RegistrationFields(username: "u", secret: "carrier-secret")
        let trunkID = try model.trunks.create(trunk, of: tenant, tx, actor).stored.value.id
        let scheduleID = try model.schedules.create(
            ScheduleFields(displayName: name, timeZone: "Europe/Vienna", hours: []), of: tenant, tx, actor
        ).value.id
        var number = PhoneNumberFields(e164: E164(e164), displayName: name)
        number.trunkID = trunkID
        let numberID = try model.numbers.create(number, of: tenant, tx, actor).value.number.id
        var site = SiteFields(displayName: name, address: "\(name) 1, 1010 Wien", country: .austria)
        site.callbackNumberID = numberID
        let siteID = try model.sites.create(site, of: tenant, tx, actor).value.id
        var user = SIPUserFields(name: "1001", displayName: name)
        (user.siteID, user.callerNumberID) = (siteID, numberID)
        let userID = try model.users.create(user, of: tenant, tx, actor).stored.value.id
        let groupID = try model.groups.create(
            CallGroupFields(name: "all", displayName: name, strategy: .simultaneous, members: [userID]), of: tenant,
            tx, actor
        ).value.id
        var route = RouteFields(to: .group)
        (route.callGroupID, route.scheduleID) = (groupID, scheduleID)
        number.routes = [route]
        _ = try model.numbers.update(numberID, number, of: tenant, expecting: .anything, tx, actor)
        var permission = DialPermissionFields(allowed: false)
        permission.reason = name
        let permissionID = try model.permissions.create(permission, of: tenant, tx, actor).value.id
        return [
            "trunk_id": "\(trunkID)", "schedule_id": "\(scheduleID)", "phone_number_id": "\(numberID)",
            "site_id": "\(siteID)", "sip_user_id": "\(userID)", "call_group_id": "\(groupID)",
            "dial_permission_id": "\(permissionID)",
        ]
    }
}
