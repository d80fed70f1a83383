import Kernel
import Telephony
import Tenancy
import Voice
import Web

/// A call with its legs and receipts, in words.
struct CallSheet: Sendable {
    let place: VoicePlace
    /// In the order of their beginnings; never empty.
    let legs: [CallLeg]
    let receipts: [Receipt]
    /// Names by gateway.
    let trunks: [String: String]
    /// Names of nodes, for viewers who run them.
    let nodes: [VoiceNodeID: String]
    let runsNodes: Bool

    var page: ConsolePage {
        let refused = legs.first { !$0.outcome.refusal.isEmpty }
        let result = (refused ?? speaker).map(CallWords.result) ?? ("Call", .neutral, nil)
        return CallPage(
            place: place, time: legs.first.map { CallWords.second($0.times.started) } ?? "", result: result,
            facts: facts,
            refusal: refused.map { leg in
                CallPage.Refusal(
                    sentence: CallWords.refusal(leg.outcome.refusal),
                    wayOut: RefusalReason(rawValue: leg.outcome.refusal)?.text.wayOut ?? "",
                    dryRunPath: dryRunPath(leg))
            },
            legs: legs.map(card),
            receipts: receipts.enumerated().map { card(of: $1, number: receipts.count > 1 ? $0 + 1 : nil) }
        ).page
    }

    /// The leg that means something for the bill; the first one when none does.
    private var speaker: CallLeg? { legs.first { $0.metering != .none } ?? legs.first }

    private var facts: [Fact] {
        guard let first = legs.first, let speaker else { return [] }
        let answered = legs.compactMap(\.times.answered).min()
        var facts = [
            Fact("Direction", text: CallWords.direction(of: speaker)),
            Fact("From", text: CallWords.caller(first)), Fact("To", text: CallWords.called(first)),
            Fact("Began", text: CallWords.second(first.times.started)),
            Fact("Answered", text: answered.map(CallWords.second) ?? "never"),
            Fact("Ended", text: CallWords.second(legs.map(\.times.ended).max() ?? first.times.ended)),
            Fact("How it ended", text: CallWords.cause(speaker.outcome.cause)),
        ]
        if let refusal = legs.map(\.outcome.refusal).first(where: { !$0.isEmpty }) {
            facts.append(Fact("Reason", code: refusal))
        }
        let isMetered =
            receipts.isEmpty ? "Nothing" : CallWords.exactly(receipts.reduce(0) { $0 + $1.subject.milliseconds })
        facts.append(Fact("Metered", text: isMetered))
        if first.state.erasedAt != nil { facts.append(Fact("Parties", text: "erased: their retention is over")) }
        return facts
    }

    /// The same question again, with what holds now.
    private func dryRunPath(_ leg: CallLeg) -> String {
        var values = ["dialled": leg.parties.dialled]
        if !leg.origin.gateway.isEmpty {
            (values["origin"], values["trunk_id"]) = ("trunk", leg.origin.gateway)
        } else if !leg.parties.sipUser.isEmpty {
            (values["origin"], values["user"]) = ("user", leg.parties.sipUser)
        }
        return FilteredPath.path(place.path(of: .dryRun), values)
    }

    // MARK: Legs

    private func card(_ leg: CallLeg) -> CallPage.Leg {
        CallPage.Leg(
            title: CallWords.side(leg.identity.side), facts: facts(of: leg), details: details(of: leg),
            recordPath: runsNodes && !leg.state.isEstimated
                ? "\(place.path)/legs/\(leg.identity.id)/record" : nil)
    }

    private func facts(of leg: CallLeg) -> [Fact] {
        let result = CallWords.result(leg)
        var facts = [
            Fact("Result", "\(HTML.pill(result.word, result.tone))\(result.note.map(HTML.sub))"),
            Fact("From", text: CallWords.caller(leg)), Fact("To", text: CallWords.called(leg)),
            Fact("Over", text: over(leg)),
            Fact("Answered", text: leg.times.answered.map(CallWords.second) ?? "never"),
            Fact(
                "Answered time",
                text: leg.times.milliseconds > 0
                    ? "\(CallWords.duration(leg.times.milliseconds)), exactly \(CallWords.exactly(leg.times.milliseconds))"
                    : DisplayText.nothing),
            Fact("Ended", text: "\(CallWords.second(leg.times.ended)): \(CallWords.cause(leg.outcome.cause))"),
            Fact("For the bill", text: bill(leg)),
        ]
        if !leg.origin.transfers.isEmpty {
            facts.append(Fact("Moved", text: DisplayText.count(leg.origin.transfers.count, "time")))
        }
        return facts
    }

    private func over(_ leg: CallLeg) -> String {
        guard !leg.origin.gateway.isEmpty else { return leg.parties.sipUser.isEmpty ? "inside" : "a phone" }
        return trunks[leg.origin.gateway].map { "Trunk \($0)" } ?? "A trunk that is gone"
    }

    private func bill(_ leg: CallLeg) -> String {
        switch leg.metering {
        case .metered: "metered"
        case .unmetered: "recorded, never metered"
        case .none: "another leg speaks for it"
        }
    }

