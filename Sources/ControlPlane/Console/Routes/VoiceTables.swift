import Billing
import Kernel
import Postgres
import Rating
import Telephony
import Tenancy
import Voice
import Web

/// The minutes of the running month from the metered sums.
enum VoiceMonth {
    static func card(
        of id: TenantID, _ terms: VoiceLinks.Terms?, _ settings: VoiceSettings, now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws -> VoiceMinutesCard {
        let month = BillingMonth.present(at: now)
        var filter = UsageFilter(month: month)
        filter.tenantID = id
        filter.meter = .voice
        let points = try UsageReportStore.points(filter, tx)
        var byDay = [Int64](repeating: 0, count: CalendarDate.today(at: now).day)
        for point in points {
            guard let day = ViennaTime.date(at: point.start.microseconds)?.day, day <= byDay.count else { continue }
            byDay[day - 1] += point.quantity
        }
        var allotment = Allotment()
        allotment.includedMilliseconds = terms?.includedMilliseconds
        allotment.overageMicrosPerMinute = terms?.overageMicrosPerMinute ?? 0
        allotment.capMilliseconds = settings.capMilliseconds
        allotment.atEnd = settings.atEnd
        let used = points.reduce(0) { $0 + $1.quantity }
        var card = VoiceMinutesCard(
            month: month.display, usedMilliseconds: used, includedMilliseconds: terms?.includedMilliseconds,
            forecast: Forecast(used: used, month: month, now: now, allotment: allotment),
            minutePrice: Rate(micros: allotment.overageMicrosPerMinute),
            days: (1...month.lastDay.day).map { day in
                BarChart.Category(
                    day == 1 || day.isMultiple(of: 5) ? "\(day)" : "", name: "\(day) \(month.shortDisplay)")
            }, byDay: used == 0 ? [] : byDay)
        card.warning = AllotmentWarning(used: used, of: allotment)
        return card
    }
}

/// What the voice view lists, in words.
struct VoiceTables: Sendable {
    let choices: VoiceChoices
    let rights: VoiceTenantPage.Rights
    let now: Timestamp
    /// What nodes say of each trunk's gateway.
    let gateways: [TrunkID: [String]]
    /// Users whose phones can be reached; `nil` while no node can be asked.
    let registered: Set<String>?

    init(
        _ services: ConsoleServices, _ choices: VoiceChoices, _ domain: SIPDomain, at instance: InstanceID,
        rights: VoiceTenantPage.Rights, now: Timestamp
    ) {
        (self.choices, self.rights, self.now) = (choices, rights, now)
        let nodes = services.telephony.calls.nodes
        gateways = Dictionary(
            choices.trunks.map(\.stored.value.id).map { ($0, Set(nodes.gateway("\($0)").values).sorted()) },
            uniquingKeysWith: { first, _ in first })
        registered =
            nodes.serving(instance).contains(where: \.isConnected)
            ? Set(nodes.registrations(in: domain.name, at: instance).map(\.address.user)) : nil
    }

    private var mayEdit: Bool { rights != .nothing }

    private func add(_ kind: String) -> String? { mayEdit ? "\(choices.place.path)/\(kind)/new" : nil }

    private func edit(_ kind: String, _ id: some CustomStringConvertible) -> String? {
        mayEdit ? "\(choices.place.path)/\(kind)/\(id)" : nil
    }

    var numbers: VoiceSection {
        var section = VoiceSection(
            title: "Numbers", add: "Add number", addPath: rights == .everything ? add("numbers") : nil,
            columns: [.init("Number"), .init("Routes to"), .init("State")],
            rows: choices.numbers.map { record in
                let number = record.number
                let routes = number.routes.map(choices.words).joined(separator: ", then ")
                let history = "\(choices.place.path)/numbers/\(number.id)/history"
                return .init(
                    path: edit("numbers", number.id), name: "\(number.e164)",
                    cells: [
                        #"<span class="nowrap">\#(PhoneWords.spaced("\(number.e164)"))</span>\#(HTML.sub(number.displayName))"#,
                        "\(routes.isEmpty ? "not routed" : routes)",
                        #"<a href="\#(history)">\#(HTML.pill(record.state.label, record.state.tone))</a>"#,
                    ])
            }, empty: ("No number yet", "A number is where callers reach this tenant, and what it calls with."))
        if rights == .own { section.lede = "Whoever manages this tenant enters its numbers; they are routed here." }
        return section
    }

