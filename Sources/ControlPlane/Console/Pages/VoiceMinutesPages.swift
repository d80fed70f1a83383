import Kernel
import Rating
import Telephony
import Web

/// The minutes of the running month: how many are used, where they lead, and what is beyond.
struct VoiceMinutesCard: Sendable {
    /// `November 2026`
    let month: String
    let usedMilliseconds: Int64
    /// `nil` when the contract counts none.
    let includedMilliseconds: Int64?
    let forecast: Forecast
    /// For one minute beyond.
    let minutePrice: Rate
    let days: [BarChart.Category]
    /// Milliseconds by day, up to today.
    let byDay: [Int64]
    /// That the end is near, or there.
    var warning: AllotmentWarning?

    /// The same above everything else on the page.
    var notice: HTML {
        warning.map { .callout($0.tone, "\($0.title).", "\($0.sentence(price: "\(minutePrice)"))") } ?? ""
    }

    func card(span: Int) -> Card {
        var chart = CumulativeChart(
            "Minutes used, cumulated", name: "Minutes", days: days, values: byDay.map { $0 / 60_000 })
        chart.bound = includedMilliseconds.map { $0 / 60_000 }
        if forecast.method != .none { chart.forecast = forecast.milliseconds / 60_000 }
        return Card(
            "Minutes in \(month)", span: span,
            lede: "Answered time, summed in milliseconds; nothing is rounded up per call.",
            body: "\(gauge)\(byDay.isEmpty ? "" : chart.html)\(HTML.facts(facts, wide: true))")
    }

    private var used: String { Self.minutes(usedMilliseconds) }
    private var isBeyond: Bool { forecast.overageMilliseconds > 0 }

    private var gauge: HTML {
        guard let included = includedMilliseconds else {
            return #"""
                <div class="gauge"><p><span class="figure">\#(used)</span> <span class="muted">minutes; this contract counts none</span></p></div>
                """#
        }
        let whole = max(forecast.milliseconds, included, usedMilliseconds, 1)
        func share(_ value: Int64) -> String { hundredths(Int64(Int128(value) * 10_000 / Int128(whole))) }
        let expected = min(max(forecast.milliseconds, usedMilliseconds), included)
        let beyond = max(forecast.milliseconds, usedMilliseconds) - included
        let pill: HTML =
            isBeyond
            ? .pill("About \(Self.minutes(forecast.overageMilliseconds)) beyond", .warn)
            : .pill("Within what is included", .ok)
        let past: HTML =
            beyond > 0
            ? #"<rect class="d-warn" x="\#(share(included))%" width="\#(share(beyond))%" height="100%" rx="3" fill-opacity=".55"/>"#
            : ""
        let pastLegend: HTML =
            beyond > 0
            ? #"<li><span class="swatch d-warn ghost"></span>Beyond what is included \#(Self.minutes(beyond))</li>"#
            : ""
        return #"""
            <div class="gauge"><div class="row between"><p><span class="figure">\#(used)</span> \#
            <span class="muted">of \#(Self.minutes(included)) minutes</span></p>\#(pill)</div>
            <svg class="meter tall" role="img" aria-label="\#(used) of \#(Self.minutes(included)) included minutes used; \#
            forecast \#(Self.minutes(forecast.milliseconds))"><rect class="track" width="100%" height="100%" rx="3"/>\#
            <rect class="db ghost" width="\#(share(expected))%" height="100%" rx="3"/>\#(past)\#
            <rect class="db" width="\#(share(min(usedMilliseconds, whole)))%" height="100%" rx="3"/>\#
            <line class="chart-mark" x1="\#(share(included))%" x2="\#(share(included))%" y1="-4" y2="26"/></svg>
            <ul class="legend"><li><span class="swatch db"></span>Used \#(used)</li>\#
            <li><span class="swatch db ghost"></span>Expected \#(Self.minutes(max(0, expected - usedMilliseconds)))</li>\#
            \#(pastLegend)</ul></div>

            """#
    }

    private var facts: [Fact] {
        var facts = [Fact("Forecast for the month", text: "\(Self.minutes(forecast.milliseconds)) min")]
        if includedMilliseconds != nil {
            let cost = Money(cents: forecast.overageMicros / 10_000)
            facts.append(
                Fact(
                    "Beyond, \(Self.minutes(forecast.overageMilliseconds)) min × \(minutePrice)",
                    text: forecast.overageMilliseconds > 0 ? "about \(DisplayText.decimal("\(cost)"))" : "nothing"))
        }
        if let usedUpAt = forecast.usedUpAt {
            facts.append(Fact("Used up", text: "about \(DisplayText.minute(usedUpAt))"))
        }
        let method =
            switch forecast.method {
            case .businessHours: "pace per business hour"
            case .calendarHours: "pace per hour"
            case .none: "nothing is foretold"
            }
        facts.append(Fact("How", text: method))
        return facts
    }

    /// Whole minutes, `1,470`.
    static func minutes(_ milliseconds: Int64) -> String { DisplayText.count(milliseconds / 60_000) }
}

extension AllotmentWarning {
    var tone: Tone { endsCalls && level == .usedUp ? .bad : .warn }

    var title: String {
        let minutes = endsCalls ? "The month’s minutes" : "The included minutes"
        return level == .usedUp
            ? "\(minutes) are used up" : "\(percent) % of the \(minutes.dropFirst(4)) are used"
    }

    /// - Parameter price: of a minute beyond the included ones.
    func sentence(price: String) -> String {
        let figures =
            "\(VoiceMinutesCard.minutes(usedMilliseconds)) of \(VoiceMinutesCard.minutes(boundMilliseconds)) minutes."
        let after =
            switch (endsCalls, level) {
            case (true, .usedUp): "New calls are refused until the month is over; emergency calls always work."
            case (true, .nearlyUsed): "After that new calls are refused; emergency calls always work."
            case (false, .usedUp): "Calls go on at \(price) per minute."
            case (false, .nearlyUsed): "Beyond that calls go on at \(price) per minute."
            }
        return "\(figures) \(after)"
    }
}
