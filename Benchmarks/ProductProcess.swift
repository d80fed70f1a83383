import Foundation
import Kernel
import Postgres
import Tenancy

/// `controlplane serve`, the release executable itself, on a database of the measurement.
struct ProductProcess: Sendable {
    let port: Int
    private let process: Process

    /// Returns once it serves.
    static func start(_ cluster: BenchCluster, _ database: String) async throws -> ProductProcess {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let executable = own.appending(path: "controlplane")
        guard FileManager.default.isExecutableFile(atPath: executable.path) else {
            throw BenchClient.Failure(description: "\(executable.path) is missing; scripts/bench builds it")
        }
        let (port, healthPort) = (freePort(), freePort())
        let process = Process()
        process.executableURL = executable
        process.arguments = ["serve"]
        process.environment = ProcessInfo.processInfo.environment.merging([
            "DATABASE_URL": cluster.connectionString(.app, database),
            "DATABASE_SYSTEM_URL": cluster.connectionString(.system, database),
            "HTTP_ADDRESS": "127.0.0.1:\(port)", "HEALTH_ADDRESS": "127.0.0.1:\(healthPort)", "LOG_LEVEL": "error",
            "CONTROLPLANE_KEK": KeyEncryptionKey.generatedText(),
        ]) { _, new in new }
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        for _ in 0..<1200 {
            if let body = try? get(healthPort, "/readyz"), !body.isEmpty {
                return ProductProcess(port: port, process: process)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        process.terminate()
        throw BenchClient.Failure(description: "the service did not become ready")
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// Seconds of processor time so far.
    var processorSeconds: Double { ServedProcess.processorSeconds(of: process.processIdentifier) }

    private static func get(_ port: Int, _ path: String) throws -> [UInt8] {
        var client = try BenchClient(port: port)
        return try client.exchange("GET \(path) HTTP/1.1\r\n")
    }

    private static func freePort() -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, size)
                _ = getsockname(descriptor, $0, &size)
            }
        }
        return Int(in_port_t(bigEndian: address.sin_port))
    }
}