    var trunks: VoiceSection {
        let closed = choices.trunks.filter { $0.stored.value.allowedAddresses.isEmpty }
        var section = VoiceSection(
            title: "Trunks", add: "Add trunk", addPath: add("trunks"),
            columns: [.init("Trunk"), .init("May call in from"), .init("State")],
            rows: choices.trunks.map { view in
                let trunk = view.stored.value
                let kind = "\(trunk.proxy), \(trunk.registration == nil ? "by address" : "registers")"
                let allowed: HTML =
                    trunk.allowedAddresses.isEmpty
                    ? .pill("Nobody gets in", .warn) : "\(trunk.allowedAddresses.joined(separator: ", "))"
                return .init(
                    path: edit("trunks", trunk.id), name: trunk.displayName,
                    cells: ["\(trunk.displayName)\(HTML.sub(kind))", allowed, state(view)])
            }, empty: ("No trunk yet", "Without a trunk there are only calls inside."))
        if !closed.isEmpty {
            let names = closed.map(\.stored.value.displayName).joined(separator: ", ")
            section.lede = "Nobody can call in over \(names): the list of allowed networks is empty."
        }
        return section
    }

    /// What nodes say of it, where they say something.
    private func state(_ view: TrunkView) -> HTML {
        let trunk = view.stored.value
        guard view.secretLoss == nil else { return .pill("Secret needed", .bad) }
        guard trunk.use.isEnabled else { return .pill("Off", .neutral) }
        let states: [HTML] = (gateways[trunk.id] ?? []).map(GatewayWords.state).map { .pill($0.word, $0.tone) }
        return states.isEmpty ? .pill("Enabled", .ok) : states.joined(separator: " ")
    }

    private func state(_ user: SIPUser) -> HTML {
        guard user.isEnabled else { return .pill("Off", .neutral) }
        guard let registered else { return .pill("Enabled", .ok) }
        return registered.contains(user.name) ? .pill("Registered", .ok) : .pill("Not registered", .neutral)
    }

    var users: VoiceSection {
        VoiceSection(
            title: "Users", add: "Add user", addPath: add("users"),
            columns: [.init("User"), .init("Name"), .init("Site", isOptional: true), .init("State")],
            rows: choices.users.map { user in
                .init(
                    path: edit("users", user.id), name: user.name,
                    cells: [
                        "\(user.name)", "\(user.displayName)",
                        "\(DisplayText.orNothing(choices.name(of: user.siteID)))",
                        state(user),
                    ])
            }, empty: ("No user yet", "A user is a phone or a softphone that registers."))
    }

    var groups: VoiceSection {
        VoiceSection(
            title: "Groups", add: "Add group", addPath: add("groups"),
            columns: [.init("Group"), .init("Members"), .init("Rings", isOptional: true)],
            rows: choices.groups.map { group in
                let members = group.members.compactMap { choices.name(of: $0) }.joined(separator: ", ")
                return .init(
                    path: edit("groups", group.id), name: group.name,
                    cells: [
                        "\(group.name)\(HTML.sub(group.displayName))", "\(DisplayText.orNothing(members))",
                        group.strategy == .simultaneous ? "all at once" : "one after the other",
                    ])
            }, empty: ("No group yet", "A group lets several users ring for one number."))
    }

    var schedules: VoiceSection {
        VoiceSection(
            title: "Schedules", add: "Add schedule", addPath: add("schedules"),
            columns: [.init("Schedule"), .init("Open"), .init("Time zone", isOptional: true)],
            rows: choices.schedules.map { schedule in
                let days = Set(schedule.hours.map(\.weekday)).sorted().map {
                    String(VoiceScheduleRoutes.weekdays[($0 - 1) % 7].prefix(3))
                }
                return .init(
                    path: edit("schedules", schedule.id), name: schedule.displayName,
                    cells: [
                        "\(schedule.displayName)", days.isEmpty ? "never" : "\(days.joined(separator: ", "))",
                        "\(schedule.timeZone)",
                    ])
            }, empty: ("No schedule yet", "A schedule says when a route of a number applies."))
    }

