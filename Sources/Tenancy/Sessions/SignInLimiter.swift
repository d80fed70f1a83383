import Kernel
import Synchronization

/// Counts failed attempts to sign in by address. In memory and per process: the passwords are long enough, this only
/// keeps the noise down.
final class SignInLimiter: Sendable {
    static let attempts = 10
    static let window: Duration = .seconds(900)
    private static let capacity = 10_000

    private struct Window {
        var failures: Int
        let end: Timestamp
    }

    private let windows = Mutex<[String: Window]>([:])

    /// 429 when the address has used up its attempts.
    func check(_ address: String?, at now: Timestamp) throws(Problem) {
        let failures = windows.withLock { windows in
            guard let window = windows[address ?? ""], now < window.end else { return 0 }
            return window.failures
        }
        if failures >= Self.attempts { throw .tooManyAttempts }
    }

    func noteFailure(_ address: String?, at now: Timestamp) {
        windows.withLock { windows in
            if windows.count >= Self.capacity {
                windows = windows.filter { now < $0.value.end }
                if windows.count >= Self.capacity { windows.removeAll() }
            }
            let key = address ?? ""
            if let window = windows[key], now < window.end {
                windows[key]?.failures += 1
            } else {
                windows[key] = Window(failures: 1, end: now.advanced(by: Self.window))
            }
        }
    }
}
