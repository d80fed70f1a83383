import Kernel

/// Runs work for at most a while; afterwards the work is cancelled and a 503 is thrown.
///
/// The work is waited for even then: it must notice the cancellation, as database statements do.
func withTimeLimit<Value: Sendable>(
    _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else {
            throw Problem.unavailable("The request took too long and was given up. Ask for less, or try again.")
        }
        return value
    }
}
