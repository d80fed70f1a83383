import Kernel
import Testing

@Suite struct JSONTests {
    @Test(
        arguments: [
            ("null", JSON.null), (" true ", true), ("[ ]", []), ("{}", JSON.object([])), ("-0", .number("-0")),
            ("1e400", .number("1e400")), ("12.50", .number("12.50")), (#""a\u00e4\n\"\/""#, "aä\n\"/"),
            (#""\ud83d\ude00""#, "😀"), (#"{"b":1,"a":[2,{"c":null}]}"#, ["b": 1, "a": [2, ["c": .null]]]),
        ] as [(String, JSON)])
    func takes(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    @Test(arguments: [
        ("", 0, "", "the text ends where a value is expected"), ("1 2", 2, "", "nothing may follow the value"),
        ("01", 0, "", "a number does not start with 0"), ("1.", 2, "", "a digit is expected after the point"),
        ("-", 1, "", "a digit is expected"), ("1e", 2, "", "a digit is expected in the exponent"),
        ("tru", 0, "", "a value is expected"), ("[1,]", 3, "/1", "a value is expected"),
        ("[1 2]", 3, "", "',' or ']' is expected"), (#"{"a":1,}"#, 7, "", "a key in double quotes is expected"),
        (#"{"a" 1}"#, 5, "", "':' is expected"), (#"{"a":{"b":1,"b":2}}"#, 12, "/a", "the key 'b' comes twice"),
        (#"{"a/b":["#, 8, "/a~1b/0", "the text ends where a value is expected"),
        (#"["\u0000"]"#, 2, "/0", "the character NUL is not allowed"),
        (#"["\ud800"]"#, 2, "/0", "half of a surrogate pair is missing"),
        (#"["\udc00"]"#, 2, "/0", "half of a surrogate pair is missing"),
        (#"["\ud800\u0041"]"#, 2, "/0", "half of a surrogate pair is missing"),
        ("\"a\nb\"", 2, "", "a control character must be escaped"), (#""\x""#, 2, "", "this escape does not exist"),
        ("\"abc", 4, "", "the text ends inside a string"), ("NaN", 0, "", "a value is expected"),
        ("\u{FEFF}1", 0, "", "a byte order mark is not allowed"),
    ])
    func refuses(text: String, offset: Int, pointer: String, message: String) {
        #expect(throws: JSONError(offset: offset, pointer: pointer, message: message)) { try JSON(parsing: text) }
    }

    @Test(arguments: [
        [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE4, 0x22],
    ])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError(offset: 1, pointer: "", message: "the string is not valid UTF-8")) {
            try JSON(parsing: bytes)
        }
    }

    @Test func nestsUpToTheLimitAndNoDeeper() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSON(parsing: nested(64))
        #expect(throws: JSONError.self) { try JSON(parsing: nested(65)) }
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "[", count: 100_000)) }
    }

    @Test func findsDuplicatesAmongManyKeys() {
        let keys = (0..<5000).map { "\"k\($0)\":0" }
        let text = "{" + keys.joined(separator: ",") + ",\"k17\":1}"
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test func keysThatOnlyLookAlikeAreDifferent() throws {
        // The precomposed and the decomposed form compare equal as Swift strings and are different keys on the wire.
        let members = try JSON(parsing: "{\"\u{E4}\":1,\"a\u{308}\":2}").members
        #expect(members?.count == 2)
    }

    @Test func canonicalFormIgnoresOrderAndSpace() throws {
        let left = try JSON(parsing: #"{ "b": [1, 2], "a": "\u0041\u001f/" }"#)
        let right = try JSON(parsing: #"{"a":"A\u001F\/","b":[1,2]}"#)
        #expect(left.canonicalBytes == right.canonicalBytes)
        #expect(String(decoding: left.canonicalBytes, as: UTF8.self) == #"{"a":"A\u001f/","b":[1,2]}"#)
        #expect(left.text == #"{"b":[1,2],"a":"A\u001f/"}"#)
    }

    @Test func integersAreExact() throws {
        #expect(try JSON(parsing: "9223372036854775807").integer == .max)
        #expect(try JSON(parsing: "9223372036854775808").integer == nil)
        #expect(try JSON(parsing: "1.0").integer == nil)
        #expect(try JSON(parsing: "\"1\"").integer == nil)
    }

    @Test func writtenValuesReadBackEqual() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let value = JSON.random(depth: 4, using: &random)
            #expect(try JSON(parsing: value.bytes) == value)
            #expect(try JSON(parsing: value.prettyText).canonicalBytes == value.canonicalBytes)
        }
    }

    @Test func randomBytesNeverTrap() {
        var random = SeededGenerator(seed: 11)
        let alphabet = Array("{}[]\",:\\u0dD8ce+-.123tfn \u{7F}ä".utf8) + [0, 0xFF, 0xED, 0xA0]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            if let value = try? JSON(parsing: bytes) { #expect((try? JSON(parsing: value.bytes)) == value) }
        }
    }

    @Test func damagedDocumentsNeverTrap() throws {
        var random = SeededGenerator(seed: 13)
        let good = Array(
            #"{"id":"e-1","time":"2026-10-01T00:00:00Z","data":{"n":[1,-2.5e3,null,true],"t":"ä\u00e4\\"}}"#.utf8)
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.removeSubrange(index...)
                }
                if bytes.isEmpty { break }
            }
            do { _ = try JSON(parsing: bytes) } catch { #expect(error.offset <= bytes.count) }
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

extension JSON {
    fileprivate static func random(depth: Int, using random: inout SeededGenerator) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &random))
        case 3: return .string(text(using: &random))
        case 4:
            return .array(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in .random(depth: depth - 1, using: &random) })
        default:
            let count = Int.random(in: 0...20, using: &random)
            return .object(
                (0..<count).map { Member("k\($0)\(text(using: &random))", .random(depth: depth - 1, using: &random)) })
        }
    }

    private static func text(using random: inout SeededGenerator) -> String {
        let scalars: [Unicode.Scalar] = ["a", "\"", "\\", "\n", "\u{1}", "ä", "€", "😀", "/", "\u{200D}"]
        var text = ""
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            text.unicodeScalars.append(scalars[Int.random(in: 0..<scalars.count, using: &random)])
        }
        return text
    }
}
