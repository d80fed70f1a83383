import FoundationEssentials
import Kernel
import Logging
import NIOCore
import Postgres
import Synchronization
import Telephony
import Tenancy

/// Follows one node for as long as it is on the roster: connects, learns what runs, keeps the picture, renews leases.
struct NodeFollower: Sendable {
    let endpoint: NodeEndpoint
    let nodes: LiveNodes
    let hooks: NodeHooks
    let work: UnitOfWork
    let group: any EventLoopGroup
    let logger: Logger
    let pace: Pace

    /// How often things happen.
    struct Pace: Sendable {
        /// Leases and sightings.
        var tick = Duration.seconds(5)
        var firstRetry = Duration.seconds(1)
        var longestRetry = Duration.seconds(30)
        /// Between taking a gateway out and asking for gateways.
        var gatewayPause = NodeNews.pause
    }

    /// Until the task is cancelled or `isWanted` says no.
    func run(while isWanted: @escaping @Sendable () -> Bool) async {
        nodes.expect(endpoint, at: work.time.now)
        var pause = pace.firstRetry
        while !Task.isCancelled, isWanted() {
            let started = ContinuousClock.now
            do {
                try await session(while: isWanted)
            } catch {
                let trouble = (error as? NodeUnreachable)?.message ?? "\(error)"
                logger.warning("event socket", metadata: ["node": "\(endpoint.id)", "error": "\(trouble)"])
                nodes.disconnected(endpoint, shown(error), at: work.time.now)
            }
            await heard(over: nil)
            // A connection that lasted was a good one.
            pause = started.duration(to: .now) > .seconds(60) ? pace.firstRetry : min(pause * 2, pace.longestRetry)
            try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
        }
    }

    /// What people are told. Whoever registers a node says where it is, so what is found there before a node proves to be
    /// one is nobody's business: it would tell which ports of the platform's own network answer.
    private func shown(_ error: any Error) -> String {
        guard nodes[endpoint.id]?.isConnected == true, let known = error as? NodeUnreachable else {
            return "no event socket that knows the password was reached"
        }
        return known.message
    }

    private func session(while isWanted: @escaping @Sendable () -> Bool) async throws {
        let pending = SightingBuffer()
        do {
            try await connection(pending, while: isWanted)
        } catch {
            await store(pending)
            throw error
        }
        await store(pending)
    }

    private func connection(
        _ pending: SightingBuffer, while isWanted: @escaping @Sendable () -> Bool
    ) async throws {
        try await NodeLink.run(
            endpoint, group: group,
            onEvent: { event in
                let changes = nodes.change(endpoint) { $0.apply(event) }
                react(to: changes, core: event.coreID, pending)
            },
            { link in
                try await resync(link, pending)
                let awaySince = nodes.look(at: endpoint.id, \.since) ?? work.time.now
                nodes.connected(endpoint, link, at: work.time.now)
                var isCaughtUp = false
                var ends = CallEnds()
                while isWanted() {
                    if !isCaughtUp { isCaughtUp = try await catchUp(link, since: awaySince) }
                    await heard(over: link)
                    await store(pending)
                    await renew(link, &ends)
                    try await Task.sleep(for: pace.tick)
                }
            })
    }

    // MARK: Picture

    /// Subscribes first and asks then, so that nothing falls between.
    private func resync(_ link: NodeLink, _ pending: SightingBuffer) async throws {
        guard try await link.ask(.subscribe).hasPrefix("+OK") else {
            throw NodeUnreachable("it refuses to send events")
        }
        let asked = work.time.now
        let channels = try SwitchTables.channels(try await link.ask(.channels))
        let now = work.time.now
        let (changes, unknown) = nodes.change(endpoint) { $0.resync(channels: channels, at: now) }
        react(to: changes, core: nodes.look(at: endpoint.id, \.view.coreID) ?? nil, pending)
        for leg in unknown {
            let dump = try await link.ask(.dump(leg))
            // It may have ended meanwhile; then the answer is an error and its end comes as an event.
            guard let event = try? SwitchEvent(json: Array(dump.utf8)) else { continue }
            react(to: nodes.change(endpoint) { $0.apply(event) }, core: event.coreID, pending)
        }
        if let rows = try? SwitchTables.registrations(try await link.ask(.registrations)) {
            nodes.change(endpoint) { $0.resync(registrations: rows) }
        }
        let gateways = SwitchTables.gateways(try await link.ask(.sofiaStatus))
        nodes.change(endpoint) { $0.resync(gateways: gateways) }
        await store(pending)
        await loseUnnamed(channels.map(\.id), asked: asked)
    }

    /// Tells what could not be told while there was no connection; `false` while nobody knows what that is.
    private func catchUp(_ link: NodeLink, since: Timestamp) async throws -> Bool {
        guard let view = nodes[endpoint.id]?.view, let news = hooks.catchUp(endpoint, view, since) else { return false }
        link.tell(news.atOnce)
        if news.needsPause { try await Task.sleep(for: pace.gatewayPause) }
        link.tell(news.afterPause)
        return true
    }