    var sites: VoiceSection {
        VoiceSection(
            title: "Sites", add: "Add site", addPath: add("sites"),
            columns: [.init("Site"), .init("Address"), .init("State")],
            rows: choices.sites.map { site in
                .init(
                    path: edit("sites", site.id), name: site.displayName,
                    cells: [
                        "\(site.displayName)", "\(site.address)",
                        site.verifiedAt == nil ? .pill("Not verified", .warn) : .pill("Verified", .ok),
                    ])
            }, empty: ("No site yet", "A site tells the emergency centre where a caller is."))
    }

    func permissions(_ rules: [DialRule]) -> VoiceSection {
        var section = VoiceSection(
            title: "Permissions", add: "Add permission", addPath: add("permissions"),
            columns: [.init("Destinations"), .init("For"), .init("Reason", isOptional: true), .init("Calls")],
            rows: rules.map { rule in
                .init(
                    path: edit("permissions", rule.id), name: rule.permission.destinations.words,
                    cells: [
                        "\(rule.permission.destinations.words)", "\(place(rule.permission.scope))",
                        "\(DisplayText.orNothing(rule.reason))", state(rule.permission),
                    ])
            },
            empty: (
                "Only the defaults", "A permission allows or denies destinations beyond them, for a time if you like."
            ))
        section.lede =
            "By default: landline, mobile and toll-free numbers of the tenant’s country and the EU."
        return section
    }

    private func place(_ scope: DialPermission.Scope) -> String {
        switch scope {
        case .tenant: "The whole tenant"
        case .site(let id): "Site \(choices.name(of: id) ?? DisplayText.nothing)"
        case .user(let id): "User \(choices.name(of: id) ?? DisplayText.nothing)"
        }
    }

    private func state(_ permission: DialPermission) -> HTML {
        if let end = permission.expiresAt, end <= now { return .pill("Expired", .neutral) }
        let until: HTML = permission.expiresAt.map { .sub("until \(DisplayText.minute($0))") } ?? ""
        return "\(HTML.pill(permission.isAllowed ? "Allowed" : "Denied", permission.isAllowed ? .ok : .bad))\(until)"
    }

    func domainFacts(_ domain: SIPDomain) -> [Fact] {
        [
            Fact("Domain", code: domain.name),
            Fact("Country", text: Telephony.Country.with(domain.country)?.name ?? domain.country.code),
            Fact(
                "Users",
                text: DisplayText.count(choices.users.count)
                    + (registered.map { ", \(DisplayText.count($0.count)) registered now" } ?? "")),
            Fact("Emergency", text: "always routed, recorded, never metered"),
        ]
    }

    func limitFacts(_ settings: VoiceSettingsResource) -> [Fact] {
        let byKind = settings.concurrentByKind.sorted { $0.key < $1.key }
            .map { "\(DisplayText.words($0.key)) \($0.value)" }
        func amount(_ text: String?) -> String { text.map { "at most EUR \(DisplayText.decimal($0))" } ?? "no bound" }
        return [
            Fact("At the same time", text: "at most \(DisplayText.count(settings.concurrentCalls, "call"))"),
            Fact("By kind", text: byKind.joined(separator: ", ")),
            Fact("New calls out", text: "\(settings.callsPerSecond) in a second"),
            Fact("Longest call", text: DisplayText.count(settings.longestCallSeconds / 60, "minute")),
            Fact("To one number", text: "\(settings.sequentialCalls) in an hour"),
            Fact("Spent on calls out", text: "\(amount(settings.dailySpend)) in a day"),
            Fact("At risk at any moment", text: amount(settings.exposure)),
            Fact("Dearest minute", text: amount(settings.dearestPerMinute)),
            Fact("A sign of fraud", text: settings.onFraudSign == .block ? "closes the destination" : "is noted"),
            Fact("Own bound of a month", text: settings.capMinutes.map { "\(DisplayText.count($0)) min" } ?? "none"),
        ]
    }
}
