import Kernel
import Testing

@testable import Billing

/// The quick reader and the thorough one must give the same event, or the quick one nothing.
@Suite struct MeteringReaderTests {
    private static func quick(_ text: String) -> UsageItem? {
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            var reader = PlainEventReader(bytes)
            return reader.line()
        }
    }

    private static func thorough(_ text: String) -> UsageItem? {
        (try? JSON(parsing: text)).map(UsageEventReader.item)
    }

    private static let tenant = TenantID(MeteringWorld.uuid(100)).description

    private static func turn(_ data: String, time: String = "2026-11-18T10:15:00Z", more: String = "") -> String {
        #"{"id":"e-1","source":"a/1","type":"turn","time":"\#(time)","tenant":"\#(tenant)",\#(more)"data":{\#(data)}}"#
    }

    private static func voice(_ data: String) -> String {
        #"{ "data" : {\#(data)} , "specversion":"1.0","tenant":"\#(tenant)","time":"2026-11-18T10:15:00+01:00","type":"voice","source":"s","id":"1"}"#
    }

    @Test(arguments: [
        turn(#""key_source":"partner""#), turn(#""key_source":"self_hosted""#, time: "2026-11-18T10:15:00.120Z"),
        turn(#" "z":"last", "key_source" : "end_customer" ,"agent":"a b/c","model":"m","count":12 "#),
        turn(#""key_source":"partner""#, time: "2026-11-18t10:15:00z"),
        turn(#""key_source":"partner""#, time: "2026-11-18T10:15:00-02:30"),
        voice(#""milliseconds":61500,"direction":"inbound","call_id":"c-1""#),
        voice(#""direction":"emergency","milliseconds":0,"key_source":"partner""#),
    ])
    func plainEventsAreReadQuicklyAndAlike(text: String) throws {
        let quick = try #require(Self.quick(text))
        let thorough = try #require(Self.thorough(text))
        #expect(try quick.content.get() == thorough.content.get())
        #expect(quick.id == thorough.id)
    }

    @Test(arguments: [
        turn(""), turn(#""key_source":"vendor""#), turn(#""key_source":"partner","key_source":"partner""#),
        turn(#""a":"1","key_source":"partner","a":"1""#), turn(#""key_source":"partner","a":"\u0041""#),
        turn(#""key_source":"partner","a":{}"#), turn(#""key_source":"partner","a":1.5"#),
        turn(#""key_source":"partner","a":01"#), turn(#""key_source":"partner","a":-1"#),
        turn(#""key_source":"partner","a":"é""#), turn(#""key_source":"partner","a":12"#) + "x",
        turn(#""key_source":"partner""#, time: "2026-11-18 10:15:00Z"),
        turn(#""key_source":"partner""#, time: "1999-11-18T10:15:00Z"),
        turn(#""key_source":"partner""#, more: #""id":"e-2","#),
        turn(#""key_source":"partner""#, more: #""subject":"x","#),
        turn(#""key_source":"partner""#, more: #""specversion":"2","#),
        turn(#""key_source":"partner","long":"\#(String(repeating: "x", count: 9000))""#),
        voice(#""milliseconds":-1,"direction":"inbound""#), voice(#""milliseconds":"1","direction":"inbound""#),
        voice(#""milliseconds":1,"direction":"up""#), voice(#""milliseconds":1e3,"direction":"inbound""#),
        voice(#""milliseconds":99999999999,"direction":"inbound""#),
        voice(#""milliseconds":1,"direction":"inbound","call_id":"""#), "", "{", "{}", "[]", #"{"id":"#, "null",
    ])
    func everythingElseIsLeftToTheThoroughReader(text: String) {
        #expect(Self.quick(text) == nil)
    }

    /// Changed bytes never make the two disagree, and never trap.
    @Test func changedBytes() throws {
        var random = SplitMix(state: 7)
        let originals = [
            Self.turn(#""key_source":"partner","agent":"a","n":12"#),
            Self.voice(#""milliseconds":61500,"direction":"inbound","call_id":"c-1""#),
        ].map { Array($0.utf8) }
        let alphabet = Array(#"{}[]",:\ 0123456789eE+-.TZtzabcnullé"#.utf8)
        var agreed = 0
        for round in 0..<20_000 {
            var bytes = originals[round % 2]
            for _ in 0...Int(random.next() % 3) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[place] = alphabet[Int(random.next() % UInt64(alphabet.count))]
                case 1: bytes.remove(at: place)
                default: bytes.insert(alphabet[Int(random.next() % UInt64(alphabet.count))], at: place)
                }
            }
            let quick = bytes.withUnsafeBufferPointer { bytes -> UsageItem? in
                var reader = PlainEventReader(bytes)
                return reader.line()
            }
            guard let quick else { continue }
            let thorough = UsageEventReader.item(try JSON(parsing: bytes))
            let isEqual = try quick.content.get() == thorough.content.get()
            #expect(isEqual, "\(String(decoding: bytes, as: UTF8.self))")
            agreed += 1
        }
        #expect(agreed > 500)
    }

    @Test func arrays() throws {
        let one = Self.turn(#""key_source":"partner""#)
        for (text, count) in [("[]", 0), (" [ \(one) , \(one)\n] ", 2)] {
            let items = try UsageBatch.items(of: Array(text.utf8), mediaType: "application/json")
            #expect(items.count == count)
        }
        for text in ["[\(one),]", "[\(one)", "[,\(one)]", "[\(one)]]", "[\(one) \(one)]"] {
            #expect(throws: Problem.self) {
                try UsageBatch.items(of: Array(text.utf8), mediaType: "application/json")
            }
        }
    }

    @Test(arguments: [
        #"{"id":"a\u0000b"}"#, #"{"id":"1","id":"2"}"#, #"{"id":"\ud800"}"#, #"{"id":"\q, ]"}"#, "{\"id\":\"\n\"}",
        "{nonsense}", "nonsense", "01",
    ])
    func anElementThatIsNoJSONSpoilsOnlyItself(bad: String) throws {
        let one = Self.turn(#""key_source":"partner""#)
        let items = try UsageBatch.items(of: Array("[\(one), \(bad) ,\(one)]\n".utf8), mediaType: "application/json")
        try #require(items.count == 3)
        for index in [0, 2] { #expect((try? items[index].content.get()) != nil) }
        #expect { try items[1].content.get() } throws: { ($0 as? UsageRejection)?.reason == "INVALID_JSON" }
    }

    @Test func brokenFramingIsNoBatch() throws {
        let bad = #"{"id":"1","id":"2"}"#
        for text in ["[\(bad)", "[\(bad),]", "[,\(bad)]", "[\(bad)]]", "[\(bad) \(bad)]", "[{]}", "[\"a]", "\(bad)"] {
            #expect(throws: Problem.self, "\(text)") {
                try UsageBatch.items(of: Array(text.utf8), mediaType: "application/json")
            }
        }
    }
}
