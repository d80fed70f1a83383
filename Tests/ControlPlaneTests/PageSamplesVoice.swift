import Foundation
import Kernel
import Postgres
import Rating
import Telephony
import Voice
import Web

@testable import ControlPlane

/// Voice.
extension PageSamples {
    static let place = VoicePlace(id: tenantID, name: "Kundenservice")
    private static let userID = "sipuser_01k2hb7q00000000000000000a"

    static var voice: [(name: String, page: ConsolePage)] {
        get throws {
            [
                ("voice", voiceList.page),
                ("voice-none", VoiceListPage(rows: [], nextPath: nil, seesNodes: false).page),
                ("tenant-voice", try voicePage(.everything, isFull: true).page),
                ("tenant-voice-own", try voicePage(.own, isFull: true).page),
                ("tenant-voice-viewer", try voicePage(.nothing, isFull: false).page),
                ("tenant-voice-off", voiceOff(.off).page),
                (
                    "tenant-voice-not-included",
                    voiceOff(.notIncluded("Solution Partners get voice by order form. Add one to the contract.")).page
                ),
                ("voice-domain", domain), ("voice-user", user), ("voice-user-refused", refusedUser),
                ("voice-secret", secret.page), ("voice-number-history", history(of: "+43720000100").page),
                ("voice-settings-tried", triedSettings),
                ("voice-fraud", try fraud(isFull: true).page), ("voice-fraud-none", try fraud(isFull: false).page),
                ("voice-fraud-sign", try fraudSign.page), ("minute-pool", try pool(minutes: 5_000).page),
                ("minute-pool-none", try pool(minutes: nil).page), ("voice-revisions", revisions.page),
                ("voice-revision", revision.page),
            ]
        }
    }

    private static var voiceList: VoiceListPage {
        VoiceListPage(
            rows: [
                .init(
                    id: tenantID, tenant: "Kundenservice", organisation: "Stadtwerke Demo",
                    domain: "kundenservice.sip.example", country: "Austria", since: "4 Jun 2026")
            ], nextPath: nil, seesNodes: true)
    }

    private static func voiceOff(_ reason: VoiceOffPage.Reason) -> VoiceOffPage {
        VoiceOffPage(
            place: place, reason: reason, programs: VoicePrograms.rows(present: .solution), maySwitchOn: true,
            contractsPath: "/organisations/\(organisationID)")
    }

    private static func minutes() throws -> VoiceMinutesCard {
        let byDay: [Int64] = [52, 96, 101, 92, 98, 104, 48, 44, 97, 88, 95, 103, 91, 46, 42, 99, 90, 84]
        guard let month = BillingMonth("2026-11") else { throw Problem.notFound("month") }
        var allotment = Allotment()
        allotment.includedMilliseconds = 2_000 * 60_000
        allotment.overageMicrosPerMinute = 80_000
        let used = byDay.reduce(0, +) * 60_000
        return VoiceMinutesCard(
            month: month.display, usedMilliseconds: used, includedMilliseconds: allotment.includedMilliseconds,
            forecast: Forecast(
                used: used, month: month,
                now: Timestamp(microseconds: ViennaTime.instant(month.firstDay.adding(days: 17), hour: 18)),
                allotment: allotment), minutePrice: Rate(micros: 80_000),
            days: (1...30).map { .init($0 == 1 || $0.isMultiple(of: 5) ? "\($0)" : "", name: "\($0) Nov") },
            byDay: byDay.map { $0 * 60_000 })
    }

    private static func section(
        _ title: String, _ columns: [String], _ rows: [[HTML]], isFull: Bool, lede: HTML? = nil
    ) -> VoiceSection {
        let path = "\(place.path)/\(title.lowercased())"
        return VoiceSection(
            title: title, add: "Add \(title.lowercased().dropLast())", addPath: isFull ? "\(path)/new" : nil,
            columns: columns.map { .init($0) },
            rows: isFull
                ? rows.enumerated().map { .init(path: "\(path)/\($0)", name: "\(title) \($0)", cells: $1) } : [],
            empty: ("None yet", "What one is for."), lede: lede)
    }

    private static func voicePage(_ rights: VoiceTenantPage.Rights, isFull: Bool) throws -> VoiceTenantPage {
        VoiceTenantPage(
            place: place,
            present: .init(
                bar: isFull ? nil : "The tenant is suspended.", closed: isFull ? 1 : 0,
                live: liveCard(isBusy: isFull), recent: isFull ? callRows : []),
            minutes: isFull ? try minutes() : nil,
            domain: [Fact("Domain", code: "kundenservice.sip.example"), Fact("Country", text: "Austria")],
            setUp: setUp(isFull: isFull),
            limits: [Fact("At the same time", text: "5 calls"), Fact("Calls out in a day", text: "EUR 20.00")],
            atEnd: .init(value: "overage", price: "0.08 per minute beyond, pro rata to the millisecond", revision: 1),
            rights: rights, domainRevision: 2)
    }

