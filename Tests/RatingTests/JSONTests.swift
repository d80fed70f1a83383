import Testing

@testable import Rating

struct JSONTests {
    @Test(arguments: [
        #"{"a":[1,-0.50,1e3,"x\n\"\\\u0007",null,true,false],"b":{}}"#, "[]", "0", #""""#, #"["é","😀"]"#,
    ])
    func writesWhatItRead(text: String) throws {
        #expect(try JSONParser.parse(Array(text.utf8)).text == text)
    }

    @Test func readsEscapes() throws {
        #expect(try JSONParser.parse(Array(#""\u00e9\ud83d\ude00\/\b""#.utf8)) == "é😀/\u{8}")
    }

    @Test(arguments: [
        "", "01", "1.", ".1", "+1", "-", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "\"\t\"", "\"\\x\"", "\"\\ud800\"",
        "\"\\udc00\"", "\"\\u12g4\"", "nul", "[1 2]", "{\"a\" 1}", "{\"a\":1,\"a\":2}", "NaN", "\"", "[", "1 1",
    ])
    func refuses(text: String) {
        #expect(throws: JSONParser.Problem.self) { try JSONParser.parse(Array(text.utf8)) }
    }
}
