import Foundation
import Kernel
import Logging
import NIOPosix
import Telephony
import Tenancy
import TestSupport
import Testing

@testable import Voice

/// The event service over peers, at the pace of tests.
enum WatchedNodes {
    static func endpoint(_ peer: SwitchPeer, _ id: VoiceNodeID, serving instance: InstanceID? = nil) -> NodeEndpoint {
        NodeEndpoint(
            id: id, organisationID: nil, instanceID: instance, displayName: "node \(peer.port)", host: "127.0.0.1",
            port: peer.port, password: PlainSecret(SwitchPeer.password))
    }

    /// Runs services beside the one that watches, while the body runs.
    static func with(
        _ nodes: LiveNodes, _ hooks: NodeHooks, _ work: UnitOfWork,
        beside services: [@Sendable () async throws -> Void] = [], _ body: () async throws -> Void
    ) async throws {
        var pace = NodeFollower.Pace()
        pace.tick = .milliseconds(50)
        pace.firstRetry = .milliseconds(50)
        pace.longestRetry = .milliseconds(200)
        pace.gatewayPause = .milliseconds(20)
        let service = EventService(
            nodes: nodes, hooks: hooks, work: work, group: MultiThreadedEventLoopGroup.singleton,
            logger: TestLog.quiet, pace: pace, rosterPace: .milliseconds(100))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await service.run() }
            for service in services { tasks.addTask { try await service() } }
            try await body()
            tasks.cancelAll()
        }
    }

    /// Waits for something to become true; the test's own time limit ends it otherwise.
    static func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
        for _ in 0..<400 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(25))
        }
        Issue.record("never happened: \(what)")
    }

    /// An event as a node sends it.
    static func event(_ fields: [String: String]) -> [UInt8] {
        let members = fields.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }
        let body = JSON.object(members).canonicalBytes
        return Array("Content-Length: \(body.count)\nContent-Type: text/event-json\n\n".utf8) + body
    }
}