    private func details(of leg: CallLeg) -> [Fact] {
        let revision: HTML =
            leg.origin.revision.isEmpty
            ? "–"
            : #"<a href="\#(place.path)/revisions/\#(leg.origin.revision)"><code>\#(leg.origin.revision)</code></a>"#
        let quality = leg.outcome.qualityHundredths.map { "\($0 / 100).\($0 % 100 < 10 ? "0" : "")\($0 % 100) of 5" }
        return [
            Fact("Cause", code: "\(leg.outcome.cause)\(leg.outcome.causeCode.map { " \($0)" } ?? "")"),
            Fact("SIP status", text: leg.outcome.sipStatus.map { "\($0)" }),
            Fact("Hung up by", text: leg.outcome.disposition), Fact("Heard quality", text: quality),
            Fact("Leg", code: leg.identity.id.uuid.uuidString.lowercased()),
            Fact("SIP call", code: DisplayText.orNothing(leg.origin.sipCallID)),
            Fact("Address", text: leg.parties.networkAddress),
            Fact("Node", text: nodes[leg.origin.nodeID] ?? "\(leg.origin.nodeID)"),
            Fact("Configuration", revision),
            Fact("Received", text: CallWords.second(leg.state.receivedAt)),
        ]
    }

    // MARK: Receipts

    private func card(of receipt: Receipt, number: Int?) -> CallReceiptCard {
        let terms = receipt.terms
        let price = EuroAmount(micros: terms.microsPerMinute).text
        let amount = Int64(clamping: Int128(receipt.overagePart) * Int128(terms.microsPerMinute) / 60_000)
        let included = terms.includedMilliseconds.map { CallWords.minutes($0) }
        let before = CallWords.minutes(receipt.place.usedBefore)
        let after = CallWords.minutes(receipt.usedAfter)
        return CallReceiptCard(
            title: number.map { "Price receipt \($0)" } ?? "Price receipt", basis: Self.words(receipt.basis).word,
            tone: Self.words(receipt.basis).tone,
            sums: [Fact("Metered", text: "\(CallWords.minutes(receipt.subject.milliseconds)) min")] + bill(receipt) + [
                Fact("Included part", text: "\(CallWords.minutes(receipt.includedPart)) min"),
                Fact("Beyond, × \(price)", text: "\(CallWords.minutes(receipt.overagePart)) min"),
                Fact(
                    "\(receipt.subject.month.display) before",
                    text: "\(before)\(included.map { " of \($0)" } ?? "") min"),
                Fact("and after", text: "\(after)\(included.map { " of \($0)" } ?? "") min"),
                Fact("This call costs", "EUR \(CallWords.amount(micros: amount))", isTotal: true),
            ],
            proof: proof(receipt))
    }

    /// What is said where the bill does not take the metered time as it is.
    private func bill(_ receipt: Receipt) -> [Fact] {
        let terms = receipt.terms
        guard terms.isBilled else { return [Fact("On the bill", text: "nothing: this call is not charged")] }
        return terms.increment.map { increment in
            [Fact("Rounded \(increment.rawValue)", text: "\(CallWords.minutes(receipt.billedPart)) min")]
        } ?? []
    }

    private func proof(_ receipt: Receipt) -> [Fact] {
        let terms = receipt.terms
        let revision: HTML =
            terms.revision.isEmpty
            ? "–" : #"<a href="\#(place.path)/revisions/\#(terms.revision)"><code>\#(terms.revision)</code></a>"#
        return [
            Fact("Metered from", text: CallWords.second(receipt.subject.from)),
            Fact("Milliseconds", text: DisplayText.count(receipt.subject.milliseconds)),
            Fact("of them beyond", text: DisplayText.count(receipt.overagePart)),
            Fact("Rule", code: receipt.rule.rawValue), Fact("Price book", text: terms.priceBook),
            Fact("Configuration", revision),
            Fact("Place in the month", text: "receipt \(DisplayText.count(receipt.place.sequence))"),
            Fact("Hash", code: receipt.hash), Fact("Hash before", code: receipt.place.previousHash),
            Fact("Check it", code: "controlplane voice receipt verify --month \(receipt.subject.month)"),
        ]
    }

    private static func words(_ basis: Receipt.Basis) -> (word: String, tone: Tone) {
        switch basis {
        case .record: ("From the record", .ok)
        case .estimate: ("Estimate", .warn)
        case .reversal: ("Estimate taken back", .info)
        }
    }
}

extension CallWords {
    /// The user beside the number that it showed.
    static func caller(_ leg: CallLeg) -> String {
        let (user, number) = (leg.parties.sipUser, PhoneWords.spaced(leg.parties.caller))
        guard !user.isEmpty, user != leg.parties.caller else {
            let isKnown = leg.identity.side == .outbound || leg.state.isEstimated || leg.state.erasedAt != nil
            return number.isEmpty && !isKnown ? withheld : number
        }
        return number.isEmpty ? user : "\(user) as \(number)"
    }

    /// What was dialled, and where it ended up when that is something else.
    static func called(_ leg: CallLeg) -> String {
        let dialled = PhoneWords.spaced(leg.parties.dialled)
        let destination = PhoneWords.spaced(leg.parties.destination)
        guard !destination.isEmpty, destination != dialled else { return dialled }
        return dialled.isEmpty ? destination : "\(dialled), then \(destination)"
    }

    /// `0.1234`, `−0.08`; at least two decimals.
    static func amount(micros: Int64) -> String {
        "\(micros < 0 ? "−" : "")\(DisplayText.decimal(EuroAmount(micros: Int64(clamping: micros.magnitude)).text))"
    }
}
