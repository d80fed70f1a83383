import Foundation
import Kernel
import Postgres
import Telephony
import Tenancy
import Testing

@testable import Voice

/// A change tried on recorded calls of a real database.
@Suite struct WhatIfTests {
    @Test func aChangeIsTriedOnWhatWasRecorded() async throws {
        try await VoiceWorld.with { world in
            world.contracts.terms.includedMilliseconds = 0
            let past = try await PastCalls(world)
            try await past.out("+4930123456", hoursAgo: 50, seconds: 600)
            try await past.out("+436601234567", hoursAgo: 40, seconds: 600)
            try await past.out("+436601234568", hoursAgo: 40, seconds: 600)
            try await past.refused("+5355555555", .destinationNotAllowed, hoursAgo: 30)
            // too old
            try await past.out("+4930123456", hoursAgo: 24 * 31, seconds: 600)

            var fields = DialPermissionFields(allowed: false)
            fields.country = CountryCode("DE")
            let denied = try await past.tried(TryChange(permission: fields))
            #expect(denied.calls == 3 && denied.newlyRefused == 1 && denied.newlyAllowed == 0 && denied.isComplete)
            #expect(denied.newlyRefusedBy.map(\.reason) == [.destinationDenied])
            #expect(denied.before.milliseconds == 1_800_000 && denied.after.milliseconds == 1_200_000)
            #expect(denied.savedAmount == "0.80" && denied.addedAmount == "0.00")
            let example = try #require(denied.examples.first)
            #expect(example.number == "+4930123•••" && example.country == CountryCode("DE"))

            fields.allowed = true
            fields.country = CountryCode("CU")
            let opened = try await past.tried(TryChange(permission: fields))
            #expect(opened.newlyAllowed == 1 && opened.newlyRefused == 0 && opened.savedAmount == "0.00")

            var limits = VoiceSettingsFields()
            limits.concurrentCalls = 1
            let limited = try await past.tried(TryChange(settings: limits))
            #expect(limited.newlyRefusedBy.map(\.reason) == [.limitConcurrent])
            #expect(try await past.tried(TryChange(settings: VoiceSettingsFields())).examples.isEmpty)
        }
    }

    @Test func aPermissionIsReplacedOrTakenAway() async throws {
        try await VoiceWorld.with { world in
            let past = try await PastCalls(world)
            let tenant = world.alpha.tenant.id
            var fields = DialPermissionFields(allowed: true)
            fields.country = CountryCode("CU")
            let (asked, model) = (fields, world.model)
            let rule = try await world.change(world.alpha) { tx, actor in
                try model.permissions.create(asked, of: tenant, tx, actor).value.id
            }
            try await world.model.plans.refresh()
            try await past.out("+5355555555", hoursAgo: 3, seconds: 60)
            let gone = try await past.tried(TryChange(replaces: rule))
            #expect(gone.newlyRefusedBy.map(\.reason) == [.destinationNotAllowed])
            #expect(try await past.tried(TryChange(permission: asked, replaces: rule)).newlyRefused == 0)
            let stranger = try await problem {
                try await past.tried(TryChange(replaces: world.work.ids.new()))
            }
            #expect(stranger?.errors.map(\.field) == ["replaces"])
            let nothing = try await problem { try await past.tried(TryChange()) }
            #expect(nothing?.status == 422)
            let foreign = try await problem { try await past.tried(TryChange(replaces: rule), as: world.beta) }
            #expect(foreign?.status == 404)
        }
    }

    /// Twenty minutes under the present contract, which includes nothing, and under others.
    @Test func anotherContractIsTried() async throws {
        try await VoiceWorld.with { world in
            world.contracts.terms.includedMilliseconds = 0
            let past = try await PastCalls(world)
            try await past.out("+436601234567", hoursAgo: 5, seconds: 1_200)
            let cheaper = try await past.tried(TryChange(plan: TriedPlan(includedMs: 600_000, overagePrice: "0.05")))
            #expect(cheaper.before.overageAmount == "1.60" && cheaper.after.overageAmount == "0.50")
            #expect(cheaper.savedAmount == "1.10" && cheaper.addedAmount == "0.00" && cheaper.newlyRefused == 0)
            let dearer = try await past.tried(TryChange(plan: TriedPlan(includedMs: nil, overagePrice: "0.1")))
            #expect(dearer.after.overageAmount == "2.00" && dearer.addedAmount == "0.40")
            var limits = VoiceSettingsFields()
            limits.atEnd = .block
            let ended = try await past.tried(
                TryChange(settings: limits, plan: TriedPlan(includedMs: 300_000, overagePrice: nil)))
            #expect(ended.cut == 1 && ended.after.milliseconds == 300_000 && ended.savedAmount == "1.60")
            let wrong = try await problem {
                try await past.tried(TryChange(plan: TriedPlan(includedMs: -1, overagePrice: "cheap")))
            }
            #expect(wrong?.errors.map(\.field) == ["plan.included_ms", "plan.overage_price"])
            let nothing = try await problem {
                try await past.tried(TryChange(plan: TriedPlan(includedMs: nil, overagePrice: nil)))
            }
            #expect(nothing?.status == 422)
        }
    }