    private func react(to changes: [NodeView.Change], core: UUID?, _ pending: SightingBuffer) {
        for change in changes {
            switch change {
            case .appeared(let leg), .updated(let leg), .ended(let leg):
                pending.add(Sighting(leg, on: endpoint.id, coreID: core))
            case .lost(let legs):
                logger.error(
                    "a node lost calls", metadata: ["node": "\(endpoint.id)", "legs": "\(legs.count)"])
                for leg in legs { pending.add(Sighting(leg, on: endpoint.id, coreID: nil, isLost: true)) }
            case .hijacked(let registration, let realm):
                logger.error(
                    "a phone registered under a domain that did not check its password",
                    metadata: [
                        "node": "\(endpoint.id)", "domain": "\(registration.address.domain)", "realm": "\(realm)",
                    ])
                let flush = EventSocketCommand.flushRegistration(
                    profile: .internal, user: registration.address.user, domain: registration.address.domain)
                if let flush { nodes.tellAll([flush], serving: endpoint.instanceID) }
            case .refused(let login): hooks.refused(endpoint, login, work.time.now)
            case .heartbeat, .shuttingDown: break
            }
        }
    }

    // MARK: Storage

    private func store(_ pending: SightingBuffer) async {
        while true {
            let batch = pending.take(500)
            guard !batch.isEmpty else { return }
            do {
                try await work.perform(job: "note live calls") { tx, _ in try SightingStore.store(batch, tx) }
            } catch {
                // Kept for the next turn: the proof of completeness rests on them.
                pending.putBack(batch)
                logger.warning("live calls could not be noted", metadata: ["error": "\(error)"])
                return
            }
        }
    }

    /// A sign of life is what the node sent, not that its connection looks alive: a call of a node that lost its power is
    /// estimated up to this moment.
    private func heard(over link: NodeLink?) async {
        guard let (core, beat) = nodes.look(at: endpoint.id, { ($0.view.coreID, $0.view.heartbeat) }) else { return }
        let silence = link?.silence ?? .zero
        try? await work.perform(job: "note live calls") { tx, actor in
            try SightingStore.heard(
                endpoint.id, coreID: core, beat, isConnected: link != nil,
                at: actor.now.advanced(by: .zero - silence), tx)
        }
    }

    /// Legs of an earlier connection, perhaps of an earlier process, whose end nobody saw.
    private func loseUnnamed(_ present: [UUID], asked: Timestamp) async {
        let legs = nodes.look(at: endpoint.id) { node in node.view.legs.values.filter { $0.ended == nil } } ?? []
        // clocks of several processes differ a little
        let loss = NodeLoss(nodeID: endpoint.id, present: legs, at: asked.advanced(by: .seconds(-5)))
        do {
            try await work.perform(job: "note live calls") { tx, actor in
                let seenAt = try SightingStore.lastSeen(endpoint.id, tx) ?? actor.now
                try SightingStore.loseAll(of: endpoint.id, but: present, seenAt: seenAt, tx)
                _ = try hooks.lose(tx, loss)
            }
        } catch {
            logger.warning("lost calls could not be noted", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Leases

    private func renew(_ link: NodeLink, _ ends: inout CallEnds) async {
        let answered = nodes.look(at: endpoint.id) { node in
            node.view.legs.values.filter { $0.ended == nil && $0.answered != nil }
        }
        guard let legs = answered else { return }
        ends.keep(only: Set(legs.map(\.id)))
        guard !legs.isEmpty else { return }
        do {
            let renewals = try await hooks.renew(endpoint.id, legs)
            let now = work.time.now
            link.tell(nodes.look(at: endpoint.id) { ends.commands(for: renewals, in: $0.view, at: now) } ?? [])
        } catch {
            logger.warning("leases could not be renewed", metadata: ["node": "\(endpoint.id)", "error": "\(error)"])
        }
    }
}

/// Sightings that are not stored yet, the newest of each leg. A leg that ended is never overwritten by older news.
final class SightingBuffer: Sendable {
    private let sightings = Mutex<[UUID: Sighting]>([:])

    func add(_ sighting: Sighting) { sightings.withLock { $0[sighting.leg.id] = sighting } }

    func take(_ count: Int) -> [Sighting] {
        sightings.withLock { sightings in
            let batch = Array(sightings.values.prefix(count))
            for sighting in batch { sightings[sighting.leg.id] = nil }
            return batch
        }
    }

    func putBack(_ batch: [Sighting]) {
        sightings.withLock { sightings in
            for sighting in batch where sightings[sighting.leg.id] == nil { sightings[sighting.leg.id] = sighting }
        }
    }
}
