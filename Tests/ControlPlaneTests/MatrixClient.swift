import Dispatch
import Foundation
import Kernel

#if canImport(Glibc)
    import Glibc
#endif

/// What a server sent until it closed the connection: status line, headers and body as one text.
struct MatrixAnswer: Sendable {
    let text: String

    var status: Int { Int(text.dropFirst(9).prefix(3)) ?? 0 }
    var isSuccess: Bool { (200..<300).contains(status) }
    var body: String { text.range(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? "" }
    /// The reason of a problem.
    var reason: String? { (try? JSON(parsing: Array(body.utf8)))?["reason"]?.string }

    func header(_ name: String) -> String? {
        for line in text.components(separatedBy: "\r\n").dropFirst().prefix(while: { !$0.isEmpty }) {
            let pair = line.split(separator: ":", maxSplits: 1)
            if pair.count == 2, pair[0].lowercased() == name { return pair[1].trimmingCharacters(in: .whitespaces) }
        }
        return nil
    }
}

/// Speaks HTTP/1.1 over a socket of its own per request: follows no redirect, keeps no cookie, hides no answer.
struct MatrixClient: Sendable {
    struct Unreachable: Error {}

    let port: Int

    func send(
        _ method: String, _ path: String, headers: [String] = [], type: String? = nil, body: [UInt8] = []
    ) async throws -> MatrixAnswer {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: close"] + headers
        if let type { lines += ["Content-Type: \(type)", "Content-Length: \(body.count)"] }
        let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { MatrixAnswer(text: try exchange(bytes)) })
            }
        }
    }

    private func exchange(_ bytes: [UInt8]) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Unreachable() }
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw Unreachable() }
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { break }
            sent += count
        }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: result, as: UTF8.self) }
            result += buffer[..<count]
        }
    }
}
