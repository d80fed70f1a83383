import Crypto
import FoundationEssentials
import Kernel
import Postgres

/// Brings a file of events in through the same service that requests use: in batches, several at once, memory bounded by
/// them. An interrupted import of a file goes on where everything before was answered.
package struct UsageImporter: Sendable {
    private let usage: UsageService
    private let database: Database
    private let time: TimeSource
    /// Events per transaction.
    private let batchSize: Int
    /// Batches on their way at once; no more than there are connections.
    private let concurrency: Int

    package init(
        usage: UsageService, database: Database, time: TimeSource, batchSize: Int = 1000, concurrency: Int = 4
    ) {
        self.usage = usage
        self.database = database
        self.time = time
        self.batchSize = max(1, batchSize)
        self.concurrency = max(1, concurrency)
    }

    /// - Parameter report: called after each answered batch, in order of the file.
    package func run(
        _ file: UsageFile, as scope: ScopeNode, report: (UsageImportProgress) -> Void = { _ in }
    ) async throws -> UsageImportSummary {
        var run = try await begin(file, scope)
        run.source = try file.open()
        report(run.progress)
        try await withThrowingTaskGroup(of: AnsweredBatch.self) { group in
            var running = 0
            while true {
                while running < concurrency, let batch = try run.nextBatch(size: batchSize) {
                    group.addTask { try await answer(batch, scope) }
                    running += 1
                }
                guard let answered = try await group.next() else { break }
                running -= 1
                if run.take(answered) {
                    report(run.progress)
                    if run.isTimeToSave { try await save(&run, scope, isFinished: false) }
                }
            }
        }
        try await save(&run, scope, isFinished: true)
        return run.summary
    }

    private func begin(_ file: UsageFile, _ scope: ScopeNode) async throws -> ImportRun {
        guard file.isRepeatable else { return ImportRun(id: nil, progress: UsageImportProgress()) }
        var hash = SHA256()
        let source = try file.open()
        while case let piece = try source(), !piece.isEmpty { hash.update(data: piece) }
        let digest = Array(hash.finalize())
        let (id, now) = (UUID(), time.now)
        let begun = try await database.transaction(for: scope) { tx in
            try UsageImportStore.begin(file, sha256: digest, id: id, now: now, tx)
        }
        return ImportRun(id: begun.id, progress: begun.progress)
    }

    private func save(_ run: inout ImportRun, _ scope: ScopeNode, isFinished: Bool) async throws {
        run.batchesSinceSave = 0
        guard let id = run.id else { return }
        let (progress, now) = (run.progress, time.now)
        try await database.transaction(for: scope) { tx in
            try UsageImportStore.save(progress, of: id, isFinished: isFinished, now: now, tx)
        }
    }

    private func answer(_ batch: FileBatch, _ scope: ScopeNode) async throws -> AnsweredBatch {
        let items = batch.records.map { $0.item(batch.table) }
        let receipt = try await usage.ingest(items, as: scope)
        var failures: [UsageImportFailure] = []
        for (index, outcome) in receipt.outcomes.enumerated() where failures.count < UsageImportSummary.keptFailures {
            let (line, id) = (batch.records[index].line, items[index].id)
            switch outcome {
            case .accepted, .duplicate: break
            case .conflict:
                failures.append(
                    UsageImportFailure(
                        line: line, eventID: id, status: "conflict", reason: "PAYLOAD_DIFFERS",
                        detail: "An event with this tenant, source and id has another type, time or data."))
            case .rejected(let rejection):
                failures.append(
                    UsageImportFailure(
                        line: line, eventID: id, status: "rejected", reason: rejection.reason, detail: rejection.detail)
                )
            }
        }
        return AnsweredBatch(batch: batch, counts: receipt.counts, failures: failures)
    }
}

/// A part of a file on its way.
private struct FileBatch: Sendable {
    let number: Int
    let records: [UsageRecord]
    let table: UsageTable?
}

private struct AnsweredBatch: Sendable {
    let batch: FileBatch
    let counts: UsageCounts
    let failures: [UsageImportFailure]
}

extension UsageRecord {
    fileprivate func item(_ table: UsageTable?) -> UsageItem {
        switch content {
        case .json(let bytes): return UsageBatch.item(line: bytes[...])
        case .fields(let fields):
            if let table { return table.item(fields) }
            fallthrough
        case .tooLong:
            let limit = UsageRecordReader.longestRecord
            return UsageItem(
                id: nil,
                content: .failure(UsageRejection("INVALID_EVENT", nil, "The event is longer than \(limit) bytes.")))
        }
    }
}

/// The state of one run: what was read, and what is answered without a gap from the beginning.
private struct ImportRun {
    let id: UUID?
    var progress: UsageImportProgress
    var summary: UsageImportSummary
    var batchesSinceSave = 0
    var source: (() throws -> [UInt8])?
    private let start: Int64
    private var reader = UsageRecordReader()
    private var table: UsageTable?
    private var pending: ArraySlice<UsageRecord> = []
    private var nextNumber = 0
    private var nextAnswered = 0
    private var answered: [Int: AnsweredBatch] = [:]

    init(id: UUID?, progress: UsageImportProgress) {
        self.id = id
        self.progress = progress
        start = progress.bytesDone
        summary = UsageImportSummary(counts: progress.counts, resumedAtByte: progress.bytesDone)
    }

    /// Saving costs a commit, repeating a batch costs little: a cut repeats at most so many.
    var isTimeToSave: Bool { batchesSinceSave >= 10 }

    mutating func nextBatch(size: Int) throws -> FileBatch? {
        while pending.count < size, source != nil { try readOn() }
        guard !pending.isEmpty else { return nil }
        let batch = FileBatch(number: nextNumber, records: Array(pending.prefix(size)), table: table)
        pending = pending.dropFirst(size)
        nextNumber += 1
        return batch
    }

    private mutating func readOn() throws {
        let piece = try source?() ?? []
        var records: [UsageRecord]
        if piece.isEmpty {
            source = nil
            records = try reader.finish().map { [$0] } ?? []
        } else {
            records = try reader.records(in: piece)
        }
        if table == nil, case .csv = reader.format, let first = records.first, case .fields(let header) = first.content
        {
            table = try UsageTable(header: header)
            records.removeFirst()
        }
        pending = ArraySlice(Array(pending) + records.filter { $0.end > start })
    }

    /// Whether the part that is answered without a gap has grown.
    mutating func take(_ batch: AnsweredBatch) -> Bool {
        answered[batch.batch.number] = batch
        var hasGrown = false
        while let next = answered.removeValue(forKey: nextAnswered) {
            nextAnswered += 1
            hasGrown = true
            batchesSinceSave += 1
            progress.counts = progress.counts + next.counts
            if let last = next.batch.records.last {
                progress.bytesDone = last.end
                progress.linesDone = last.line
            }
            summary.failures += next.failures.prefix(UsageImportSummary.keptFailures - summary.failures.count)
        }
        summary.counts = progress.counts
        return hasGrown
    }
}
