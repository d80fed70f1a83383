import Kernel
import Testing

@testable import Billing

/// Thousands of events of every shape, most of them odd: whatever the quick reader takes, the thorough one takes too and
/// makes the same event of it. The seeds are fixed, so that a failure repeats.
@Suite struct MeteringReaderFuzzTests {
    @Test(arguments: [UInt64(1), 2, 3, 4])
    func quickEventsAreThoroughOnes(seed: UInt64) throws {
        var writer = EventWriter(seed: seed)
        var (agreed, declined) = (0, 0)
        for _ in 0..<6000 {
            let text = writer.event()
            let items = text.withUnsafeBufferPointer { bytes -> [UsageItem]? in
                var reader = PlainEventReader(bytes)
                return reader.line().map { [$0] }
            }
            if try agree(items, text, thorough: { [UsageEventReader.item($0)] }) { agreed += 1 } else { declined += 1 }
        }
        // Neither reader has the field to itself.
        #expect(agreed > 500 && declined > 500, "\(agreed) agreed, \(declined) declined")
    }

    @Test func quickBatchesAreThoroughOnes() throws {
        var writer = EventWriter(seed: 5)
        var agreed = 0
        for _ in 0..<4000 {
            let text = writer.batch()
            let items = text.withUnsafeBufferPointer { bytes -> [UsageItem]? in
                var reader = PlainEventReader(bytes)
                return reader.array(limit: 3)
            }
            let isTaken = try agree(items, text) { document in
                let elements = try #require(document.array)
                #expect(elements.count <= 3)
                return elements.map(UsageEventReader.item)
            }
            if isTaken { agreed += 1 }
        }
        #expect(agreed > 200, "\(agreed) agreed")
    }

    /// Whether the quick reader took it; then the thorough one must say the same.
    private func agree(
        _ quick: [UsageItem]?, _ text: [UInt8], thorough: (JSON) throws -> [UsageItem]
    ) throws -> Bool {
        guard let quick else { return false }
        let shown = String(decoding: text, as: UTF8.self)
        let document = try #require(try? JSON(parsing: text), "no JSON, but taken: \(shown)")
        let expected = try thorough(document)
        try #require(quick.count == expected.count, "\(shown)")
        for (left, right) in zip(quick, expected) {
            #expect(left.id == right.id, "\(shown)")
            let isEqual = try left.content.get() == (try? right.content.get())
            #expect(isEqual, "\(shown)")
        }
        return true
    }
}

/// Writes events that are plain, and now and then odd in one or more places.
private struct EventWriter {
    private var random: SplitMix
    /// One in how many choices is an odd one; drawn anew for every event.
    private var oddness = 8

    init(seed: UInt64) { random = SplitMix(state: seed) }

    // MARK: Choices

    private mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
    private mutating func one(in count: Int) -> Bool { below(count) == 0 }
    private mutating func any(_ texts: [String]) -> [UInt8] { Array(texts[below(texts.count)].utf8) }
    private mutating func isOdd() -> Bool { one(in: oddness) }

    // MARK: Documents

    mutating func event() -> [UInt8] {
        oddness = [8, 30, 1000][below(3)]
        var members = ["id", "source", "type", "time", "tenant", "data"]
        if one(in: 3) { members.append("specversion") }
        let isVoice = one(in: 2)
        if isOdd() { members.append(["subject", "datacontenttype", "ID", "", "data ", "traceparent"][below(6)]) }
        if isOdd() { members.append(members[below(members.count)]) }
        if isOdd() { members.remove(at: below(members.count)) }
        if one(in: 3) { members.shuffle(using: &random) }
        let object = object(members) { (writer, name) in writer.member(name, isVoice: isVoice) }
        let framed = space() + object + space() + (isOdd() ? any(["x", ",", "}", "\0", "{}"]) : [])
        return one(in: 4) ? damaged(framed) : framed
    }

    mutating func batch() -> [UInt8] {
        var text = space() + any(isOdd() ? ["", "{", "[["] : ["["])
        let count = below(5)
        for number in 0..<count {
            if number > 0 { text += any(isOdd() ? ["", ",,", ";"] : [","]) }
            text += one(in: 40) ? any(["null", "1", "[]", "\"\"", "{}"]) : event()
        }
        return text + any(isOdd() ? ["", "]]", ",]", "}"] : ["]"]) + space()
    }

    /// A few bytes changed, lost or added, or the end cut off.
    private mutating func damaged(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0...below(3) where !text.isEmpty {
            let place = below(text.count)
            switch below(5) {
            case 0: text[place] = UInt8(below(256))
            case 1: text[place] ^= 1 << UInt8(below(8))
            case 2: text.remove(at: place)
            case 3: text.insert(UInt8(below(256)), at: place)
            default: if one(in: 4) { text.removeLast(text.count - place) }
            }
        }
        return text
    }

    // MARK: Parts

    private mutating func object(_ names: [String], _ value: (inout EventWriter, String) -> [UInt8]) -> [UInt8] {
        var text = Array("{".utf8) + space()
        for (index, name) in names.enumerated() {
            if index > 0 { text += any(isOdd() ? [",,", " ", ";"] : [","]) + space() }
            text += isOdd() ? spelled(name) : Array("\"\(name)\"".utf8)
            text += space() + any(isOdd() ? ["", "::", "="] : [":"]) + space() + value(&self, name) + space()
        }
        return text + (isOdd() ? any([",}", "", "]"]) : Array("}".utf8))
    }

