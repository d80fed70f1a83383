import Foundation
import Kernel
import Rating
import Testing
import Web

@testable import ControlPlane

/// An explanation as it lies in the database.
enum JSONExplanation {
    static var trueUp: Explanation {
        get throws {
            let text = """
                {"rule": "solution.true_up", "candidates": [], "winners": [], "changes": [],
                "inputs": [{"name": "charge_at_disclosed_arr", "value": "5475.00"}, {"name": "billed_before", "value": "5325.00"}],
                "sentence": "September was billed at the last known ARR; the figure arrived on 14 October."}
                """
            return try JSONDecoder().decode(Explanation.self, from: Data(text.utf8))
        }
    }
}

/// One golden file per page: what a person gets, byte for byte. `RECORD=1 swift test --filter Pages` writes them anew and,
/// with the shell around, to `.local/pages` for looking at.
@Suite struct PagesTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let isRecording = ProcessInfo.processInfo.environment["RECORD"] == "1"

    private static let viewer = ConsoleViewer(
        name: "Vendor operator", role: "platform operator", organisation: "ChatFlow", navigation: .complete,
        csrfToken: "token-of-the-session")

    @Test func everyPageIsAsRecorded() throws {
        let golden = Self.root.appending(path: "Tests/ControlPlaneTests/Golden")
        let layout = ConsoleLayout(product: "ChatFlow", assets: ConsoleAssets())
        for (name, page) in try PageSamples.all {
            let tabs = page.tabs.map { "\($0.isCurrent ? "*" : "")\($0.label)=\($0.path)" }.joined(separator: " ")
            let crumbs = page.crumbs.map(\.label).joined(separator: " / ")
            let text = """
                <!-- \(page.title) | \(page.section) | \(page.frame) | \(crumbs) | \(tabs) -->
                <h1>\(page.heading.markup)</h1><p>\(page.lede?.markup ?? "")</p>
                <div>\(page.actions.markup)</div>
                \(page.body.markup)

                """
            let file = golden.appending(path: "\(name).html")
            if Self.isRecording {
                try text.write(to: file, atomically: true, encoding: .utf8)
                try Self.show(layout.render(page, for: Self.viewer), as: name, layout.assets)
            }
            let recorded = try String(contentsOf: file, encoding: .utf8)
            #expect(recorded == text, "\(name).html differs; RECORD=1 writes it anew")
        }
    }

    private static func show(_ html: HTML, as name: String, _ assets: ConsoleAssets) throws {
        let folder = root.appending(path: ".local/pages")
        try FileManager.default.createDirectory(at: folder.appending(path: "assets"), withIntermediateDirectories: true)
        for asset in assets.all { try Data(asset.bytes).write(to: folder.appending(path: asset.path)) }
        try html.markup.write(to: folder.appending(path: "\(name).html"), atomically: true, encoding: .utf8)
    }

    @Test func noPageHasInlineCodeOrForeignAddresses() throws {
        let layout = ConsoleLayout(product: "ChatFlow", assets: ConsoleAssets())
        for (name, page) in try PageSamples.all {
            let markup = layout.render(page, for: Self.viewer).markup
            #expect(!markup.contains(" style=\"") && !markup.contains("<style"), "\(name): inline style")
            #expect(markup.ranges(of: "<script").count == 1 && !markup.contains("<script>"), "\(name): inline script")
            #expect(!markup.contains(" onclick=") && !markup.contains("javascript:"), "\(name): inline handler")
            #expect(!markup.contains("src=\"http") && !markup.contains("href=\"http"), "\(name): foreign address")
            #expect(!markup.contains("name=\"_csrf\" value=\"\""), "\(name): form without token")
            let posts = markup.ranges(of: "method=\"post\"").count
            #expect(markup.ranges(of: "name=\"_csrf\"").count == posts, "\(name): \(posts) forms that post")
        }
    }

    @Test func everyPageIsWellFormedAndItsIdentifiersAreUnique() throws {
        let layout = ConsoleLayout(product: "ChatFlow", assets: ConsoleAssets())
        for (name, page) in try PageSamples.all {
            let problems = MarkupCheck.problems(in: layout.render(page, for: Self.viewer).markup)
            #expect(problems.isEmpty, "\(name): \(problems.joined(separator: "; "))")
        }
    }

    @Test func partnersSeeFewerEntries() {
        let navigation = ConsoleNavigation.complete.limited(to: [Permission("tenant.read"), Permission("usage.read")])
        let labels = navigation.groups.flatMap(\.entries).map(\.label)
        #expect(labels == ["Overview", "Tenants", "Usage"])
        #expect(ConsoleNavigation.complete.limited(to: []).groups.isEmpty)
    }

    @Test func shellShowsSchemeFlashAndPlace() throws {
        let layout = ConsoleLayout(product: "ChatFlow", assets: ConsoleAssets())
        let page = PageSamples.overview.page
        let html = layout.render(
            page, for: Self.viewer, flash: Flash(.ok, "Saved <b>."), scheme: .dark
        ).markup
        #expect(html.contains(#"<html lang="en" data-theme="dark">"#))
        #expect(html.contains("Saved &lt;b&gt;."))
        #expect(html.contains(#"href="/" aria-current="page""#))
        #expect(html.contains(#"name="scheme" value="light""#))
    }

    @Test func assetsAreHashedByContent() {
        let assets = ConsoleAssets()
        #expect(assets.all.allSatisfy { !$0.bytes.isEmpty })
        #expect(assets.stylesheet.path.wholeMatch(of: /\/assets\/console\.[0-9a-f]{16}\.css/) != nil)
        #expect(Set(assets.all.map(\.path)).count == assets.all.count)
    }
}

/// A small reader of markup: every element is closed in order, every id is there once, every reference has its target.
enum MarkupCheck {
    private static let void: Set<String> = ["meta", "link", "input", "br", "hr", "!doctype"]

    static func problems(in markup: String) -> [String] {
        var problems: [String] = []
        var open: [String] = []
        for tag in markup.matches(of: /<(\/?)([a-z!][a-z0-9]*)([^<>]*?)(\/?)>/) {
            let name = String(tag.2)
            if !tag.1.isEmpty {
                if open.last == name {
                    open.removeLast()
                } else {
                    problems.append("</\(name)> closes \(open.last ?? "nothing")")
                }
            } else if tag.4.isEmpty, !void.contains(name) {
                open.append(name)
            }
        }
        if !open.isEmpty { problems.append("not closed: \(open)") }
        let ids = markup.matches(of: /\sid="([^"]*)"/).map { String($0.1) }
        let twice = Dictionary(grouping: ids) { $0 }.filter { $0.value.count > 1 }.keys
        problems += twice.map { "id \($0) is there twice" }
        let references = markup.matches(
            of: /\s(?:for|aria-labelledby|popovertarget|aria-describedby|data-copy)="([^"]*)"/)
        for reference in references.flatMap({ $0.1.split(separator: " ") }) where !ids.contains(String(reference)) {
            problems.append("nothing has the id \(reference)")
        }
        return problems
    }
}
