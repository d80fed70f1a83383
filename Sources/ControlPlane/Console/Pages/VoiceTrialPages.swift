import Kernel
import Telephony
import Voice
import Web

/// What a change would have done to the calls of the last 30 days.
struct VoiceTrialCard: Sendable {
    let result: WhatIfResource

    init(_ result: WhatIfResource) { self.result = result }

    var html: HTML {
        Card(
            "On the last 30 days",
            lede: HTML(text: lede), body: "\(verdict)\(HTML.facts(facts, wide: true))\(reasons)\(examples)"
        ).html
    }

    private var lede: String {
        let span = "\(DisplayText.day(result.from)) to \(DisplayText.day(result.until))"
        let calls = DisplayText.count(result.calls, "call")
        let bound = result.isComplete ? "" : " Only the newest of them were looked at."
        return "\(calls), \(span), put to what is in force and to this change. Nothing is saved yet.\(bound)"
    }

    private var verdict: HTML {
        let changes = result.newlyRefused + result.newlyAllowed + result.cut
        guard changes > 0 else { return .callout(.ok, "No call would have been otherwise.", "") }
        let tone: Tone = result.newlyRefused + result.cut > 0 ? .warn : .info
        let parts = [
            "\(DisplayText.count(result.newlyRefused)) refused",
            "\(DisplayText.count(result.newlyAllowed)) let through",
            "\(DisplayText.count(result.cut)) ended early",
        ]
        return .callout(
            tone, "\(DisplayText.count(changes, "call")) would have been otherwise:",
            "\(parts.joined(separator: ", ")).")
    }

    private var facts: [Fact] {
        let (before, after) = (result.before, result.after)
        return [
            Fact(
                "Minutes", text: "\(minutes(before.milliseconds)) now, \(minutes(after.milliseconds)) with the change"),
            Fact(
                "Beyond the included minutes",
                text: "\(money(before.overageAmount)) now, \(money(after.overageAmount)) with the change"),
            Fact("Saved", text: money(result.savedAmount)),
            Fact("Added", text: money(result.addedAmount)),
        ]
    }

    private var reasons: HTML {
        guard !result.newlyRefusedBy.isEmpty else { return "" }
        return Table(
            "Why calls would have been refused", [.init("Why"), .number("Calls")],
            rows: result.newlyRefusedBy.map { reason in
                Table.Row([
                    "\(reason.sentence)\(HTML.sub(reason.reason.rawValue))", "\(DisplayText.count(reason.calls))",
                ])
            }, style: .compact
        ).html
    }

    private var examples: HTML {
        guard !result.examples.isEmpty else { return "" }
        let table = Table(
            "Calls that would have been otherwise",
            [.init("Began"), .init("Number"), .init("Would be"), .number("Minutes")],
            rows: result.examples.map { example in
                Table.Row([
                    "\(DisplayText.minute(example.startedAt))",
                    "\(example.number)\(HTML.sub(place(example)))", outcome(example),
                    "\(minutes(example.milliseconds))",
                ])
            }, style: .compact)
        return .fold("Examples", table.html, isOpen: true)
    }

    private func place(_ example: WhatIfResource.Example) -> String {
        guard let kind = example.kind else { return "inbound" }
        let country = example.country.map { Telephony.Country.with($0)?.name ?? $0.code }
        return [country, DisplayText.words(kind.rawValue).lowercased()].compactMap(\.self).joined(separator: ", ")
    }

    private func outcome(_ example: WhatIfResource.Example) -> HTML {
        switch example.change {
        case .refused: "\(HTML.pill("Refused", .bad))\(HTML.sub(example.sentence ?? ""))"
        case .allowed: .pill("Let through", .ok)
        case .cut:
            "\(HTML.pill("Ended early", .warn))\(HTML.sub("after \(minutes(example.keptMilliseconds ?? 0)) min"))"
        }
    }

    private func money(_ amount: String) -> String { "EUR \(DisplayText.decimal(amount))" }

    /// `12.5`: tenths are cut off.
    private func minutes(_ milliseconds: Int64) -> String {
        "\(DisplayText.count(milliseconds / 60_000)).\(milliseconds % 60_000 / 6_000)"
    }
}
