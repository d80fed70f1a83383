import FoundationEssentials
import Kernel
import Postgres
import Web

/// One use case = one transaction in the scope of whoever asks: row-level security shows it nothing else, and what it
/// changes, its audit entries and its stored answer are committed together or not at all.
package struct UnitOfWork: Sendable {
    package let database: Database
    package let time: TimeSource
    package let ids: IDSource

    package init(database: Database, time: TimeSource, ids: IDSource) {
        self.database = database
        self.time = time
        self.ids = ids
    }

    // MARK: Reading

    /// Runs `body` in a read-only transaction of the caller's scope.
    package func read<Input, Result: Sendable>(
        _ call: Call<Input>, _ body: @escaping @Sendable (borrowing Transaction<ScopeNode>) throws -> Result
    ) async throws -> Result {
        try await read(in: call.principal.scope, body)
    }

    /// The same for a page of the console.
    package func read<Input, Result: Sendable>(
        _ call: PageCall<Input>, _ body: @escaping @Sendable (borrowing Transaction<ScopeNode>) throws -> Result
    ) async throws -> Result {
        try await read(in: call.principal.scope, body)
    }

    /// The same for a scope; commands and jobs read in `.platform`.
    package func read<Result: Sendable>(
        in scope: ScopeNode, _ body: @escaping @Sendable (borrowing Transaction<ScopeNode>) throws -> Result
    ) async throws -> Result {
        try await database.transaction(for: scope, options: TransactionOptions(isReadOnly: true)) { tx in
            try body(tx)
        }
    }

    // MARK: Changing

    /// Runs a mutation of the API. A repeated `Idempotency-Key` gets the first answer again, marked as such.
    ///
    /// - Parameter validateOnly: everything is checked and then undone; the answer is what it would have been, with 200 and without a tag.
    /// - Parameter storing: what is kept for a repeated request, for answers with a secret that is shown once.
    package func perform<Input, Output: Codable & Sendable>(
        _ call: Call<Input>, validateOnly: Bool? = nil, storing: @escaping @Sendable (Output) -> Output = { $0 },
        _ body: @escaping @Sendable (borrowing Transaction<ScopeNode>, Actor) throws -> Output
    ) async throws -> Reply<Output> {
        let claim = validateOnly == true ? nil : IdempotencyClaim(call.facts)
        let actor = actor(call.principal, call.requestID)
        do {
            return try await database.transaction(for: call.principal.scope) { tx in
                if let claim, let stored = try IdempotencyStore.claim(claim, actor, tx) {
                    return Reply(try JSONText(stored).decoded(as: Output.self)).replayed()
                }
                let output = try body(tx, actor)
                if validateOnly == true { throw Rehearsal(output: output) }
                if let claim { try IdempotencyStore.store(JSONText(storing(output)).bytes, for: claim, actor, tx) }
                return Reply(output)
            }
        } catch let rehearsal as Rehearsal<Output> {
            return Reply(rehearsal.output).rehearsed()
        }
    }

    /// Runs a mutation of the console. Forms redirect after success, so there is nothing to repeat.
    package func perform<Input, Output: Sendable>(
        _ call: PageCall<Input>,
        _ body: @escaping @Sendable (borrowing Transaction<ScopeNode>, Actor) throws -> Output
    ) async throws -> Output {
        try await perform(as: call.principal, requestID: call.requestID, body)
    }

    /// Runs a named job of the platform, or a command of the operator's shell.
    package func perform<Output: Sendable>(
        job: String, _ body: @escaping @Sendable (borrowing Transaction<ScopeNode>, Actor) throws -> Output
    ) async throws -> Output {
        try await perform(as: .system(job), body)
    }

    /// Runs a mutation as a principal, in its scope.
    package func perform<Output: Sendable>(
        as principal: Principal, requestID: String = "",
        _ body: @escaping @Sendable (borrowing Transaction<ScopeNode>, Actor) throws -> Output
    ) async throws -> Output {
        let actor = actor(principal, requestID)
        return try await database.transaction(for: principal.scope) { tx in try body(tx, actor) }
    }

    /// Deletes one batch of stored answers that are past their retention, and says how many; call again while it is
    /// `limit`.
    package func purgeIdempotencyRecords(limit: Int = 1000) async throws -> Int {
        try await perform(job: "purge idempotency records") { tx, actor in
            let moment = actor.now.advanced(by: .zero - IdempotencyRetention.duration)
            return try IdempotencyStore.purge(before: moment, limit: limit, tx)
        }
    }

    private func actor(_ principal: Principal, _ requestID: String) -> Actor {
        Actor(principal: principal, now: time.now, requestID: requestID, ids: ids)
    }
}

/// Carries the answer of a rehearsed change out of the transaction that it undoes.
private struct Rehearsal<Output: Sendable>: Error {
    let output: Output
}
