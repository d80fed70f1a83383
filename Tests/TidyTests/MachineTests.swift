import Crypto
import Foundation
import Testing

/// Nothing in the repository knows the machine it was written on, and history is not rewritten.
@Suite struct MachineTests {
    @Test func noMachinePaths() {
        // At the start of a path: `docs/work/x` is none.
        report(
            ["/work/", "/home/", "/root/", "/Users/"],
            at: /(?:^|[^\w.}~])\/(?:work|home|root|clones|Users)\/\w/,
            "no path of one machine; derive it from the file's own place or from the environment")
    }

    @Test func noPackageRegistries() {
        report(
            [
                "pypi.org", "pythonhosted.org", "registry.npmjs", "crates.io", "proxy.golang.org", "deb.debian.org",
                "jfrog", "artifactory",
            ], at: /./, "name no package registry; the client's own configuration decides")
    }

    private func report(_ words: [String], at pattern: Regex<Substring>, _ advice: String) {
        for file in SourceTree.texts where !file.path.hasPrefix("Tests/TidyTests/") && !Self.isGenerated(file.path) {
            guard words.contains(where: file.text.contains) else { continue }
            for (index, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            where words.contains(where: line.contains) && line.contains(pattern) {
                Issue.record("\(file.path):\(index + 1): \(advice)")
            }
        }
    }

    /// Written by SwiftPM and not part of the repository.
    private static func isGenerated(_ path: String) -> Bool { path == "Package.resolved" }

    @Test func landedMigrationsNeverChange() throws {
        let listPath = "migrations/CHECKSUMS"
        let list = try #require(
            SourceTree.texts.first { $0.path == listPath },
            "\(listPath):1: missing; make it with: cd migrations && sha256sum *.sql > CHECKSUMS")
        var known: [String: String] = [:]
        for line in list.text.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            if words.count == 2 { known[String(words[1])] = String(words[0]) }
        }
        let migrations = SourceTree.texts.filter { $0.path.hasPrefix("migrations/") && $0.path.hasSuffix(".sql") }
        for migration in migrations {
            let sum = SHA256.hash(data: Data(migration.text.utf8)).map(hexadecimal).joined()
            guard let landed = known.removeValue(forKey: migration.name) else {
                Issue.record("\(migration.path):1: new; add its line to \(listPath) (sha256sum \(migration.name))")
                continue
            }
            #expect(landed == sum, "\(migration.path):1: landed and must not change; write a new migration")
        }
        for name in known.keys { Issue.record("\(listPath):1: \(name) is gone; a landed migration stays") }
    }

    private func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }

    @Test func migrationsAreNumberedWithoutGaps() {
        let names = SourceTree.texts.filter { $0.path.hasPrefix("migrations/") && $0.path.hasSuffix(".sql") }
            .map(\.name)
        for (index, name) in names.enumerated() {
            let number = name.prefix(4)
            let wanted = "000\(index + 1)".suffix(4)
            #expect(number == wanted, "migrations/\(name):1: expected number \(wanted)")
        }
    }
}
