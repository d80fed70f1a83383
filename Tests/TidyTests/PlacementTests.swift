import Testing

/// Where things stand: SQL in stores, a README in every module, few files in a feature.
@Suite struct PlacementTests {
    @Test func sqlStandsInStores() {
        for file in SourceTree.sources where file.module != "Postgres" && !file.path.hasSuffix("Store.swift") {
            for literal in file.text.literals where Self.isSQL(literal.text) {
                Issue.record("\(file.path):\(literal.line): SQL belongs into a …Store.swift")
            }
        }
    }

    static func isSQL(_ text: String) -> Bool {
        text.contains(/(?i)\binsert\s+into\s+[\w."$]+\s*[(\n]|\bdelete\s+from\s+[\w.]+|\bupdate\s+[\w.]+\s+set\s/)
            || text.contains(/^\s*((with|WITH)\s+\w+\s+(as|AS)\s*\(|(select|SELECT)\s[\s\S]*\s(from|FROM)\s)/)
            || text.contains(/\bSELECT\s[\s\S]*\sFROM\s/)
    }

    @Test func everyModuleHasAShortReadme() {
        let modules = Set(SourceTree.sources.map(\.module))
        for module in modules.sorted() {
            let path = "Sources/\(module)/README.md"
            guard let readme = SourceTree.texts.first(where: { $0.path == path }) else {
                Issue.record("\(path):1: missing; say in at most 30 lines what the module owns and does not own")
                continue
            }
            let count = readme.text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
            #expect(count <= 30, "\(path):30: \(count) lines; at most 30")
        }
    }

    /// Modules whose folders are features.
    static let featureModules: Set<String> = ["Tenancy", "Billing"]

    @Test func featureFoldersHaveAtMostFiveFiles() {
        let files = SourceTree.sources.filter {
            Self.featureModules.contains($0.module) && $0.path.split(separator: "/").count == 4
        }
        for (folder, members) in Dictionary(grouping: files, by: { $0.path.split(separator: "/")[2] }) {
            let place = members[0].path
            #expect(members.count <= 5, "\(place):1: \(folder) has \(members.count) files; split the feature (limit 5)")
        }
    }

    @Test func sharedDeclarationsAreDocumented() {
        for (_, files) in Dictionary(grouping: SourceTree.sources, by: \.module) {
            let declarations = files.flatMap { file in SharedDeclaration.all(in: file) }
            let explained = Set(declarations.filter(\.isDocumented).map(\.name))
            expectNone(
                declarations.filter {
                    !$0.isDocumented && $0.needsWords && !($0.isFunction && explained.contains($0.name))
                }
                .map { "\($0.place): say with /// what `\($0.name)` promises" })
        }
    }
}

/// A type or function that other files or modules see.
struct SharedDeclaration {
    let name: String
    let isFunction: Bool
    let isDocumented: Bool
    /// Shared with other modules by its own modifier, and not a mere operator or a part of a standard protocol.
    let needsWords: Bool
    let place: String

    /// A function is explained once per module: a protocol's requirement speaks for its witnesses, one overload for
    /// the others.
    static func all(in file: SwiftFile) -> [Self] {
        let lines = file.text.codeLines
        return lines.indices.compactMap { index in
            guard isCandidate(lines[index]), let match = lines[index].firstMatch(of: pattern) else { return nil }
            let name = String(match.output.3)
            var above = index - 1
            while above >= 0, lines[above].contains(/^\s*@\w/) { above -= 1 }
            let isShared = match.output.1 != nil
            return Self(
                name: name, isFunction: match.output.2 == "func",
                isDocumented: above >= 0 && file.text.lines[above].contains(/^\s*\/\/\//),
                needsWords: isShared && name.first?.isLetter == true && !standard.contains(name)
                    && !lines[index].contains(": IdentifierKind {"),
                place: "\(file.path):\(index + 1)")
        }
    }

    /// Cheap, because most lines declare nothing and the pattern is slow.
    private static func isCandidate(_ line: String) -> Bool {
        guard let first = line.split(separator: " ", maxSplits: 1).first else { return false }
        return first.hasPrefix("@") || beginnings.contains(String(first))
    }

    private static let beginnings: Set<String> = [
        "package", "public", "static", "final", "mutating", "nonisolated", "indirect", "consuming", "borrowing",
        "struct", "class", "enum", "actor", "protocol", "func",
    ]

    private static let standard: Set<String> = [
        "encode", "hash", "makeIterator", "makeAsyncIterator", "next", "appendLiteral", "Interpolation",
        "StringInterpolation",
    ]

    private static var pattern: Regex<(Substring, Substring?, Substring, Substring)> {
        /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(package\s+|public\s+)?(?:(?:static|final|mutating|nonisolated|indirect|consuming|borrowing)\s+)*(struct|class|enum|actor|protocol|func)\s+([^\s(<:]+)/
    }
}
