import Kernel
import Synchronization

/// Records of one organisation that come while others of it are being committed are booked together afterwards: that
/// costs them one transaction instead of one each. Each request waits for the commit of its own record and hears of that
/// record alone.
final class RecordGroups: Sendable {
    typealias Enter = @Sendable ([CallLedger.Entry]) async throws -> [RecordAcceptance]

    /// What a request does or hears when it has waited.
    private enum Turn {
        /// Books its own record and those of the others.
        case leads([Waiting])
        case booked(RecordAcceptance)
        /// The group failed; whose fault it was each finds out for itself.
        case alone
        case refused
    }

    private struct Waiting {
        let entry: CallLedger.Entry
        let request: CheckedContinuation<Turn, Never>
    }

    private struct State {
        /// One for each organisation that has records in work; empty when nobody waits.
        var queues: [OrganisationID: [Waiting]] = [:]
        var count = 0
    }

    private let enter: Enter
    /// The most records of a transaction.
    private let size: Int
    /// The most records that wait, of all organisations.
    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter enter: books records of one organisation, all or none of them; one answer for each.
    init(size: Int = 64, capacity: Int = 1_024, enter: @escaping Enter) {
        self.enter = enter
        self.size = size
        self.capacity = capacity
    }

    /// How many records wait.
    var waiting: Int { state.withLock { $0.count } }

    /// Books a record with whatever others are there. Returns after the commit; an error is that of this record, or 503
    /// when too many wait.
    func book(_ entry: CallLedger.Entry) async throws -> RecordAcceptance {
        switch await turn(entry) {
        case .leads(let others): try await lead(entry, others)
        case .booked(let acceptance): acceptance
        case .alone: try await alone(entry)
        case .refused: throw Problem.unavailable("Too many call records at once. Nothing was changed.")
        }
    }

    private func turn(_ entry: CallLedger.Entry) async -> Turn {
        await withCheckedContinuation { request in
            let turn: Turn? = state.withLock { state in
                let organisation = entry.owner.organisationID
                guard state.queues[organisation] != nil else {
                    state.queues[organisation] = []
                    return .leads([])
                }
                guard state.count < capacity else { return .refused }
                state.queues[organisation]?.append(Waiting(entry: entry, request: request))
                state.count += 1
                return nil
            }
            if let turn { request.resume(returning: turn) }
        }
    }

    private func lead(_ entry: CallLedger.Entry, _ others: [Waiting]) async throws -> RecordAcceptance {
        defer { passOn(entry.owner.organisationID) }
        guard !others.isEmpty else { return try await alone(entry) }
        guard let answers = try? await enter([entry] + others.map(\.entry)), answers.count == others.count + 1 else {
            for other in others { other.request.resume(returning: .alone) }
            return try await alone(entry)
        }
        for (other, answer) in zip(others, answers.dropFirst()) { other.request.resume(returning: .booked(answer)) }
        return answers[0]
    }

    private func alone(_ entry: CallLedger.Entry) async throws -> RecordAcceptance {
        guard let answer = try await enter([entry]).first else {
            throw Problem.unavailable("The record was not booked.")
        }
        return answer
    }

    /// The first of those who came meanwhile leads the next group.
    private func passOn(_ organisation: OrganisationID) {
        let group = state.withLock { state in
            guard let queue = state.queues[organisation], !queue.isEmpty else {
                state.queues[organisation] = nil
                return [Waiting]()
            }
            let group = Array(queue.prefix(size))
            state.queues[organisation] = Array(queue.dropFirst(size))
            state.count -= group.count
            return group
        }
        group.first?.request.resume(returning: .leads(Array(group.dropFirst())))
    }
}
