import Foundation
import Kernel
import Logging
import NIOPosix
import Postgres
import ServiceLifecycle
import Synchronization
import Telephony
import Tenancy
import TestSupport
import VoiceRecordings
import Web

@testable import Voice

/// One licensee with an instance and the node of the recordings, `fs1` with its recorded passwords, served over a bound
/// socket from the plans of the recordings.
struct SwitchWorld: Sendable {
    let work: UnitOfWork
    let nodes: NodeService
    let directory: NodeDirectory
    let operators: Principal
    let instance: Instance
    let node: VoiceNode
    /// The legs that were asked about.
    let asked = AskedLegs()
    let refused = RefusedLogins()

    static let now = Timestamp(seconds: 1_795_266_000)

    static func with(_ body: (SwitchWorld) async throws -> Void) async throws {
        try await withTestDatabase { test in try await body(make(test)) }
    }

    private static func make(_ test: TestDatabase) async throws -> SwitchWorld {
        let work = UnitOfWork(database: test.database, time: .fixed(now), ids: .timeOrdered)
        let nodes = NodeService(box: SecretBox(try KeyRing(text: KeyEncryptionKey.generatedText())))
        let made = try await work.perform(job: "world") { tx, actor in
            let profile = OrganisationProfile(displayName: "Vendor", legalName: "Vendor", country: .austria)
            _ = try Bootstrap.ensureVendor(profile, tx, actor)
            var changes = OrganisationChanges()
            changes.displayName = "Licensee"
            changes.country = .austria
            let rules = TenancyRules(
                checkVATID: { text, _ in .checked(normalised: text, isValid: true) },
                programs: { _, _ in [.enterprise] })
            let services = TenancyServices(work: work, rules: rules)
            let licensee = try services.organisations.create(.partner, managedBy: nil, changes, tx, actor)
            var stack = InstanceChanges()
            stack.displayName = "Stack"
            let instance = try services.instances.create(
                at: .licensee, for: licensee.id, ownedBy: nil, stack, tx, actor)
            let node = try nodes.create(named: "fs1", at: instance.id, NodeChanges(), tx, actor).node
            let recorded = NodeCredentials(
                configuration: [NodeCredential(name: "fs1", password: "xml-secret")],
                records: [NodeCredential(name: "fs1", password: "cdr-secret")])
            try NodeStore.replace(recorded, of: node.id, at: actor.now, tx)
            return (licensee.id, instance, try nodes.get(node.id, tx))
        }
        let directory = NodeDirectory(work: work)
        try await directory.refresh()
        let operators = Principal(
            id: Principal.systemID, kind: .apiKey, displayName: "operator", scope: .organisation(made.0),
            permissions: Permission.all)
        return SwitchWorld(
            work: work, nodes: nodes, directory: directory, operators: operators, instance: made.1, node: made.2)
    }

    /// The recorded tenants, living on the world's instance.
    var plan: VoicePlan {
        VoicePlan([
            RecordedPlans.tenant(1, trunk: RecordedPlans.trunkA, instance: instance.id),
            RecordedPlans.tenant(2, trunk: RecordedPlans.trunkB, instance: instance.id),
        ])
    }

    /// Starts the server with the addresses of nodes and lends a client.
    func serve(
        also routes: [ProtocolRoute] = [], knowing nodes: NodeDirectory? = nil, hasPlans: Bool = true,
        _ body: @escaping @Sendable (SwitchClient) async throws -> Void
    ) async throws {
        let plan = hasPlans ? plan : nil
        let (asked, refused) = (asked, refused)
        let metrics = Metrics()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = SwitchService(
            gate: NodeGate(nodes ?? directory), plan: { plan },
            decide: { origin in
                asked.note(origin.leg)
                return Decision(.refuse(Refusal(.couldNotAsk, "")), trace: [])
            }, refused: refused, logger: logger, metrics: metrics)
        var settings = ServerSettings()
        settings.port = 0
        settings.healthPort = 0
        settings.front.uriBytes = 16 * 1024
        let hooks = ServerHooks(logger: logger, metrics: metrics, time: .fixed(Self.now)) { _ in nil }
        let web = try WebServices(
            site: Site(endpoints: [], protocols: service.routes + routes), settings: settings, hooks: hooks)
        let group = ServiceGroup(services: web.services, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = try await web.mainPort.value()
            do {
                try await body(SwitchClient(port: port))
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

final class AskedLegs: Sendable {
    private let legs = Mutex<[LegRequest]>([])

    func note(_ leg: LegRequest) { legs.withLock { $0.append(leg) } }

    var all: [LegRequest] { legs.withLock { $0 } }
}

/// Sends bytes as they are and reads one answer.
struct SwitchClient: Sendable {
    let port: Int

    struct Answer: Sendable {
        let status: Int
        let headers: [String]
        let body: String

        func values(_ name: String) -> [String] {
            headers.filter { $0.lowercased().hasPrefix(name + ":") }.map { String($0.dropFirst(name.count + 2)) }
        }
    }

    /// Each piece waits until something came back, but for the first.
    func send(_ pieces: [[UInt8]]) async throws -> (Answer, interim: String) {
        let port = port
        return try await NIOThreadPool.singleton.runIfActive {
            let socket = try BlockingSocket(port: port)
            defer { socket.close() }
            var interim = ""
            for (index, piece) in pieces.enumerated() {
                if index > 0 { interim += String(decoding: socket.read(), as: UTF8.self) }
                socket.send(piece)
            }
            var received: [UInt8] = []
            while true {
                if let answer = Self.parse(received) { return (answer, interim) }
                let more = socket.read()
                guard !more.isEmpty else {
                    throw Recordings.Unexpected(name: String(decoding: received, as: UTF8.self))
                }
                received += more
            }
        }
    }

    func send(_ bytes: [UInt8]) async throws -> Answer { try await send([bytes]).0 }

    func post(_ path: String, _ form: String, authorization: String?) async throws -> Answer {
        var head = "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Length: \(form.utf8.count)\r\n"
        head += "Content-Type: application/x-www-form-urlencoded\r\n"
        if let authorization { head += "Authorization: \(authorization)\r\n" }
        return try await send(Array("\(head)\r\n\(form)".utf8))
    }

    private static func parse(_ bytes: [UInt8]) -> Answer? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let length = lines.first { $0.lowercased().hasPrefix("content-length:") }.flatMap { Int($0.dropFirst(16)) } ?? 0
        let body = bytes[end.upperBound...]
        guard body.count >= length, let status = Int(lines[0].dropFirst(9).prefix(3)) else { return nil }
        return Answer(
            status: status, headers: Array(lines.dropFirst()),
            body: String(decoding: body.prefix(length), as: UTF8.self))
    }
}

/// A TCP connection to this machine, blocking.
private struct BlockingSocket {
    private let descriptor: Int32

    struct Failure: Error {}

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure() }
    }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func read() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : []
    }

    func close() { Glibc.close(descriptor) }
}
