import Rating
import Web

/// Why an amount is what it is, for people: the sentence, the candidates with the winner marked, the inputs, and what
/// would have changed the result.
struct ExplanationView: Sendable {
    let explanation: Explanation

    /// For the fold below an invoice line.
    var html: HTML {
        let candidates: HTML = explanation.candidates.isEmpty ? "" : table.html
        let inputs: HTML = explanation.candidates.isEmpty ? .facts(facts, wide: true) : ""
        return #"""
            <p class="muted small">\#(explanation.sentence)</p>\#(candidates)\#(inputs)\#
            <p class="faint small">Rule <code>\#(explanation.rule)</code>. Nothing was rounded before the last step.</p>
            """#
    }

    /// The candidates as bars, the highest first, with what would change the winner below.
    var bars: HTML {
        let highest = explanation.candidates.map(\.amount.cents).max() ?? 0
        let sorted = explanation.candidates.sorted { $0.amount > $1.amount }
        return #"<ol class="candidates">\#(sorted.map { bar($0, highest: max(highest, 1)) })</ol>"#
    }

    /// "From 19 active tenants: tenant floor", for the foot of a card.
    var breakEven: HTML {
        guard !explanation.changes.isEmpty else { return "" }
        let boxes: [HTML] = explanation.changes.map { change in
            "<div><b>From \(Self.input(change.input, change.from))</b>\(Self.name(change.candidate)) would be billed.</div>"
        }
        return #"<div class="breakeven">\#(boxes)</div>"#
    }

    private func isWinner(_ candidate: Explanation.Candidate) -> Bool {
        explanation.winners.contains(candidate.name)
    }

    private var table: Table {
        Table(
            "Candidates", [.init("Candidate"), .init("Rests on"), .number("EUR")],
            rows: explanation.candidates.map { candidate in
                let mark: HTML =
                    isWinner(candidate) ? #" <span class="sub tone" data-tone="brand">billed</span>"# : ""
                return Table.Row(
                    [
                        "\(Self.name(candidate.name))\(mark)", "\(basis(of: candidate.name))",
                        "\(candidate.amount.display)",
                    ], isWinner: isWinner(candidate))
            }, style: .compact)
    }

    private func bar(_ candidate: Explanation.Candidate, highest: Int64) -> HTML {
        let percent = max(candidate.amount.cents, 0) * 97 / highest
        let share = max(candidate.amount.cents, 0) * 100 / highest
        let billed: HTML = isWinner(candidate) ? #" <span class="pill plain" data-tone="brand">Billed</span>"# : ""
        return #"""
            <li class="candidate\#(" is-winner", when: isWinner(candidate))"><h3>\#(Self.name(candidate.name))\#(billed)\#
            <span class="how">\#(basis(of: candidate.name))</span></h3>
            <svg class="meter" role="img" aria-label="\#(share) percent of the highest">\#
            <rect class="\#(isWinner(candidate) ? "db" : "dn")" width="\#(percent)%" height="100%" rx="3"/>\#
            <line class="chart-mark" x1="97%" x2="97%" y1="0" y2="100%"/></svg>
            <p class="amount">\#(candidate.amount.display)</p></li>

            """#
    }

    private var facts: [Fact] {
        explanation.inputs.map { Fact(DisplayText.words($0.name), text: DisplayText.decimal($0.value)) }
    }

    /// The input that a candidate grows with.
    private func basis(of candidate: String) -> String {
        let name =
            switch candidate {
            case "revenue_share": "arr"
            case "tenant_floor": "active_tenants"
            case "turn_floor": "turns"
            case "first_year_minimum": "contract_month"
            default: candidate
            }
        guard let value = explanation.inputs.first(where: { $0.name == name })?.value else { return "" }
        return Self.input(name, value)
    }

    private static func name(_ candidate: String) -> String {
        candidate == "first_year_minimum" ? "First-year minimum" : DisplayText.words(candidate)
    }

    private static func input(_ name: String, _ value: String) -> String {
        let number = DisplayText.decimal(value)
        return switch name {
        case "arr": "ARR \(number)"
        case "active_tenants": value == "1" ? "1 active tenant" : "\(number) active tenants"
        case "turns": value == "1" ? "1 turn" : "\(number) turns"
        case "contract_month": "contract month \(number)"
        case "instances": "\(number) instances"
        default: "\(DisplayText.words(name).lowercased()) \(DisplayText.words(number).lowercased())"
        }
    }
}
