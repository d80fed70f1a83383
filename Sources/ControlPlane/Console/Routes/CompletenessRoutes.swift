import Billing
import Kernel
import Postgres
import Rating
import Telephony
import Tenancy
import Voice
import Web

/// The proof that no call is missing, per tenant and over all of them.
struct CompletenessRoutes: Sendable {
    let services: ConsoleServices

    private var completeness: CompletenessService { services.telephony.calls.completeness }

    var all: [PageRoute] {
        let reading = Requirement.permission(.voiceRead)
        return [
            PageRoute(.get, "/tenants/{tenant_id}/voice/completeness", requires: reading, use: tenant),
            PageRoute(.get, "/voice/completeness", requires: reading, use: list),
        ]
    }

    /// What was asked for; a text that is no month is said to be none, and the present one is shown.
    private struct Asked {
        let month: BillingMonth
        let form: FormState

        init(_ text: String?, at now: Timestamp) {
            let present = BillingMonth.present(at: now)
            guard let text else {
                (month, form) = (present, FormState(values: ["month": "\(present)"]))
                return
            }
            month = BillingMonth(text) ?? present
            let wrong = Problem.FieldError(field: "month", message: "must be a month, for example 2026-11")
            form = FormState(values: ["month": text], errors: BillingMonth(text) == nil ? [wrong] : [])
        }
    }

    struct TenantInput: Codable, Sendable {
        let tenantID: TenantID
        let month: String?
        /// Whether the receipts are worked out again, which takes a while.
        let receipts: Bool?
    }

    @Sendable private func tenant(_ call: PageCall<TenantInput>) async throws -> PageReply {
        let input = call.input
        let asked = Asked(input.month, at: call.now)
        let (month, form) = (asked.month, asked.form)
        let (place, report, gaps) = try await services.work.read(call) { tx in
            (
                try services.voicePlace(input.tenantID, tx),
                try completeness.report(month, tenant: input.tenantID, tx).first,
                try completeness.missing(month, tenant: input.tenantID, tx)
            )
        }
        let check =
            input.receipts == true
            ? try await services.telephony.calls.receipts.verify(input.tenantID, month, in: call.principal.scope) : nil
        let nodes = services.telephony.calls.nodes
        return .page(
            TenantCompletenessPage(
                place: place, month: "\(month)", monthName: month.display, errors: form, sentence: report?.sentence,
                calls: CompletenessFigures(report?.calls), legs: CompletenessFigures(report?.legs),
                gaps: CompletenessGaps(
                    rows: gaps.map { CompletenessGaps.Row($0, node: nodes[$0.nodeID]?.endpoint.displayName) }),
                check: check.map(TenantCompletenessPage.ReceiptCheck.init)
            ).page)
    }

    struct ListInput: Codable, Sendable {
        let month: String?
    }

    @Sendable private func list(_ call: PageCall<ListInput>) async throws -> PageReply {
        let asked = Asked(call.input.month, at: call.now)
        let (month, form) = (asked.month, asked.form)
        let rows = try await services.work.read(call) { tx in
            var names = NameBook(services)
            return try completeness.report(month, tenant: nil, tx).map { report in
                CompletenessPage.Row(
                    tenant: try names.tenant(report.tenantID, tx),
                    path: "/tenants/\(report.tenantID)/voice/completeness?month=\(month)", sentence: report.sentence,
                    figures: CompletenessFigures(report.calls))
            }
        }
        // the numbers of sessions are the whole platform's
        let runs = call.principal.scope == .platform ? try await completeness.runs(month) : nil
        let nodes = services.telephony.calls.nodes
        return .page(
            CompletenessPage(
                month: form, rows: rows.sorted { $0.tenant < $1.tenant },
                runs: runs?.map { CompletenessPage.Run($0, node: nodes[$0.nodeID]?.endpoint.displayName) }
            ).page)
    }
}

extension CompletenessFigures {
    fileprivate init(_ tally: Completeness.Tally?) {
        self.init(
            expected: tally?.expected ?? 0, recorded: tally?.recorded ?? 0, estimated: tally?.estimated ?? 0,
            missing: tally?.missing ?? 0)
    }
}

extension CompletenessGaps.Row {
    fileprivate init(_ leg: MissingLeg, node: String?) {
        self.init(
            leg: leg.id.uuid.uuidString.lowercased(), began: CallWords.second(leg.startedAt),
            answered: leg.answeredAt.map(CallWords.second) ?? "never",
            lastSeen: leg.endedAt.map(CallWords.second) ?? DisplayText.nothing, node: node ?? "\(leg.nodeID)",
            isLost: leg.isLost)
    }
}

extension CompletenessPage.Run {
    fileprivate init(_ run: NodeRun, node: String?) {
        self.init(
            node: node ?? "\(run.nodeID)", from: DisplayText.minute(run.firstAt), until: DisplayText.minute(run.lastAt),
            highest: run.highest, known: run.known)
    }
}

extension TenantCompletenessPage.ReceiptCheck {
    fileprivate init(_ check: Voice.ReceiptCheck) {
        self.init(
            isSound: check.isSound, receipts: check.verification.receipts,
            milliseconds: check.verification.milliseconds,
            overageMilliseconds: check.verification.overageMilliseconds,
            findings: check.verification.findings.map { "Receipt \($0.sequence): \($0.sentence)" }
                + check.differences)
    }
}