    /// More calls than are looked at: the newest count, and the answer says so.
    @Test func theNewestCallsAreLookedAt() async throws {
        try await VoiceWorld.with { world in
            let past = try await PastCalls(world)
            for hour in 1...5 { try await past.out("+436601234567", hoursAgo: Int64(hour), seconds: 60) }
            var change = TriedChange()
            change.settings = VoiceSettings()
            let (tenant, scope) = (world.alpha.tenant.id, world.alpha.admin.scope)
            let some = try await world.model.whatIf.replay(change, of: tenant, in: scope, most: 3)
            #expect(!some.isComplete && some.whatIf.calls == 3)
            let all = try await world.model.whatIf.replay(change, of: tenant, in: scope, most: 5)
            #expect(all.isComplete && all.whatIf.calls == 5)
        }
    }
}

/// A tenant with voice whose calls lie in the past.
struct PastCalls: Sendable {
    let world: VoiceWorld
    let records: CallRecordService
    let node: RecordSource

    init(_ world: VoiceWorld) async throws {
        self.world = world
        records = CallRecordService(work: world.work, links: world.model.links, settle: { _, _ in })
        node = RecordSource(nodeID: VoiceNodeID(UUID()), organisationID: nil, instanceID: nil)
        try await world.switchOn(world.alpha, domain: "alpha.voice.test")
        _ = try await world.user("1001", of: world.alpha)
        _ = try await world.trunk("Carrier", of: world.alpha, addresses: ["192.0.2.0/28"])
        try await world.model.plans.refresh()
    }

    /// Both legs of a call of the phone 1001 to a number outside.
    func out(_ number: String, hoursAgo: Int64, seconds: Int64) async throws {
        let start = world.clock.now.advanced(by: .seconds(-hoursAgo * 3600))
        var phone = MadeRecord(side: "inbound", tenant: world.alpha.tenant.id, gateway: nil)
        (phone.started, phone.answered, phone.milliseconds) = (start, start, seconds * 1000)
        phone.variables = ["sip_auth_username": "1001", "call_class": "outbound", "sip_to_user": number]
        var carrier = MadeRecord(tenant: world.alpha.tenant.id)
        (carrier.started, carrier.answered, carrier.milliseconds) = (start, start, seconds * 1000)
        carrier.variables = [
            "call_class": "outbound", "sip_to_user": number, "originating_leg_uuid": phone.id.uuidString.lowercased(),
        ]
        try await accept(phone)
        try await accept(carrier)
    }

    /// The one leg of a call that was refused.
    func refused(_ number: String, _ reason: RefusalReason, hoursAgo: Int64, index: Int64 = 0) async throws {
        var phone = MadeRecord(side: "inbound", tenant: world.alpha.tenant.id, gateway: nil)
        phone.started = world.clock.now.advanced(by: .seconds(index - hoursAgo * 3600))
        phone.answered = nil
        phone.variables = ["sip_auth_username": "1001", "sip_to_user": number, "x_refusal": reason.rawValue]
        try await accept(phone)
    }

    private func accept(_ record: MadeRecord) async throws {
        let acceptance = try await records.accept(record.body, from: node)
        #expect(acceptance.status == 200, "\(acceptance)")
    }

    /// What the API would answer.
    func tried(_ change: TryChange, as party: VoiceWorld.Party? = nil) async throws -> WhatIfResource {
        let change = try change.checked(world.work.ids, now: world.clock.now)
        let result = try await world.model.whatIf.replay(
            change, of: world.alpha.tenant.id, in: (party ?? world.alpha).admin.scope)
        return WhatIfResource(world.alpha.tenant.id, result)
    }
}

extension TryChange {
    fileprivate init(
        settings: VoiceSettingsFields? = nil, permission: DialPermissionFields? = nil,
        replaces: DialPermissionID? = nil, plan: TriedPlan? = nil
    ) {
        self.init(
            tenantID: TenantID(UUID()), settings: settings, permission: permission, replaces: replaces, plan: plan)
    }
}
