import Testing

/// Words that hide what a thing does, and words that open an unsafe door.
@Suite struct WordTests {
    static let emptyWords: Set<String> = [
        "Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Handler", "Base", "Common", "Impl",
        "Data",
    ]

    /// An unsafe door and the only places where it is open, each with its reason.
    struct Door: Sendable {
        let spelling: String
        let why: String
        /// Whether tests may use it anywhere: they write markup and SQL that nobody typed.
        var isFreeInTests = false
        var open: [String: String] = [:]
    }

    static let doors: [Door] = [
        Door(spelling: "try!", why: "handle the error or let it travel"),
        Door(spelling: "as!", why: "use `as?` and handle nil"),
        Door(spelling: "fatalError", why: "one trap ends every tenant's requests; throw instead"),
        Door(
            spelling: "preconditionFailure", why: "one trap ends every tenant's requests; throw instead",
            open: [
                "Sources/Rating/PriceBook/PriceBook.swift": "a build whose own price book is not valid must not serve"
            ]),
        Door(
            spelling: "@unchecked Sendable", why: "make it Sendable by construction",
            open: [
                "Sources/Postgres/Connection/Connection.swift":
                    "libpq's pointers; the pool leases a connection to one thread"
            ]
        ),
        Door(spelling: "nonisolated(unsafe)", why: "make it Sendable by construction"),
        Door(
            spelling: "unsafeMarkup", why: "interpolate into an HTML literal instead", isFreeInTests: true,
            open: [
                "Sources/Web/HTML.swift": "declares it",
                "Sources/ControlPlane/Console/ConsoleLayout.swift":
                    "writes our stylesheet into documents that stand alone",
                "Sources/Web/Components/FormState.swift": "puts the token into forms that are markup already",
            ]),
        Door(
            spelling: "unsafeText", why: "interpolate into an SQL literal instead", isFreeInTests: true,
            open: [
                "Sources/Postgres/Values/SQL.swift": "declares it",
                "Sources/Postgres/Connection/DirectConnection.swift": "quotes names as identifiers",
                "Sources/Postgres/Schema/RoleBootstrap.swift": "runs a statement that the server itself has quoted",
            ]),
    ]

    @Test func typeNamesSayWhatTheyAre() {
        for file in SourceTree.swift {
            for (index, line) in file.text.codeLines.enumerated() {
                for name in Self.declaredTypes(line) {
                    guard let word = Self.words(of: name).first(where: Self.emptyWords.contains) else { continue }
                    Issue.record("\(file.path):\(index + 1): \(name) says “\(word)”; name what it does")
                }
            }
            let name = file.file.name.replacing(".swift", with: "")
            if let word = Self.words(of: name).first(where: Self.emptyWords.contains) {
                Issue.record("\(file.path):1: the file's name says “\(word)”; name what is in it")
            }
        }
    }

    @Test(arguments: doors) func unsafeDoorsStayShut(door: Door) {
        let files = door.isFreeInTests ? SourceTree.sources : SourceTree.swift
        for file in files where file.module != "TidyTests" && door.open[file.path] == nil {
            for (index, line) in file.text.codeLines.enumerated() where Self.contains(line, door.spelling) {
                Issue.record("\(file.path):\(index + 1): \(door.spelling) is not allowed here; \(door.why)")
            }
        }
        for path in door.open.keys {
            let file = SourceTree.swift.first { $0.path == path }
            let isUsed = file?.text.codeLines.contains { Self.contains($0, door.spelling) } ?? false
            #expect(isUsed, "\(path) no longer uses \(door.spelling); take it off the list in WordTests")
        }
    }

    @Test(arguments: ["Rating", "Billing"]) func noBinaryFloatingPointNearMoney(module: String) {
        for file in SourceTree.sources where file.module == module {
            for (index, line) in file.text.codeLines.enumerated() {
                let hasType = line.contains(/\b(Double|Float|Float16|Float32|Float64|CGFloat)\b/)
                guard hasType || line.contains(/(?:^|[^\w.$])\d[\d_]*\.\d/) else { continue }
                Issue.record("\(file.path):\(index + 1): no binary floating point here; use Money, Rate or a quantity")
            }
        }
    }

    @Test func nothingIsLeftToDo() {
        for file in SourceTree.texts where !file.path.hasPrefix("Tests/TidyTests/") {
            guard ["TODO", "FIXME", "XXX", "HACK"].contains(where: file.text.contains) else { continue }
            for (index, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            where line.contains(/\b(TODO|FIXME|XXX|HACK)\b/) {
                Issue.record("\(file.path):\(index + 1): do it now, or file an issue and say nothing here")
            }
        }
    }

    static func declaredTypes(_ line: String) -> [String] {
        guard ["struct", "class", "enum", "actor", "protocol", "typealias"].contains(where: line.contains) else {
            return []
        }
        return line.matches(of: /\b(?:struct|class|enum|actor|protocol|typealias)\s+([A-Za-z_]\w*)/)
            .map { String($0.output.1) }.filter { $0 != "func" && $0 != "var" && $0 != "let" }
    }

    /// `HTTPDataSource` → HTTP, Data, Source; `Database` is one word.
    static func words(of name: String) -> [String] {
        name.matches(of: /[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+/).map { String($0.output) }
    }

    /// Whole words only: `unsafeText` is not in `unsafeTextual`.
    static func contains(_ line: String, _ spelling: String) -> Bool {
        line.ranges(of: spelling).contains { range in
            let before = range.lowerBound == line.startIndex ? nil : line[line.index(before: range.lowerBound)]
            let after = range.upperBound == line.endIndex ? nil : line[range.upperBound]
            let startsAWord = spelling.first?.isLetter != true || before.map { !$0.isLetter && $0 != "_" } ?? true
            let endsAWord = spelling.last?.isLetter != true || after.map { !$0.isLetter && $0 != "_" } ?? true
            return startsAWord && endsAWord
        }
    }
}

extension WordTests.Door: CustomTestStringConvertible {
    var testDescription: String { spelling }
}
