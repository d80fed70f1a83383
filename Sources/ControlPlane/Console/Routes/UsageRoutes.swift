import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import Web

/// Pages of usage, and the import of files.
struct UsageRoutes: Sendable {
    let services: ConsoleServices

    /// A file of the largest size takes a while.
    private static let importSeconds = 300

    var all: [PageRoute] {
        [
            PageRoute(.get, "/usage", requires: .permission(.usageRead), use: show)
                .recovering { call in try await page(call, nil, FormState(call.input), cursor: nil) },
            PageRoute(.get, "/usage/import", requires: .permission(.usageWrite), use: blankForm),
            PageRoute(.post, "/usage/import", requires: .permission(.usageWrite), use: importFile)
                .acceptingFile().timeLimit(seconds: Self.importSeconds)
                .recovering { call in try await form(call, FormState(call.input), status: call.input.status) },
        ]
    }

    // MARK: Reading

    struct ShowInput: Codable, Sendable {
        let organisationID: OrganisationID?
        let tenantID: TenantID?
        let meter: UsageMeter?
        let keySource: KeySource?
        let by: UsageInterval?
        let from: CalendarDate?
        let to: CalendarDate?
        let cursor: String?

        /// The running month by day, unless said otherwise; `to` is the last day.
        func filter(now: Timestamp) throws(Problem) -> UsageFilter {
            let month = BillingMonth.present(at: now)
            var filter = UsageFilter(
                from: from.map { Timestamp(microseconds: ViennaTime.instant($0)) } ?? month.startTime,
                to: to.map { Timestamp(microseconds: ViennaTime.instant($0.adding(days: 1))) } ?? month.endTime)
            filter.interval = by ?? .day
            filter.organisationID = organisationID
            filter.tenantID = tenantID
            filter.meter = meter
            filter.keySource = keySource
            try filter.check()
            return filter
        }

        func values(now: Timestamp) -> [String: String] {
            let month = BillingMonth.present(at: now)
            return [
                "organisation_id": organisationID?.description ?? "", "tenant_id": tenantID?.description ?? "",
                "meter": meter?.rawValue ?? "", "key_source": keySource?.rawValue ?? "",
                "by": (by ?? .day).rawValue, "from": "\(from ?? month.firstDay)", "to": "\(to ?? month.lastDay)",
            ]
        }
    }

    @Sendable private func show(_ call: PageCall<ShowInput>) async throws -> PageReply {
        let input = call.input
        return try await page(
            call, try input.filter(now: call.now), FormState(values: input.values(now: call.now)),
            cursor: input.cursor)
    }

    private func page<Input>(
        _ call: PageCall<Input>, _ filter: UsageFilter?, _ state: FormState, cursor: String?
    ) async throws -> PageReply {
        let scope = call.principal.scope
        let interval = filter?.interval ?? .day
        var points: [UsagePoint] = []
        var found = Page<UsageRow>(items: [], nextCursor: nil)
        if let filter {
            points = try await services.reports.points(filter, as: scope)
            found = try await services.reports.page(filter, PageRequest(limit: 100, cursor: cursor), as: scope)
        }
        let (items, organisation) = (found.items, OrganisationID(state.value("organisation_id")))
        let (rows, choices) = try await services.work.read(call) { tx in
            var names = NameBook(services)
            var rows: [UsagePage.Row] = []
            for item in items {
                rows.append(
                    UsagePage.Row(
                        item, interval, tenant: try names.tenant(item.tenantID, tx),
                        organisation: try names.organisation(item.organisationID, tx)))
            }
            let choices = Choices(services)
            return (
                rows,
                UsagePage.Choices(
                    organisations: try choices.organisations(tx), tenants: try choices.tenants(of: organisation, tx))
            )
        }
        return .page(
            UsagePage(
                stats: Self.stats(points), chart: UsageCharts.overTime(points, by: interval), rows: rows,
                filter: state, choices: choices,
                nextPath: NextPage.path("/usage", state.values, cursor: found.nextCursor),
                mayImport: call.principal.holds(.usageWrite)
            ).page, status: state.errors.isEmpty ? 200 : 422)
    }

    private static func stats(_ points: [UsagePoint]) -> [Stat] {
        func sum(_ wanted: (UsagePoint) -> Bool) -> Int64 { points.filter(wanted).reduce(0) { $0 + $1.quantity } }
        let events = points.reduce(Int64(0)) { $0 + $1.events }
        return [
            Stat("Turns", DisplayText.count(sum { $0.meter == .turn }), note: "all key sources"),
            Stat("Voice", UsageMeter.voice.quantity(sum { $0.meter == .voice }), note: "inbound and outbound"),
            Stat(
                "Not metered", UsageMeter.voice.quantity(sum { $0.meter == .voiceUnmetered }),
                note: "internal and emergency calls"),
            Stat("Events", DisplayText.count(events), note: "counted once each"),
        ]
    }

    // MARK: Import

    @Sendable private func blankForm(_ call: PageCall<NoInput>) async throws -> PageReply {
        try await form(call, .blank)
    }

    struct ImportInput: Codable, Sendable {
        let organisationID: OrganisationID?
    }

    @Sendable private func importFile(_ call: PageCall<ImportInput>) async throws -> PageReply {
        guard let file = call.session.files["file"], !file.bytes.isEmpty else {
            throw Problem.invalid("file", "choose a file with at least one event")
        }
        let scope = try await scope(call)
        let summary = try await services.importer.run(UsageFile(name: file.name, bytes: file.bytes), as: scope)
        return .page(
            UsageImportResultPage(
                fileName: file.name, accepted: Int(summary.counts.accepted), duplicate: Int(summary.counts.duplicate),
                conflict: Int(summary.counts.conflict), rejected: Int(summary.counts.rejected),
                failures: summary.failures.map { failure in
                    UsageImportResultPage.Failure(
                        line: Int(failure.line), eventID: failure.eventID ?? "", status: failure.status,
                        reason: failure.reason, detail: failure.detail)
                },
                failureCount: Int(summary.failureCount)
            ).page)
    }

    /// The viewer's own scope, or the one organisation that the platform chose.
    private func scope(_ call: PageCall<ImportInput>) async throws -> ScopeNode {
        guard call.principal.scope == .platform, let id = call.input.organisationID else {
            return call.principal.scope
        }
        _ = try await services.work.read(call) { tx in try services.tenancy.organisations.get(id, tx).id }
        return .organisation(id)
    }

    private func form<Input>(
        _ call: PageCall<Input>, _ state: FormState, status: Int = 200
    ) async throws -> PageReply {
        let organisations = try await services.work.read(call) { tx in
            try call.principal.scope == .platform ? Choices(services).organisations(tx) : []
        }
        return .page(UsageImportPage(state: state, organisations: organisations).page, status: status)
    }
}

extension UsagePage.Row {
    fileprivate init(_ row: UsageRow, _ interval: UsageInterval, tenant: String, organisation: String) {
        self.init(
            period: PeriodText.name(of: row.start, interval), tenant: tenant, organisation: organisation,
            meter: row.meter.words, keySource: row.keySource?.words ?? DisplayText.nothing,
            quantity: row.meter.quantity(row.quantity), events: row.events, isLate: row.lateQuantity != 0)
    }
}
