import Testing

/// The arrows between modules, in the `import` lines and in Package.swift.
@Suite struct ArrowTests {
    /// What each of our modules may import of ours. A new arrow needs a sentence of why in the change that adds it.
    static let arrows: [String: Set<String>] = [
        "CLibPQ": [],
        "Kernel": [],
        "Rating": [],
        // apart from Voice, because a process beside a node, without a database, gives the same answers
        // Rating for its calendar: a call is cut where the invoice cuts its months
        "Telephony": ["Kernel", "Rating"],
        "Postgres": ["CLibPQ", "Kernel"],
        "Web": ["Kernel"],
        "Tenancy": ["Kernel", "Postgres", "Web"],
        "Billing": ["Kernel", "Postgres", "Web", "Tenancy", "Rating"],
        "Voice": ["Kernel", "Postgres", "Web", "Tenancy", "Telephony"],
        "ControlPlane": ["Kernel", "Postgres", "Web", "Rating", "Tenancy", "Billing", "Telephony", "Voice"],
    ]

    /// Modules of others that only some of ours may import; whatever starts with the key is meant.
    static let doors: [String: Set<String>] = [
        "Hummingbird": ["Web", "ControlPlane", "WebTests", "ControlPlaneTests"],
        "NIOHTTP": ["Web", "WebTests"],
        "CLibPQ": ["Postgres"],
        "ArgumentParser": ["ControlPlane", "ControlPlaneTests", "Benchmarks"],
    ]

    /// A pure module imports nothing that could do input or output, know the time or draw lots.
    static let pure: [String: Set<String>] = [
        "Rating": ["Foundation", "FoundationEssentials"],
        "Kernel": ["Foundation", "FoundationEssentials", "Synchronization"],
        "Telephony": ["Foundation", "FoundationEssentials", "Crypto", "Kernel", "Rating"],
    ]

    @Test func importsFollowTheArrows() {
        for file in SourceTree.sources {
            guard let allowed = Self.arrows[file.module] else {
                Issue.record("\(file.path):1: module \(file.module) is unknown; add it to ArrowTests with its arrows")
                continue
            }
            for (line, name) in file.imports where Self.arrows[name] != nil && !allowed.contains(name) {
                Issue.record("\(file.path):\(line): \(file.module) must not import \(name); \(Self.advice)")
            }
        }
    }

    @Test func frameworksStayBehindTheirDoors() {
        for file in SourceTree.swift {
            for (line, name) in file.imports {
                for (door, modules) in Self.doors where name.hasPrefix(door) && !modules.contains(file.module) {
                    Issue.record("\(file.path):\(line): only \(modules.sorted()) import \(name); \(Self.advice)")
                }
                if let allowed = Self.pure[file.module], !file.isTest, !allowed.contains(name) {
                    Issue.record("\(file.path):\(line): \(file.module) is pure and must not import \(name)")
                }
            }
        }
    }

    @Test func packageDependenciesFollowTheArrows() throws {
        let manifest = try #require(SourceTree.texts.first { $0.path == "Package.swift" })
        let targets = PackageTargets.read(manifest.text)
        #expect(targets.count > 5, "no targets understood in Package.swift; mend PackageTargets")
        for target in targets where !target.isTest {
            guard let allowed = Self.arrows[target.name] else { continue }
            for name in target.dependencies where Self.arrows[name] != nil && !allowed.contains(name) {
                Issue.record("Package.swift:\(target.line): \(target.name) must not depend on \(name); \(Self.advice)")
            }
        }
    }

    static let advice = "move what is needed down, or hand a function over in ControlPlane"
}

/// A target of Package.swift, as far as its text tells.
struct PackageTargets {
    let name: String
    let line: Int
    let isTest: Bool
    let dependencies: [String]

    static func read(_ manifest: String) -> [Self] {
        let starts = manifest.ranges(of: /\.(target|executableTarget|testTarget)\(/).filter { range in
            manifest[range.upperBound...].trimmingPrefix(/\s*/).hasPrefix("name:")
        }
        return starts.enumerated().compactMap { index, range in
            let end = index + 1 < starts.count ? starts[index + 1].lowerBound : manifest.endIndex
            let body = manifest[range.lowerBound..<end]
            guard let name = body.firstMatch(of: /name:\s*"(\w+)"/)?.output.1 else { return nil }
            let list = body.firstMatch(of: /dependencies:\s*\[([^\]]*)\]/)?.output.1 ?? ""
            return Self(
                name: String(name),
                line: 1 + manifest[..<range.lowerBound].count { $0 == "\n" },
                isTest: body.hasPrefix(".testTarget"),
                dependencies: list.matches(of: /"(\w+)"/).map { String($0.output.1) })
        }
    }
}
