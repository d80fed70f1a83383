import Foundation
import Kernel

/// Writes usage events of the demo as NDJSON, the form that a customer's instance would send. Deterministic: the same
/// plan gives the same file, so importing it twice counts nothing twice.
struct DemoUsage {
    /// One tenant's share of a file.
    struct Share {
        let tenant: TenantID
        let turns: Int
        var keySource = "partner"
        /// Answered time in milliseconds, spread over calls of about three minutes.
        var voiceMilliseconds = 0
    }

    /// Who reports: part of the key that recognises duplicates.
    let source: String
    /// The first instant covered and the first no longer covered.
    let from: Timestamp
    let until: Timestamp

    private static let hour: Int64 = 3_600_000_000

    /// Writes one file and returns the number of events in it.
    func write(_ shares: [Share], to path: String) throws -> Int {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw CocoaError(.fileWriteUnknown) }
        defer { try? file.close() }
        var lines = LineBuffer(file: file)
        for share in shares {
            try writeTurns(share, into: &lines)
            try writeCalls(share, into: &lines)
        }
        try lines.flush()
        return lines.count
    }

    private func writeTurns(_ share: Share, into lines: inout LineBuffer) throws {
        let data = #"{"key_source":"\#(share.keySource)"}"#
        for (index, time) in moments(share.turns).enumerated() {
            try lines.append(event("turn", number: index, at: time, tenant: share.tenant, data: data))
        }
    }

    private func writeCalls(_ share: Share, into lines: inout LineBuffer) throws {
        guard share.voiceMilliseconds > 0 else { return }
        let calls = max(1, share.voiceMilliseconds / 183_400)
        let each = share.voiceMilliseconds / calls
        for (index, time) in moments(calls).enumerated() {
            let length = index == calls - 1 ? share.voiceMilliseconds - each * (calls - 1) : each
            let direction = index % 3 == 0 ? "outbound" : "inbound"
            let data = #"{"milliseconds":\#(length),"direction":"\#(direction)","call_id":"call-\#(index)"}"#
            try lines.append(event("voice", number: index, at: time, tenant: share.tenant, data: data))
        }
    }

    private func event(_ type: String, number: Int, at time: Timestamp, tenant: TenantID, data: String) -> String {
        let id = "\(type)-\(from.microseconds / Self.hour)-\(number)"
        return #"{"id":"\#(id)","source":"\#(source)","type":"\#(type)","time":"\#(time)","tenant":"\#(tenant)","#
            + #""data":\#(data)}"# + "\n"
    }

    /// `count` instants: busier on working days and in the daytime, evenly spread inside each hour.
    private func moments(_ count: Int) -> [Timestamp] {
        let hours = Int((until.microseconds - from.microseconds) / Self.hour)
        guard hours > 0, count > 0 else { return [] }
        let weights = (0..<hours).map { weight(ofHourAt: from.microseconds + Int64($0) * Self.hour) }
        let total = weights.reduce(0, +)
        var moments: [Timestamp] = []
        moments.reserveCapacity(count)
        var weightSoFar = 0
        for (index, weight) in weights.enumerated() {
            weightSoFar += weight
            let due = count * weightSoFar / total - moments.count
            let start = from.microseconds + Int64(index) * Self.hour
            for step in 0..<due {
                let offset = Self.hour * Int64(step) / Int64(due) / 1_000_000 * 1_000_000
                moments.append(Timestamp(microseconds: start + offset))
            }
        }
        return moments
    }

    private func weight(ofHourAt microseconds: Int64) -> Int {
        let hour = Int(microseconds / Self.hour)
        let weekday = (hour / 24 + 3) % 7
        let daytime = [2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 10, 11, 12, 12, 11, 9, 7, 6, 5, 4, 3, 2][hour % 24]
        return weekday >= 5 ? daytime * 4 : daytime * 10
    }
}

/// Collects lines and writes them a mebibyte at a time.
private struct LineBuffer {
    let file: FileHandle
    private var pending: [UInt8] = []
    private(set) var count = 0

    init(file: FileHandle) { self.file = file }

    mutating func append(_ line: String) throws {
        pending.append(contentsOf: line.utf8)
        count += 1
        if pending.count >= 1 << 20 { try flush() }
    }

    mutating func flush() throws {
        try file.write(contentsOf: pending)
        pending.removeAll(keepingCapacity: true)
    }
}
