import Kernel
import Synchronization

/// Counts failed attempts to sign in by address. In memory and per process: the secrets are long enough, this only keeps
/// the noise down. It never stands in the way of a valid one, because all visitors behind a proxy share its address.
final class SignInLimiter: Sendable {
    static let attempts = 10
    static let window: Duration = .seconds(900)
    private static let capacity = 10_000

    private struct Window {
        var failures: Int
        let end: Timestamp
    }

    private let windows = Mutex<[String: Window]>([:])

    /// Counts a failed attempt; whether the address had used up its attempts before.
    func noteFailure(_ address: String?, at now: Timestamp) -> Bool {
        windows.withLock { windows in
            if windows.count >= Self.capacity {
                windows = windows.filter { now < $0.value.end }
                if windows.count >= Self.capacity { windows.removeAll() }
            }
            let key = address ?? ""
            if let window = windows[key], now < window.end {
                windows[key]?.failures += 1
                return window.failures >= Self.attempts
            }
            windows[key] = Window(failures: 1, end: now.advanced(by: Self.window))
            return false
        }
    }
}
