import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Web

/// The preview of a month and its close.
struct MonthCloseRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(.get, "/close", requires: .permission(.billingClose), use: show).timeLimit(seconds: 120),
            PageRoute(.post, "/close", requires: .permission(.billingClose), use: close).timeLimit(seconds: 300)
                .recovering { call in
                    .redirect(
                        to: BillingMonth(call.input.values["month"] ?? "").map { "/close?month=\($0)" } ?? "/close",
                        flash: Flash(.bad, call.input.problem.detail))
                },
        ]
    }

    struct ShowInput: Codable, Sendable {
        let month: BillingMonth?
    }

    @Sendable private func show(_ call: PageCall<ShowInput>) async throws -> PageReply {
        let present = BillingMonth.present(at: call.now)
        let month = min(call.input.month ?? present.previous, present)
        let previews = try await services.closing.preview(month, in: call.principal.scope)
        let rows = previews.map(MonthClosePage.Row.init)
        let around = (0...12).map { present.advanced(by: -$0) }
        let months = (around.contains(month) ? around : around + [month])
        return .page(
            MonthClosePage(
                month: "\(month)", monthName: month.display,
                months: months.map { Field.Choice("\($0)", $0.display) }, rows: rows,
                finalisesAt: DisplayText.minute(CloseRules.finalisation(of: month)),
                isEarly: CloseRules.isEarly(month, now: call.now), refusal: Self.refusal(month, rows, now: call.now),
                mayClose: call.principal.holds(.billingClose)
            ).page)
    }

    private static func refusal(_ month: BillingMonth, _ rows: [MonthClosePage.Row], now: Timestamp) -> String? {
        guard month.endTime <= now else { return "It ends on \(month.lastDay.display)." }
        let isOpen = rows.contains { row in
            switch row.status {
            case .ready, .waiting, .problem: true
            case .finalised, .nothing: false
            }
        }
        return isOpen ? nil : rows.isEmpty ? "There is nothing to close." : "Everything is final."
    }

    struct CloseInput: Codable, Sendable {
        let month: BillingMonth
        /// The box of a close that is early.
        let early: Bool?
    }

    @Sendable private func close(_ call: PageCall<CloseInput>) async throws -> PageReply {
        let month = call.input.month
        let report = try await services.closing.close(
            month, early: call.input.early ?? false, as: call.principal, requestID: call.requestID)
        return .redirect(to: "/invoices?month=\(month)", flash: report.flash)
    }
}

extension MonthClosePage.Row {
    fileprivate init(_ preview: ContractPreview) {
        let contract = preview.contract
        let lines = preview.record?.lines ?? preview.draft?.lines ?? []
        self.init(
            contractID: "\(contract.id)", contract: contract.number, organisation: preview.buyer,
            program: contract.program.shortWords, reason: Self.reason(lines),
            net: preview.record?.invoice.amounts.net ?? preview.draft?.total.net ?? .zero, lines: lines.count,
            status: preview.status)
    }
}

extension MonthClosePage.Row {
    /// What decided, in a few words; the contract's page says it in full.
    private static func reason(_ lines: [DraftLine]) -> String {
        guard let first = lines.first else { return DisplayText.nothing }
        guard lines.count == 1 else { return "\(first.description) and \(lines.count - 1) more" }
        let winners = first.explanation.winners.map { DisplayText.words($0).lowercased() }
        guard !winners.isEmpty, first.explanation.candidates.count > 1 else { return first.description }
        let words = winners.joined(separator: " and ")
        return
            "\(words.prefix(1).uppercased())\(words.dropFirst()), the highest of \(first.explanation.candidates.count)"
    }
}

extension ContractPreview {
    fileprivate var status: MonthClosePage.Status {
        switch state {
        case .open(let draft): draft.isNothingDue ? .nothing : .ready
        case .waits(let draft, let until):
            .waiting(
                "The \(draft.missing?.rawValue.uppercased() ?? "") figure is missing. "
                    + "Without one the invoice is estimated from \(DisplayText.minute(until)) on.")
        case .blocked(_, let open): .waiting("\(open.sentence).")
        case .parked(let reason): .problem(reason)
        case .final(let record):
            record.invoice.issue.map { .finalised(number: "\($0.number)", id: "\(record.invoice.id)") } ?? .nothing
        }
    }
}

extension CloseReport {
    /// What a close did, in a sentence.
    fileprivate var flash: Flash {
        var counts: [String: Int] = [:]
        for contract in contracts { counts[contract.outcome.name, default: 0] += 1 }
        let parts = [
            ("finalised", "became final"), ("already_final", "were final already"), ("nothing_due", "have nothing due"),
            ("waits", "wait"), ("earlier_month_open", "left out"), ("parked", "have a problem"),
        ].compactMap { name, words in counts[name].map { "\($0) \(words)" } }
        let text = parts.isEmpty ? "There was nothing to close." : parts.joined(separator: ", ") + "."
        let first = openBefore.prefix(3).map { " \($0.sentence)." }.joined()
        return Flash(parked.isEmpty && first.isEmpty ? .ok : .warn, "\(month.display): \(text)\(first)")
    }
}
