import Foundation
import Kernel
import TestSupport
import Testing

@testable import Postgres

@Suite struct SQLTests {
    @Test func valuesBecomeNumberedParameters() {
        let name = "x'; DROP TABLE note; --"
        let statement = ("SELECT \(1) WHERE name = \(name) AND gone = \(String?.none)" as SQL).rendered()
        #expect(statement.text == "SELECT $1 WHERE name = $2 AND gone = $3")
        #expect(statement.parameters == [.text("1"), .text(name), .null])
    }

    @Test func fragmentsNestAndAreNumberedWhenRendered() {
        let inner: SQL = "b = \(2)"
        let filter = SQL.joined([inner, "c = \(3)", "d IS NULL"], separator: " AND ")
        let statement = ("SELECT \(1) WHERE \(filter) OR \(inner)" as SQL).rendered()
        #expect(statement.text == "SELECT $1 WHERE b = $2 AND c = $3 AND d IS NULL OR b = $4")
        #expect(statement.parameters == [.text("1"), .text("2"), .text("3"), .text("2")])
        #expect(SQL.joined([]).rendered().text == "")
    }

    @Test func arraysAreOneParameter() {
        let statement = ("SELECT \(["a\"b", "c\\d", "{e,f}", "NULL"])" as SQL).rendered()
        #expect(statement.parameters == [.text(#"{"a\"b","c\\d","{e,f}","NULL"}"#)])
        #expect(("\([1, nil, 3] as [Int?])" as SQL).rendered().parameters == [.text(#"{"1",NULL,"3"}"#)])
        #expect(("\([0, 255] as [UInt8])" as SQL).rendered().parameters == [.text("\\x00ff")])
        #expect(("\([] as [String])" as SQL).rendered().parameters == [.text("{}")])
    }

    @Test(
        arguments: [
            ("{}", []), ("{a,NULL,\"NULL\"}", ["a", nil, "NULL"]), (#"{"a,\"}{\\"}"#, [#"a,"}{\"#]), ("{\"\"}", [""]),
        ] as [(String, [String?])])
    func arrayLiteralsAreRead(text: String, expected: [String?]) throws {
        #expect(try ArrayLiteral.elements(of: text) == expected)
    }

    @Test(arguments: ["", "{", "a", "{a,}", "{,a}", "{{a}}", "{\"a}", "{\"a\"b}", "[1:2]={a,b}"])
    func malformedArraysAreErrors(text: String) {
        #expect(throws: DatabaseError.self) { try ArrayLiteral.elements(of: text) }
    }

    @Test(arguments: [
        ("2026-10-31 23:00:00+00", "2026-10-31T23:00:00Z"), ("2026-10-31 23:00:00.5+02", "2026-10-31T21:00:00.500000Z"),
        ("2026-10-31 23:00:00.123456-05:30", "2026-11-01T04:30:00.123456Z"),
    ])
    func timestampsAreRead(text: String, expected: String) throws {
        #expect(try Timestamp(sqlText: text).description == expected)
    }

    @Test(arguments: ["infinity", "", "2026-10-31", "0044-03-15 00:00:00+00 BC", "2026-10-31 23:00:00+00 extra"])
    func otherTimestampsAreErrors(text: String) {
        #expect(throws: DatabaseError.self) { try Timestamp(sqlText: text) }
    }

    @Test func everyTypeComesBackFromTheServerAsItWent() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let uuid = UUID()
            let id = IDSource.timeOrdered.new(TenantID.self)
            let time = Timestamp(microseconds: 1_790_000_000_123_456)
            let rows = try await test.database.read(
                for: PlatformScope(),
                """
                SELECT \(Int.max)::bigint, \(Int32.min)::int, \(true)::bool, \(uuid)::uuid, \(id)::uuid,
                    \(time)::timestamptz, \("ä\n€")::text
                """, as: (Int, Int32, Bool, UUID, TenantID, Timestamp, String).self)
            let row = try #require(rows.first)
            #expect((row.0, row.1, row.2) == (Int.max, Int32.min, true))
            #expect((row.3, row.4, row.5, row.6) == (uuid, id, time, "ä\n€"))
            let more = try await test.database.read(
                for: PlatformScope(),
                """
                SELECT \([UInt8](0...255))::bytea, \([id, id])::uuid[], \([time])::timestamptz[],
                    \(["a,b", "\"", "\\", ""])::text[], \(JSONText("{\"a\": 1}"))::jsonb, NULL::bigint
                """, as: ([UInt8], [TenantID], [Timestamp], [String], JSONText, Int64?).self)
            let second = try #require(more.first)
            #expect(second.0 == [UInt8](0...255))
            #expect(second.1 == [id, id])
            #expect(second.2 == [time])
            #expect(second.3 == ["a,b", "\"", "\\", ""])
            #expect(second.4.text == "{\"a\": 1}")
            #expect(second.5 == nil)
        }
    }

    @Test func wrongShapesAreErrorsThatNameTheColumn() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let database = test.database
            await #expect(throws: DatabaseError.decoding("column 'name': NULL where String was expected")) {
                try await database.read(for: PlatformScope(), "SELECT NULL::text AS name", as: (String).self)
            }
            await #expect(throws: DatabaseError.decoding("column 'n': a column is not a Int")) {
                try await database.read(for: PlatformScope(), "SELECT 'secret' AS n", as: (Int).self)
            }
            await #expect(throws: DatabaseError.decoding("the row has 2 columns, 1 are decoded")) {
                try await database.read(for: PlatformScope(), "SELECT 1, 2", as: (Int).self)
            }
            await #expect(throws: DatabaseError.decoding("the row has only 1 columns")) {
                try await database.read(for: PlatformScope(), "SELECT 1", as: (Int, Int).self)
            }
        }
    }

    @Test func aTextWithNulIsRefusedAndNotCut() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let error = await #expect(throws: DatabaseError.self) {
                try await test.database.read(for: PlatformScope(), "SELECT \("a\0b")::text", as: (String).self)
            }
            #expect(error?.problem.status == 422)
            // The connection is as good as before.
            let rows = try await test.database.read(for: PlatformScope(), "SELECT 1", as: (Int).self)
            #expect(rows.count == 1)
        }
    }

    @Test func largeParametersArePassedInBothDirections() async throws {
        try await withTestDatabase(migrations: TestSchema.migrations) { test in
            let documents = (0..<40).map { _ in JSONText("[" + String(repeating: "1,", count: 100_000) + "1]") }
            let lengths = try await test.database.transaction(for: PlatformScope()) { tx in
                try tx.pipeline(documents.map { "SELECT \($0)::jsonb::text" }).map(\.count)
            }
            #expect(lengths == Array(repeating: 1, count: 40))
        }
    }
}