    private mutating func member(_ name: String, isVoice: Bool) -> [UInt8] {
        if isOdd() { return oddValue() }
        switch name {
        case "type": return quoted(any([isVoice ? "voice" : "turn"]))
        case "time": return quoted(time())
        case "tenant": return quoted(tenant())
        case "specversion": return quoted(any(isOdd() ? ["1.1", "1", "", "2.0"] : ["1.0"]))
        case "data": return data(isVoice: isVoice)
        default: return quoted(plainText())
        }
    }

    private mutating func data(isVoice: Bool) -> [UInt8] {
        var members = isVoice ? ["milliseconds", "direction"] : ["key_source"]
        if isVoice && one(in: 2) { members.append("call_id") }
        for _ in 0..<below(4) { members.append(["agent", "model", "n", "z", "~", "Agent", " ", "a/b"][below(8)]) }
        if one(in: 200) { members += (0..<40).map { "m\($0)" } }
        if !isOdd() { members = members.reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
        if isOdd() { members.remove(at: below(members.count)) }
        members.shuffle(using: &random)
        return object(members) { (writer, name) in writer.attribute(name) }
    }

    private mutating func attribute(_ name: String) -> [UInt8] {
        if isOdd() { return oddValue() }
        switch name {
        case "milliseconds": return number()
        case "direction": return quoted(any(["inbound", "outbound", "internal", "emergency", "inbound"]))
        case "key_source": return quoted(any(["partner", "end_customer", "self_hosted"]))
        default: return one(in: 2) ? number() : quoted(one(in: 60) ? longText() : plainText())
        }
    }

    // MARK: Values

    private mutating func number() -> [UInt8] {
        let most = UsageLimits.callMilliseconds
        let odd = [
            "-0", "-1", "01", "00", "1.0", "1e3", "1E+2", "0.5", "+1", ".5", "1.", "0x10", "999999999999999",
            "1000000000000000", "9223372036854775807", "9223372036854775808", String(repeating: "9", count: 64),
            String(repeating: "9", count: 65), "\(most + 1)", "1_000", "NaN", "１",
        ]
        return any(isOdd() ? odd : ["0", "1", "61500", "\(most)", "\(below(1_000_000))"])
    }

    private mutating func time() -> [UInt8] {
        let odd = [
            "2026-02-29T00:00:00Z", "2026-11-18 10:15:00Z", "2026-11-18T10:15:00", "2026-11-18T24:00:00Z",
            "2026-11-18T10:15:60Z", "1999-12-31T23:59:59Z", "2000-01-01T00:59:59+01:00", "2026-11-18T10:15:00.Z",
            "2026-11-18T10:15:00.1234567890123456789Z", "2026-11-18T10:15:00+24:00", "20261118T101500Z", "",
        ]
        let usual = [
            "2026-11-18T10:15:00Z", "2026-11-18t10:15:00z", "2026-11-18T10:15:00.5Z", "2026-11-18T10:15:00.123456Z",
            "2026-11-18T10:15:00+05:30", "2026-11-18T00:15:00-00:00", "2000-01-01T00:00:00Z", "2024-02-29T23:59:59Z",
        ]
        return any(isOdd() ? odd : usual)
    }

    private mutating func tenant() -> [UInt8] {
        let id = TenantID(MeteringWorld.uuid(below(200))).description
        let odd = [
            id.uppercased(), String(id.dropLast()), id + "0", "tenant_8" + id.dropFirst(8), "org_" + id.dropFirst(7),
            "tenant-" + id.dropFirst(7), String(id.dropLast()) + "u", " " + id,
        ]
        return any(isOdd() ? odd : [id])
    }

    /// The inside of a text of visible ASCII.
    private mutating func plainText() -> [UInt8] {
        if isOdd() { return [[], longText(), Array(repeating: 0x61, count: 199 + below(4))][below(3)] }
        return (0...below(20)).map { _ in
            let byte = UInt8(0x20 + below(0x5F))
            return byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? UInt8(ascii: "/") : byte
        }
    }

    private mutating func longText() -> [UInt8] { Array(repeating: 0x78, count: 8150 + below(60)) }

    private func quoted(_ inside: [UInt8]) -> [UInt8] { [0x22] + inside + [0x22] }

    /// A name with one of its letters as an escape.
    private mutating func spelled(_ name: String) -> [UInt8] {
        var bytes = Array(name.utf8)
        guard !bytes.isEmpty else { return quoted(any([#"\u0061"#])) }
        let place = below(bytes.count)
        let digits = String(bytes[place], radix: 16)
        bytes.replaceSubrange(place...place, with: Array("\\u00\(digits.count == 1 ? "0" : "")\(digits)".utf8))
        return quoted(bytes)
    }

    private mutating func oddValue() -> [UInt8] {
        switch below(4) {
        case 0: any(["null", "true", "false", "tru", "{}", "[]", "[1,{\"a\":\"b\"}]", "{\"a\":{\"b\":[]}}", "", "'x'"])
        case 1: number()
        case 2:
            quoted(
                any([
                    #"\n"#, #"\u0041"#, #"\u0000"#, #"\ud800"#, #"\ud83d\ude00"#, #"\/"#, #"\x"#, #"\"#, #"a\"b"#,
                    #"\\"#,
                    "é", "e\u{301}", "😀", "\u{7F}", "\u{1}", "\n", "\t", "\u{2028}", "\u{FEFF}", "partner", "inbound",
                ]))
        default:
            quoted(
                [
                    [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xC3], [0],
                    [0xE2, 0x82],
                ][below(8)])
        }
    }

    private mutating func space() -> [UInt8] {
        if one(in: 4) { return any([" ", "\t", "\n", "\r", " \n  "]) }
        return one(in: 40) && isOdd() ? any(["\u{B}", "\u{C}", "\u{A0}", "\0", "\u{FEFF}", "/**/"]) : []
    }
}