    private static func setUp(isFull: Bool) -> VoiceTenantPage.SetUp {
        VoiceTenantPage.SetUp(
            numbers: section(
                "Numbers", ["Number", "Routes to", "State"],
                [
                    ["+43 720000 100\(HTML.sub("main line"))", "Agent outage-hotline", .pill("Active", .ok)],
                    ["+43 720000 190\(HTML.sub("<b>old</b>"))", "not routed", .pill("Resting", .info)],
                ], isFull: isFull),
            trunks: section(
                "Trunks", ["Trunk", "May call in from", "State"],
                [
                    [
                        "Carrier Nord\(HTML.sub("sip.carrier-nord.example, by address"))",
                        .pill("Nobody gets in", .warn), .pill("Answers", .ok),
                    ]
                ], isFull: isFull, lede: "Nobody can call in over Carrier Nord: the list of allowed networks is empty."),
            users: section(
                "Users", ["User", "Name", "State"], [["1001", "Reception", .pill("Registered", .ok)]], isFull: isFull),
            groups: section("Groups", ["Group", "Members"], [["desk", "1001"]], isFull: isFull),
            schedules: section("Schedules", ["Schedule", "Open"], [["Office", "Mon, Tue"]], isFull: isFull),
            sites: section(
                "Sites", ["Site", "Address", "State"], [["Hafen", "Kai 1, 1020 Wien", .pill("Not verified", .warn)]],
                isFull: isFull),
            permissions: section(
                "Permissions", ["Destinations", "For", "Calls"],
                [["Italy, mobile", "The whole tenant", .pill("Allowed", .ok)]], isFull: isFull))
    }

    private static var domain: ConsolePage {
        VoiceDomainRoutes.page(
            place,
            FormState(
                values: ["domain": "kundenservice", "country": "AT", "revision": "2"],
                errors: [.init(field: "domain", message: "must be a host name of at least two labels")]), isOn: true)
    }

    private static let userSections = [
        Form.Section(
            "User", "A phone or softphone that registers.",
            [
                Field("name", "User name", hint: "Also its extension, for example 1001."),
                Field("display_name", "Name"), Field("enabled", "Enabled", .check),
            ])
    ]

    private static var user: ConsolePage {
        VoiceItemPage(
            place: place, kind: ("users", "user"),
            item: .init(
                id: userID, name: "Reception", revision: 3,
                notices: ["The stored secret cannot be read any more."],
                beside: VoiceStepCard(
                    title: "Secret", facts: [Fact("Address", code: "1001@kundenservice.sip.example")],
                    path: "\(place.path)/users/\(userID)", revision: 3,
                    steps: [.init(path: "rotate", verb: "New secret", effect: "Shown once.")]
                ).html),
            state: FormState(values: [
                "name": "1001", "display_name": "Reception", "enabled": "true", "revision": "3",
            ]), sections: userSections
        ).page
    }

    private static var refusedUser: ConsolePage {
        VoiceItemPage(
            place: place, kind: ("users", "user"), item: nil,
            state: FormState(
                values: ["name": "1 0"],
                errors: [.init(field: "name", message: "must have 1 to 32 of the characters a-z 0-9 . _ -")]),
            sections: userSections
        ).page
    }

    private static var secret: VoiceSecretPage {
        VoiceSecretPage(
            place: place, userID: userID, userName: "1001", address: "1001@kundenservice.sip.example",
            domain: "kundenservice.sip.example", secret: "not-a-real-secret", oldUntil: "28 Nov 2026, 12:00")
    }

    private static func history(of number: String) -> NumberHistoryPage {
        NumberHistoryPage(
            place: place, number: number,
            entries: [
                TimelineEntry(
                    "Resting", time: "18 Nov 2026, 10:00 · Kim Beispiel", text: "line is not needed", tone: .info),
                TimelineEntry("Active", time: "4 Jun 2026, 09:00 · Kim Beispiel", tone: .ok),
            ])
    }

    private static func sign(_ state: String, _ sentence: String) throws -> FraudSignResource {
        let json: JSON = [
            "fraudSignID": "fraud_01k2hb7q00000000000000000a", "tenantID": "tenant_01k2hb7q00000000000000000a",
            "organisationID": "org_01k2hb7q00000000000000000a", "day": "2026-11-18", "kind": "new_destination",
            "state": .string(state), "country": "CU", "observed": 40, "threshold": 1, "sentence": .string(sentence),
            "blockUntil": "2026-11-19T10:00:00Z", "openUntil": "2026-11-18T18:00:00Z",
            "blockEndedAt": "2026-11-18T12:00:00Z", "openedBy": "Kim Beispiel", "openReason": "it was <us>",
            "revision": 2, "createdAt": "2026-11-18T10:00:00Z", "updatedAt": "2026-11-18T10:00:00Z",
        ]
        return try JSONText(json.canonicalBytes).decoded()
    }

