import Foundation
import Glibc

/// A plain blocking HTTP/1.1 client over one connection: it must cost as little as possible beside what is measured.
struct BenchClient: ~Copyable {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure(description: "cannot connect to port \(port)") }
    }

    deinit { close(descriptor) }

    /// Sends one request and answers the body; anything but 200 is an error.
    mutating func exchange(_ head: String, _ body: [UInt8] = []) throws -> [UInt8] {
        try write(Array("\(head)Host: 127.0.0.1\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body)
        var end: Int?
        while true {
            if end == nil { end = headEnd() }
            if let end {
                let text = String(decoding: buffer[..<end], as: UTF8.self).lowercased()
                guard text.hasPrefix("http/1.1 200") else {
                    throw Failure(description: String(decoding: buffer.prefix(600), as: UTF8.self))
                }
                guard let range = text.range(of: "content-length: "),
                    let length = Int(text[range.upperBound...].prefix { $0.isNumber })
                else { throw Failure(description: "an answer without a length") }
                if buffer.count >= end + length {
                    defer { buffer.removeFirst(end + length) }
                    return Array(buffer[end..<end + length])
                }
            }
            try read()
        }
    }

    private func headEnd() -> Int? {
        guard buffer.count > 3 else { return nil }
        for index in 3..<min(buffer.count, 8192)
        where buffer[index] == 10 && buffer[index - 1] == 13 && buffer[index - 2] == 10 { return index + 1 }
        return nil
    }

    private func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                raw.baseAddress.map { send(descriptor, $0 + sent, bytes.count - sent, Int32(MSG_NOSIGNAL)) } ?? -1
            }
            guard count > 0 else { throw Failure(description: "the connection broke while sending") }
            sent += count
        }
    }

    private mutating func read() throws {
        let chunk = 16 * 1024
        let old = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: chunk))
        let count = buffer.withUnsafeMutableBytes { raw in
            raw.baseAddress.map { recv(descriptor, $0 + old, chunk, 0) } ?? -1
        }
        buffer.removeLast(chunk - max(0, count))
        guard count > 0 else { throw Failure(description: "the connection broke while receiving") }
    }
}

/// Runs a blocking body on threads of its own and waits for all.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<count {
            group.addTask {
                try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                    let thread = Thread { continuation.resume(with: Result { try body(number) }) }
                    thread.stackSize = 1 << 20
                    thread.start()
                }
            }
        }
        try await group.waitForAll()
    }
}
