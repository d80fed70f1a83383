import Testing

/// The rules are only as good as the reading of the sources.
@Suite struct SwiftTextTests {
    @Test func stringsAndCommentsAreNotCode() {
        let text = SwiftText(
            ##"""
            let a = "try! \(value as! Int) // no" // fatalError()
            let b = #"SELECT "x" \#(c) FROM t"#
            /* as! */ let d = 1
            """##)
        #expect(text.codeLines[0].contains("as! Int"))
        #expect(!text.codeLines[0].contains("try!"))
        #expect(!text.codeLines[0].contains("fatalError"))
        #expect(text.codeLines[2].hasSuffix("let d = 1"))
        #expect(text.literals.map(\.text) == ["try! $ // no", #"SELECT "x" $ FROM t"#])
        #expect(text.comments.map(\.line) == [1, 3])
    }

    @Test func longLiteralsSpanLines() {
        let quotes = "\"\"\""
        let text = SwiftText("let a = \(quotes)\n  insert into t (a) \"x\"\n  \(quotes)\nlet b = 2\n")
        #expect(text.literals.count == 1)
        #expect(text.literals.first?.line == 1)
        #expect(PlacementTests.isSQL(text.literals.first?.text ?? ""))
        #expect(text.codeLines[3] == "let b = 2")
    }

    @Test func functionsAreMeasured() {
        let functions = SwiftText(
            """
            protocol P {
                func a(_ b: Int, c: [String: Int], d: (Int, Int) -> Void = { _, _ in }) -> Bool
                func e()
            }
            struct S<T> {
                init(x: Dictionary<Int, Int>, y: Int) { self.init() }
                static func < (lhs: Self, rhs: Self) -> Bool
                {
                    true
                }
            }
            """
        ).functions()
        #expect(functions.map(\.parameters) == [3, 0, 2, 2])
        #expect(functions.map(\.lines) == [0, 0, 1, 4])
    }

    @Test(arguments: [
        ("select a, b from app.tenant where x = $1", true),
        ("UPDATE tenant SET name = $", true),
        ("delete from app.tenant", true),
        ("Select one of the programs from the list", false),
        ("update the settings", false),
    ])
    func sqlIsRecognised(text: String, isSQL: Bool) {
        #expect(PlacementTests.isSQL(text) == isSQL)
    }

    @Test func namesAreSplitIntoWords() {
        #expect(WordTests.words(of: "HTTPDataSource") == ["HTTP", "Data", "Source"])
        #expect(WordTests.words(of: "DatabaseConfiguration") == ["Database", "Configuration"])
    }
}