    private static func fraud(isFull: Bool) throws -> VoiceFraudPage {
        let sentence = "40 calls to Cuba, landline, elevated risk, never called before."
        return VoiceFraudPage(
            place: place,
            signs: isFull ? try ["blocked", "open", "ended", "recorded"].map { try sign($0, sentence) } : [],
            proposals: isFull
                ? [
                    .init(
                        destination: "United States, mobile", sentence: "4 calls were refused on 3 days.",
                        last: "18 Nov 2026, 10:00", hidden: [("country", "US"), ("destination_kind", "mobile")])
                ] : [], response: isFull ? .block : .record, mayEdit: isFull, mayOpen: isFull, nextPath: nil)
    }

    private static var fraudSign: VoiceFraudSignPage {
        get throws {
            VoiceFraudSignPage(
                place: place, sign: try sign("blocked", "40 calls to Cuba, never called before."),
                state: FormState(
                    values: ["revision": "2"],
                    errors: [.init(field: "reason", message: "must have 1 to 1000 characters")]))
        }
    }

    private static func pool(minutes: Int64?) throws -> MinutePoolPage {
        let json: JSON = [
            "organisationID": "org_01k2hb7q00000000000000000a", "minutes": minutes.map(JSON.integer) ?? .null,
            "month": "2026-11", "usedMs": 120_000_000, "reservedMs": 30_000_000,
            "leftMs": minutes.map { .integer($0 * 60_000 - 150_000_000) } ?? .null,
            "revision": 1,
        ]
        return MinutePoolPage(
            organisationID: organisationID, name: "Stadtwerke Demo", pool: try JSONText(json.canonicalBytes).decoded(),
            month: "November 2026", state: FormState(values: ["minutes": minutes.map { "\($0)" } ?? ""]), mayEdit: true)
    }

    /// The form of the limits with what they would have done.
    private static var triedSettings: ConsolePage {
        var routing = TenantPlan.Routing()
        routing.trunks = [
            Trunk(
                id: id(2), displayName: "Carrier", proxy: "carrier.example", identification: .address,
                allowedAddresses: [], use: Trunk.Use())
        ]
        let present = TenantPlan(
            TenantPlan.Identity(tenantID: id(9), organisationID: id(8), domain: "a.example", country: .austria),
            routing: routing)
        var policy = present.policy
        policy.limits.concurrentCalls = 0
        var whatIf = WhatIf(present: present, changed: present.with(policy))
        let start = Timestamp("2026-11-18T10:00:00Z") ?? Timestamp(seconds: 0)
        if let number = E164("+4930123456") {
            whatIf.add(
                RecordedCall(
                    id: "leg_01k2hb7q00000000000000000a", origin: .agent(number: nil), dialled: "\(number)",
                    destination: DestinationTable.standard.destination(of: number), startedAt: start,
                    answeredAt: start, milliseconds: 90_000))
        }
        let result = TriedResult(
            from: start.advanced(by: .seconds(-30 * 86_400)), until: start.advanced(by: .seconds(3600)),
            isComplete: false, whatIf: whatIf)
        let card = VoiceTrialCard(WhatIfResource(id(9), result)).html
        return VoiceSettingsRoutes.page(
            place, FormState(values: ["concurrent_calls": "0", "at_end": "block", "revision": "2"]), above: card)
    }

    private static func id<Kind>(_ byte: UInt8) -> ID<Kind> {
        ID(UUID(uuid: (byte, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte)))
    }

    private static var revisions: VoiceRevisionsPage {
        VoiceRevisionsPage(
            place: place,
            rows: [
                .init(
                    revision: "3e9a000000000000000000000000071d", time: "18 Nov 2026, 10:00", isPresent: true),
                .init(
                    revision: "7b1c000000000000000000000000042a", time: "4 Jun 2026, 09:00", isPresent: false),
            ], nextPath: nil)
    }

    private static var revision: VoiceRevisionPage {
        VoiceRevisionPage(
            place: place, revision: "3e9a000000000000000000000000071d", previous: "7b1c000000000000000000000000042a",
            time: "18 Nov 2026, 10:00",
            changes: [
                .init(
                    place: "directory.users[\(userID)].displayName", before: #""Desk""#, after: #""Reception <2>""#),
                .init(place: "limits.concurrentCalls", before: nil, after: "10"),
            ])
    }
}
