import Billing
import Kernel
import Logging
import Postgres
import Rating
import ServiceLifecycle
import Telephony
import Tenancy
import Voice
import Web

/// Voice's services, put together once, and what voice and billing say to each other.
struct VoiceServices: Sendable {
    let model: VoiceModel
    let nodes: VoiceNodes
    let calls: CallServices
    let leases: LeaseService
    private let work: UnitOfWork
    /// Where nodes deliver call records.
    private let delivery: RecordDelivery
    private let housekeeping: CallHousekeeping
    private let events: EventService
    private let announcer: PlanAnnouncer

    init(work: UnitOfWork, tenancy: TenancyServices, billing: BillingServices, settings: Settings) {
        let links = VoiceLinks.billing(billing.usage)
        model = VoiceModel(
            work: work, tenants: tenancy.tenants, box: settings.box, links: links, listening: settings.listening,
            logger: settings.logger)
        self.work = work
        let plans = model.plans
        leases = LeaseService(
            database: work.database, ids: work.ids, logger: settings.logger,
            plan: { tenant in plans.current.entry(tenant: tenant) })
        calls = CallServices(work: work, links: links, settle: leases.settling(work.time), lose: leases.losing)
        let live = calls.nodes
        nodes = VoiceNodes(
            work: work, directory: model.directory, settings: settings,
            plan: { plans.isLoaded ? plans.current : nil },
            decide: leases.deciding { live.trunksDown(of: $0) }, refused: calls.refusedLogins)
        delivery = RecordDelivery(
            gate: nodes.gate, records: calls.records, metrics: settings.metrics, logger: settings.logger)
        housekeeping = CallHousekeeping(calls, metrics: settings.metrics, logger: settings.logger)
        let nodes = nodes
        announcer = PlanAnnouncer(plans: plans, nodes: live, time: work.time)
        let announcer = announcer
        var hooks = NodeHooks(nodes: { try await nodes.eventSockets() }, renew: leases.renewing(work.time))
        hooks.catchUp = { announcer.catchUp($0, $1, since: $2) }
        hooks.lose = leases.losing
        let refused = calls.refusedLogins
        hooks.refused = { node, login, now in
            guard let identity = plans.current.entry(domain: login.domain.lowercased())?.plan.identity,
                node.serves(identity.instanceID)
            else { return }
            refused.note(login, by: node.id, .init(identity.tenantID, at: now))
        }
        events = calls.events(hooks, logger: settings.logger)
    }

    /// What runs for as long as the process serves.
    var services: [any Service] { [model.plans, nodes.watch, announcer, events, housekeeping] }

    /// Ends leases that nobody renews or settles, in batches; what a run leaves is the next one's.
    func sweepLeases() async throws {
        let leases = leases
        for _ in 0..<40 {
            let swept = try await work.perform(job: "sweep leases") { tx, actor in try leases.sweep(at: actor.now, tx) }
            if swept == 0 { return }
        }
    }

    /// What voice needs of the process.
    struct Settings: Sendable {
        let box: SecretBox
        /// Where notifications of the database are heard.
        let listening: String
        let logger: Logger
        let metrics: Metrics
    }

    var endpoints: [Endpoint] {
        let (plans, live) = (model.plans, calls.nodes)
        return model.endpoints(live) + nodes.endpoints + leaseEndpoints(leases, work) { live.trunksDown(of: $0) }
            + calls.endpoints { tenant in plans.current.entry(tenant: tenant)?.plan.domain }
    }

    /// What FreeSWITCH nodes call.
    var protocols: [ProtocolRoute] { nodes.routes + delivery.routes }
}

extension VoiceLinks {
    /// Voice's view of contracts and metering.
    static func billing(_ usage: UsageService) -> VoiceLinks {
        VoiceLinks(
            recordUsages: { tx, calls in
                try usage.store(calls.map { UsageItem($0) }, tx).map { try $0.voiceOutcome() }
            },
            terms: { tx, tenant, at in try Terms.read(tx, tenant, at) },
            bill: { tx, tenant, month in try MonthCloseService.voiceBill(of: tenant, in: month, tx).map(Bill.init) })
    }
}

extension VoiceLinks.Bill {
    fileprivate init(_ bill: VoiceBill) {
        self.init(
            milliseconds: bill.milliseconds, hasOtherCalls: bill.hasOtherCalls,
            billedMilliseconds: bill.billedMilliseconds,
            overageMilliseconds: bill.charges.reduce(0) { $0 + $1.milliseconds },
            overageCost: bill.charges.reduce(0) { $0 + Int128($1.milliseconds) * Int128($1.minutePrice.micros) })
    }
}

extension VoiceLinks.Terms {
    /// The vendor's own tenants have telephony, and nobody counts it.
    static func read(
        _ tx: borrowing Transaction<ScopeNode>, _ id: TenantID, _ at: Timestamp
    ) throws -> VoiceLinks.Terms {
        guard let tenant = try TenantStore.find(id, tx),
            let owner = try OrganisationStore.find(tenant.placement.organisationID, tx)
        else { throw Problem.notFound("tenant") }
        guard owner.kind != .vendor else {
            var terms = VoiceLinks.Terms(
                bar: nil, includedMilliseconds: nil, overageMicrosPerMinute: 0, priceBook: "")
            terms.isBilled = false
            return terms
        }
        let instance = try InstanceStore.find(tenant.placement.instanceID, tx)
        let voice = try ContractService.voice(
            of: owner.id, in: tenant.placement.host.program, at: at, size: instance?.licence?.size, tx)
        var terms = VoiceLinks.Terms(
            bar: voice?.hasTelephony == true ? nil : .programWithoutTelephony,
            includedMilliseconds: voice?.includedMilliseconds,
            overageMicrosPerMinute: voice?.minutePrice.micros ?? 0, priceBook: voice?.priceBook ?? "")
        guard let voice else {
            // a contract may still be made for another day: this is asked anew each time
            terms.isBilled = false
            terms.validity = at..<at
            return terms
        }
        terms.increment = voice.increment
        let timeline = TenantTimeline(tenant, history: try TenantStore.history(of: id, tx))
        let billing = timeline.isBilled(at: at, in: voice.period)
        terms.isBilled = billing.answer
        terms.validity = billing.holds
        return terms
    }
}

extension UsageItem {
    /// A call as the event that every other source of usage would send.
    init(_ call: VoiceLinks.CallUsage) {
        self = UsageEventReader.item([
            "id": .string(call.id), "source": .string(call.source), "type": "voice",
            "time": .string(call.occurredAt.description), "tenant": .string(call.tenantID.description),
            "data": ["milliseconds": .integer(call.milliseconds), "direction": .string(call.direction)],
        ])
    }
}

extension UsageOutcome {
    /// Everything but a stored event is a defect of the caller: it undoes the transaction.
    fileprivate func voiceOutcome() throws(Problem) -> VoiceLinks.Outcome {
        switch self {
        case .accepted: return .accepted
        case .duplicate: return .duplicate
        case .rejected(let rejection) where rejection.reason == "MONTH_FINALISED": return .late
        case .rejected(let rejection): throw .refused(rejection.reason, rejection.detail, field: rejection.field)
        case .conflict:
            throw .conflict("USAGE_CONFLICT", "The call was metered before with another time or another length.")
        }
    }
}
