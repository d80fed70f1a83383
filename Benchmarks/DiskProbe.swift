import Foundation
import Glibc

/// What a commit waits for on this machine: bounds every durable figure, so it is told beside them.
enum DiskProbe {
    /// Seconds until 8 KiB more are on disk, the median of 200.
    static func medianSync(in directory: String) throws -> Double {
        let path = "\(directory)/sync-probe"
        let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw BenchClient.Failure(description: "\(path) cannot be written") }
        defer {
            close(descriptor)
            unlink(path)
        }
        let page = [UInt8](repeating: 1, count: 8192)
        var times: [Double] = []
        for _ in 0..<200 {
            let start = ContinuousClock.now
            guard write(descriptor, page, page.count) == page.count, fdatasync(descriptor) == 0 else {
                throw BenchClient.Failure(description: "\(path) cannot be synced")
            }
            times.append(start.duration(to: .now).seconds)
        }
        return times.sorted()[times.count / 2]
    }
}
