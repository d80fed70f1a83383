import Kernel
import Postgres
import Synchronization
import Testing

@testable import Billing

@Suite struct MeteringImportTests {
    private static func records(_ text: String, pieces: Int = 1) throws -> [UsageRecord] {
        let bytes = Array(text.utf8)
        var reader = UsageRecordReader()
        var records: [UsageRecord] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            records += try reader.records(in: Array(bytes[start..<min(start + pieces, bytes.count)]))
        }
        if let last = try reader.finish() { records.append(last) }
        return records
    }

    private static func rows(_ text: String, pieces: Int = 1) throws -> [[String]] {
        try records(text, pieces: pieces).map { record in
            guard case .fields(let fields) = record.content else { return ["?"] }
            return fields.map { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func rowsOfCSV(pieces: Int) throws {
        let text = "\u{FEFF}id,source\r\n1,\"a \"\"b\"\", c\"\r\n\r\n2,\"two\nlines\"\n3,\n,x\n\"\",\"\"\n4,\"q\""
        #expect(
            try Self.rows(text, pieces: pieces) == [
                ["id", "source"], ["1", "a \"b\", c"], ["2", "two\nlines"], ["3", ""], ["", "x"], ["", ""], ["4", "q"],
            ])
        #expect(try Self.rows("id;source\n1;a,b\n", pieces: pieces) == [["id", "source"], ["1", "a,b"]])
    }

    @Test func linesAndOffsetsOfRecords() throws {
        let records = try Self.records("id,source\n1,\"a\nb\"\n2,c\n")
        #expect(records.map(\.line) == [1, 2, 4])
        #expect(records.map(\.end) == [10, 18, 22])
        let lines = try Self.records("\n{\"a\":1}\r\n\n{}")
        #expect(lines.map(\.line) == [2, 4])
        #expect(lines.first?.content == .json(Array("{\"a\":1}".utf8)))
    }

    @Test func filesOfNeitherFormat() throws {
        for text in [
            "id,source\n1,\"open\n2,x\n", "[{}]", "garbage without an end", String(repeating: "x", count: 9000),
        ] {
            #expect(throws: Problem.self) { try Self.records(text) }
        }
        let long = "{\"a\":\"" + String(repeating: "x", count: 70_000) + "\"}\n{}\n"
        #expect(try Self.records(long, pieces: 4096).map(\.content) == [.tooLong, .json(Array("{}".utf8))])
        #expect(try Self.records("").isEmpty)
        for header in ["id,source,type,time", "id,source,type,time,tenant,price", "id,id,source,type,time,tenant"] {
            let fields = header.split(separator: ",").map { Array($0.utf8) }
            #expect(throws: Problem.self) { try UsageTable(header: fields) }
        }
    }

    @Test func rowsAndLinesAreTheSameEvents() async throws {
        try await withMeteringWorld { (world) async throws in
            let tenant = world.tenant.description
            let csv = """
                type,id,source,time,tenant,key_source,milliseconds,direction,call_id
                turn,1,agent/1,2026-11-18T10:15:00Z,\(tenant),partner,,,
                voice,2,switch,2026-11-18T10:15:00Z,\(tenant),,61500,inbound,c-1
                voice,3,switch,2026-11-18T10:15:00Z,\(tenant),,long,inbound,c-1
                voice,4,switch,2026-11-18T10:15:00Z,\(tenant),,5,inbound
                """
            let summary = try await world.importer().run(
                UsageFile(name: "a.csv", bytes: Array(csv.utf8)), as: world.scope)
            #expect(summary.counts.accepted == 2 && summary.failureCount == 2)
            #expect(summary.failures.map(\.line) == [4, 5])
            #expect(summary.failures.map(\.reason) == ["INVALID_MILLISECONDS", "INVALID_ROW"])
            #expect(try await world.send([world.turn("1"), world.voice("2")]) == ["duplicate", "duplicate"])
        }
    }

    @Test func anInterruptedImportGoesOn() async throws {
        try await withMeteringWorld { (world) async throws in
            let text = (0..<400).map { world.turn("e\($0)", world.tenants[$0 % 4]).text }.joined(separator: "\n")
            let bytes = Array(text.utf8)
            // The second reading (the first is for the hash) breaks off in the middle.
            let readings = Mutex(0)
            let broken = UsageFile(name: "a.ndjson", size: nil, isRepeatable: true) {
                let reading = readings.withLock { count in
                    count += 1
                    return count
                }
                var rest = bytes[...]
                return {
                    if reading == 2, rest.count < bytes.count / 2 { throw Cut() }
                    defer { rest = rest.dropFirst(1000) }
                    return Array(rest.prefix(1000))
                }
            }
            let importer = world.importer(batchSize: 5, concurrency: 2)
            await #expect(throws: Cut.self) { try await importer.run(broken, as: world.scope) }
            let stored = try await world.eventCount()
            #expect(stored > 100 && stored < 400)
            let summary = try await importer.run(UsageFile(name: "b", bytes: bytes), as: world.scope)
            #expect(summary.resumedAtByte > 0)
            #expect(summary.counts.accepted + summary.counts.duplicate == 400)
            #expect(summary.failures.isEmpty)
            #expect(try await world.eventCount() == 400)
            // A finished file starts over when it comes again, and changes nothing.
            let again = try await importer.run(UsageFile(name: "b", bytes: bytes), as: world.scope)
            #expect(again.counts.duplicate == 400 && again.resumedAtByte == 0)
            let sums = try await world.sums()
            #expect(sums.hours == sums.events)
        }
    }

    @Test func onlyTheFirstFailuresAreKept() async throws {
        try await withMeteringWorld { (world) async throws in
            let text = (0..<100).map { $0 % 2 == 0 ? "{oops}" : world.turn("e\($0)").text }.joined(separator: "\n")
            let file = UsageFile(name: "a", bytes: Array(text.utf8))
            let summary = try await world.importer(batchSize: 7).run(file, as: world.scope)
            #expect(summary.failureCount == 50 && summary.counts.accepted == 50)
            let firstLines: [Int64] = Array(stride(from: 1, to: 40, by: 2))
            #expect(summary.failures.map(\.line) == firstLines)
        }
    }
}

private struct Cut: Error {}

extension MeteringWorld {
    func importer(batchSize: Int = 100, concurrency: Int = 3) -> UsageImporter {
        UsageImporter(
            usage: usage, database: test.database, time: .fixed(Self.now), batchSize: batchSize,
            concurrency: concurrency)
    }
}
