import Kernel
import Testing

@testable import Web

enum SampleKind: String, Codable, CaseIterable { case production, sandbox }

struct SampleLine: Codable, Sendable {
    let quantity: Int
    let unitPrice: String?
}

struct SampleInput: Codable, Sendable {
    let tenantID: TenantID
    let legalName: String
    let vatID: String?
    let kind: SampleKind
    let startsAt: Timestamp?
    let seats: Int?
    let isPublic: Bool?
    let lines: [SampleLine]?
    let labels: [String: String]?
}

@Suite struct InputDecoderTests {
    let tenant = TenantID(.init(bytes: Array(repeating: 7, count: 16)))

    private func fields(_ body: String, origin: InputOrigin = .body) throws -> InputFields {
        var fields = InputFields(origin: origin)
        fields.add(path: [("tenant_id", tenant.description)])
        fields.add(body: try JSON(parsing: body).members ?? [])
        return fields
    }

    private func problems(_ body: String) throws -> [String: String] {
        do {
            _ = try InputDecoder.decode(SampleInput.self, from: fields(body))
            return [:]
        } catch let problem as Problem {
            #expect(problem.status == 422)
            return Dictionary(problem.errors.map { ($0.field, $0.message) }) { first, _ in first }
        }
    }

    @Test func readsPathAndBodyIntoOneValue() throws {
        let input = try InputDecoder.decode(
            SampleInput.self,
            from: fields(
                #"{"legal_name":"A","vat_id":null,"kind":"sandbox","starts_at":"2026-10-01T00:00:00+02:00","seats":3,"#
                    + #""is_public":true,"lines":[{"quantity":1},{"quantity":2,"unit_price":"0.50"}],"labels":{"a_B":"c"}}"#
            ))
        #expect(input.tenantID == tenant)
        #expect(input.legalName == "A")
        #expect(input.vatID == nil)
        #expect(input.kind == .sandbox)
        #expect(input.startsAt?.description == "2026-09-30T22:00:00Z")
        #expect(input.seats == 3)
        #expect(input.isPublic == true)
        #expect(input.lines?.map(\.unitPrice) == [nil, "0.50"])
        #expect(input.labels == ["a_B": "c"])
    }

    @Test func namesEveryMistakeAtOnce() throws {
        let found = try problems(
            #"{"legal_name":5,"kind":"demo","starts_at":"yesterday","seats":1.5,"is_public":"yes","#
                + #""lines":[{"quantity":"1"},{"quantity":2,"price":1},7],"labels":{"a/b":1},"price":1}"#)
        #expect(found["/legal_name"] == "must be a string, not a number")
        #expect(found["/kind"] == "must be one of production, sandbox")
        #expect(found["/starts_at"]?.hasPrefix("must be a time as in RFC 3339") == true)
        #expect(found["/seats"] == "must be a whole number")
        #expect(found["/is_public"] == "must be true or false, not a string")
        #expect(found["/lines/0/quantity"] == "must be a whole number, not a string")
        #expect(found["/lines/1/price"] == "is not known here; known: quantity, unit_price")
        #expect(found["/lines/2"] == "must be an object, not a number")
        #expect(found["/labels/a~1b"] == "must be a string, not a number")
        #expect(found["/price"]?.hasPrefix("is not known here; known: is_public, kind, ") == true)
        #expect(found.count == 10)
    }

    @Test func namesWhatIsMissing() throws {
        #expect(try problems("{}") == ["/legal_name": "is required", "/kind": "is required"])
        #expect(try problems(#"{"legal_name":null,"kind":"sandbox"}"#) == ["/legal_name": "must not be null"])
    }

    @Test func refusesToLetTheBodySetWhatThePathSets() throws {
        let found = try problems(#"{"legal_name":"A","kind":"sandbox","tenant_id":"\#(tenant)"}"#)
        #expect(found == ["/tenant_id": "is set by the path; leave it out"])
    }

    @Test func numbersOutOfRangeAreNamed() throws {
        let found = try problems(#"{"legal_name":"A","kind":"sandbox","seats":9223372036854775808}"#)
        #expect(found["/seats"] == "must lie between -9223372036854775808 and 9223372036854775807")
        #expect(
            try problems(#"{"legal_name":"A","kind":"sandbox","seats":1e400}"#)["/seats"] == "must be a whole number")
    }

    @Test func aWrongIDInThePathIsNotFound() throws {
        var fields = InputFields(origin: .query)
        fields.add(path: [("id", "org_7")])
        struct Input: Decodable { let id: TenantID }
        do {
            _ = try InputDecoder.decode(Input.self, from: fields)
            Issue.record("a wrong id was taken")
        } catch { #expect(error.status == 404) }
    }

    @Test func readsQueriesAndForms() throws {
        struct Filter: Decodable {
            let limit: Int?
            let meter: [String]?
            let isLate: Bool?
            let note: String?
        }
        var query = InputFields(origin: .query)
        query.add(pairs: [("limit", "20"), ("meter", "turn"), ("meter", "voice"), ("is_late", "true")], from: .query)
        let filter = try InputDecoder.decode(Filter.self, from: query)
        #expect(filter.limit == 20 && filter.meter == ["turn", "voice"] && filter.isLate == true && filter.note == nil)

        var twice = InputFields(origin: .query)
        twice.add(pairs: [("limit", "1"), ("limit", "2"), ("unknown", "x"), ("note", "")], from: .query)
        do {
            _ = try InputDecoder.decode(Filter.self, from: twice)
            Issue.record("a doubled and an unknown parameter were taken")
        } catch {
            #expect(error.errors.map(\.field) == ["limit", "unknown"])
            #expect(error.errors[0].message == "must be given once")
        }

        struct Form: Decodable {
            let name: String
            let isPublic: Bool
            let size: Int?
            let tags: [String]
        }
        var form = InputFields(origin: .form)
        form.isLenient = true
        form.add(pairs: [("name", ""), ("size", ""), ("submit", "x")], from: .form)
        let decoded = try InputDecoder.decode(Form.self, from: form)
        #expect(decoded.name == "" && !decoded.isPublic && decoded.size == nil && decoded.tags == [])
    }

    @Test func inputWithoutMembersRefusesAll() throws {
        var fields = InputFields(origin: .body)
        fields.add(body: [JSON.Member("a", 1)])
        #expect(throws: Problem.self) { try InputDecoder.decode(NoInput.self, from: fields) }
    }

    @Test func randomBodiesNeverTrap() throws {
        var random = SeededGenerator(seed: 3)
        let keys = ["legal_name", "kind", "lines", "labels", "seats", "starts_at", "tenant_id", "x", "quantity"]
        func value(_ depth: Int) -> JSON {
            switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
            case 0: .null
            case 1: true
            case 2: .number(["1", "-1.5", "1e400", "99999999999999999999"].randomElement(using: &random) ?? "0")
            case 3: "sandbox"
            case 4: "2026-10-01T00:00:00Z"
            case 5: ""
            case 6: .array((0..<3).map { _ in value(depth - 1) })
            default: object(depth)
            }
        }
        func object(_ depth: Int) -> JSON {
            .object(keys.filter { _ in Bool.random(using: &random) }.map { JSON.Member($0, value(depth - 1)) })
        }
        for _ in 0..<3000 {
            var fields = InputFields(origin: .body)
            fields.add(path: [("tenant_id", tenant.description)])
            fields.add(body: object(3).members ?? [])
            _ = try? InputDecoder.decode(SampleInput.self, from: fields)
        }
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
