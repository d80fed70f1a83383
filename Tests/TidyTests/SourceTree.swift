import Foundation
import Testing

/// The files of the repository as the rules see them: no build products, nothing private to this machine.
enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every text file with its path from the root, sorted.
    static let texts: [TextFile] = readTexts()
    static let swift: [SwiftFile] = texts.filter { $0.path.hasSuffix(".swift") }.map(SwiftFile.init)
    static let sources: [SwiftFile] = swift.filter { $0.path.hasPrefix("Sources/") }

    private static func readTexts() -> [TextFile] {
        let skipped: Set<String> = [".build", ".git", ".local", ".swiftpm", "__pycache__", ".pytest_cache"]
        let keys: [URLResourceKey] = [.isRegularFileKey, .isSymbolicLinkKey]
        guard let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: keys) else { return [] }
        var found: [TextFile] = []
        for case let url as URL in walk {
            if skipped.contains(url.lastPathComponent) {
                walk.skipDescendants()
                continue
            }
            guard let kind = try? url.resourceValues(forKeys: Set(keys)), kind.isRegularFile == true,
                kind.isSymbolicLink != true, let bytes = try? Data(contentsOf: url),
                let text = String(data: bytes, encoding: .utf8)
            else { continue }
            let path = String(url.standardizedFileURL.path().dropFirst(root.standardizedFileURL.path().count))
            found.append(TextFile(path: path.trimmingPrefix("/").description, text: text))
        }
        return found.sorted { $0.path < $1.path }
    }
}

struct TextFile: Sendable {
    /// From the root of the repository, e.g. `Sources/Web/HTML.swift`.
    let path: String
    let text: String

    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    /// `Web` for `Sources/Web/HTML.swift` and `WebTests` for `Tests/WebTests/HTMLTests.swift`.
    var module: String {
        let parts = path.split(separator: "/").map(String.init)
        return parts.first == "Benchmarks" ? "Benchmarks" : parts.dropFirst().first ?? ""
    }
}

/// A Swift file with its text taken apart once.
struct SwiftFile: Sendable {
    let file: TextFile
    let text: SwiftText

    init(_ file: TextFile) {
        self.file = file
        text = SwiftText(file.text)
    }

    var path: String { file.path }
    var module: String { file.module }
    var isTest: Bool { path.hasPrefix("Tests/") }

    /// The modules of its `import` lines with the line of each.
    var imports: [(line: Int, module: String)] {
        text.codeLines.enumerated().compactMap { index, line in
            let words = line.split(separator: " ")
            guard let position = words.firstIndex(of: "import"), words.prefix(position).allSatisfy(Self.isImportPrefix)
            else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
            let named = words[(position + 1)...].drop { kinds.contains($0) }
            return named.first.map { (index + 1, String($0.prefix { $0 != "." })) }
        }
    }

    private static func isImportPrefix(_ word: Substring) -> Bool {
        word.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains(word)
    }
}

/// Fails the running test once for each finding; a finding says file, line and what to do about it.
func expectNone(_ findings: [String]) {
    for finding in findings { Issue.record(Comment(rawValue: finding)) }
}
