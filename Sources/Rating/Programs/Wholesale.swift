/// An individual volume agreement in place of the Solution prices (domain 2.2): refused below the book's minimum.
package struct WholesaleAgreement: Hashable, Sendable {
    package let committedTurns: Int64
    package let price: Rate

    package init(committedTurns: Int64, price: Rate, book: PriceBook.Solution) throws(Refusal) {
        try Inputs.check(count: committedTurns, "committed")
        guard committedTurns >= book.wholesaleTurnsMonthMinimum else {
            throw Refusal(
                field: "committed", reason: "below_minimum",
                message: "a volume agreement commits at least \(book.wholesaleTurnsMonthMinimum) turns a month; "
                    + "commit more or keep the turn price of \(book.turn)")
        }
        guard price >= book.wholesaleTurnMinimum else {
            throw Refusal(
                field: "price", reason: "below_minimum",
                message: "a volume agreement's price is at least \(book.wholesaleTurnMinimum) a turn; raise it")
        }
        self.committedTurns = committedTurns
        self.price = price
    }
}

/// max(turns, committed turns) × agreed price; tenant floor, share and first-year minimum do not apply.
package struct WholesaleMonth: Hashable, Sendable {
    package let turns: Int64
    package let agreement: WholesaleAgreement
    package let charge: Money

    package init(turns: Int64, agreement: WholesaleAgreement) throws(Refusal) {
        try Inputs.check(count: turns, "turns")
        self.turns = turns
        self.agreement = agreement
        charge = try UnitPrice(agreement.price).net(max(turns, agreement.committedTurns))
    }

    package func line() throws(Refusal) -> RatedLine {
        try RatedLine(
            .solutionWholesale, quantity: max(turns, agreement.committedTurns), unitPrice: UnitPrice(agreement.price),
            basis: .wholesale(self))
    }

    package var explanation: Explanation {
        let committed = agreement.committedTurns
        let winners = (turns >= committed ? ["turns"] : []) + (turns <= committed ? ["committed"] : [])
        let price = UnitPrice(agreement.price)
        let candidates = [("turns", turns), ("committed", committed)].compactMap { name, count in
            (try? price.net(count)).map { Explanation.Candidate(name: name, amount: $0) }
        }
        let change = Explanation.Change(candidate: "turns", input: "turns", from: String(committed))
        let used = Wording.counted(turns, "turn", "turns")
        let sentence =
            turns >= committed
            ? "\(used) at \(agreement.price), not below the commitment of \(Wording.grouped(committed))."
            : "The commitment of \(Wording.grouped(committed)) turns at \(agreement.price) counts, not the \(used) used."
        return Explanation(
            rule: "solution.wholesale",
            inputs: ["turns": String(turns), "committed": String(committed), "price": agreement.price.description],
            candidates: candidates, winners: winners, changes: turns < committed ? [change] : [], sentence: sentence)
    }
}
