import Foundation
import Kernel
import Synchronization

/// How a service took requests, each on a connection of its own as FreeSWITCH makes it.
struct Load: Sendable {
    let rate: Double
    let median: Double
    let p99: Double
    var processorMilliseconds = 0.0

    private init(_ times: [Double], seconds: Double) {
        let sorted = times.sorted()
        rate = Double(sorted.count) / seconds
        median = sorted[sorted.count / 2]
        p99 = sorted[sorted.count * 99 / 100]
    }

    /// Sends all requests as fast as the service answers, or `perSecond` of them: then times count from the moment at which
    /// a request was due, so that one that waits behind a slow one is not forgiven.
    /// - Parameter isRight: whether the answer to the request of that number is what it should be.
    static func measured(
        clients: Int, requests: [[UInt8]], to port: Int, _ head: String, perSecond: Int? = nil,
        isRight: @escaping @Sendable (Int, String) -> Bool
    ) async throws -> Load {
        let next = Atomic(0)
        let all = Mutex<[Double]>([])
        let begin = ContinuousClock.now
        try await onThreads(clients) { _ in
            var own: [Double] = []
            while true {
                let number = next.add(1, ordering: .relaxed).oldValue
                guard number < requests.count else { break }
                var start = ContinuousClock.now
                if let perSecond {
                    let due = begin.advanced(by: .microseconds(Int64(number) * 1_000_000 / Int64(perSecond)))
                    if start < due { Thread.sleep(forTimeInterval: start.duration(to: due).seconds) }
                    start = due
                }
                var client = try BenchClient(port: port)
                let answer = String(decoding: try client.exchange(head, requests[number]), as: UTF8.self)
                own.append(start.duration(to: .now).seconds)
                guard isRight(number, answer) else {
                    throw BenchClient.Failure(description: String(answer.prefix(1500)))
                }
            }
            all.withLock { $0 += own }
        }
        return Load(all.withLock { $0 }, seconds: begin.duration(to: .now).seconds)
    }
}
