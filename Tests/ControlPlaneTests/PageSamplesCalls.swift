import FoundationEssentials
import Kernel
import Rating
import Telephony
import Web

@testable import ControlPlane
@testable import Voice

/// Calls: records, receipts, live, dry run, completeness.
extension PageSamples {
    private static let callID = "call_01k2hb7q00000000000000000c"

    static var calls: [(name: String, page: ConsolePage)] {
        get throws {
            [
                ("calls", callList(callRows).page), ("calls-empty", callList([]).page),
                ("calls-filtered", callList([], ["direction": "outbound", "result": "refused"]).page),
                ("call", try call.page), ("call-refused", try refusedCall.page),
                ("dry-run", dryRun(nil).page), ("dry-run-allowed", dryRun(allowed).page),
                ("dry-run-refused", dryRun(refusedAnswer).page),
                (
                    "dry-run-problem",
                    dryRun(nil, errors: [.init(field: "user", message: "is no user of this tenant")]).page
                ),
                ("live-calls", liveCalls(isBusy: true).page), ("live-calls-none", liveCalls(isBusy: false).page),
                ("completeness-tenant", completeness(missing: 0).page),
                ("completeness-tenant-gap", completeness(missing: 1).page),
                ("completeness-tenant-empty", noCompleteness.page),
                ("completeness", allCompleteness(true).page), ("completeness-none", allCompleteness(false).page),
            ]
        }
    }

    // MARK: Records

    static var callRows: [CallListPage.Row] {
        func row(
            _ time: String, _ direction: String, _ parties: (String, String), _ answered: String, _ minutes: String?,
            _ result: (String, Tone, String?)
        ) -> CallListPage.Row {
            CallListPage.Row(
                callID: callID, time: "18 Nov 2026, \(time)", direction: direction, from: PhoneWords.spaced(parties.0),
                to: PhoneWords.spaced(parties.1),
                answered: answered, minutes: minutes, result: (result.0, result.1, result.2))
        }
        return [
            row("14:06:12", "Incoming", ("+49302312•••", "+43720000•••"), "2:14", "2.237", ("Answered", .ok, nil)),
            row(
                "13:58:20", "Outgoing", ("1001 as +43720000•••", "+49899999•••"), "–", "0.000", ("Busy", .neutral, nil)),
            row(
                "13:52:41", "Inside", ("1002", "+99312345•••"), "–", nil,
                ("Refused", .bad, "Nothing allows the destination.")),
            row("13:49:03", "Emergency", ("1023", "112"), "0:41", nil, ("Emergency", .warn, nil)),
            row(
                "13:44:37", "Incoming", ("", "+43720000•••"), "0:22", "0.369",
                ("Estimated", .warn, "the node was lost")),
        ]
    }

    private static func callList(_ rows: [CallListPage.Row], _ filter: [String: String] = [:]) -> CallListPage {
        CallListPage(
            place: place, rows: rows, filter: FormState(values: filter),
            proof: rows.isEmpty ? nil : "841 of 841 calls, 0 estimated",
            nextPath: rows.isEmpty ? nil : "\(place.path)/calls?cursor=1.leg",
            exportPath: FilteredPath.path("\(place.path)/calls/export", filter))
    }

    private static func leg(
        _ side: CallRecord.Leg.Side, gateway: String = "", answered: Bool = true, refusal: String = ""
    ) throws -> CallLeg {
        let id = side == .inbound ? callID : "call_01k2hb7q00000000000000000d"
        guard let call = CallID(callID), let own = CallID(id),
            let tenant = TenantID("tenant_01k2hb7q00000000000000000a"),
            let organisation = OrganisationID("org_01k2hb7q00000000000000000b"),
            let node = VoiceNodeID("node_01k2hb7q00000000000000000e"), let start = Timestamp("2026-11-18T13:06:12Z")
        else { throw Problem.notFound("sample") }
        let milliseconds: Int64 = answered ? 134_220 : 0
        return CallLeg(
            identity: CallLeg.Identity(
                id: CallLegID(own.uuid), callID: call, tenantID: tenant, organisationID: organisation, side: side,
                originatingLeg: side == .inbound ? nil : CallLegID(call.uuid)),
            metering: side == .outbound ? .metered(.outbound) : answered ? .none : .unmetered(.internal),
            callClass: "outbound",
            times: CallLeg.Times(
                started: start, answered: answered ? start.advanced(by: .seconds(8)) : nil,
                ended: start.advanced(by: .seconds(answered ? 142 : 0)), answeredMicroseconds: milliseconds * 1000,
                milliseconds: milliseconds),
            outcome: CallLeg.Outcome(
                cause: answered ? "NORMAL_CLEARING" : "OUTGOING_CALL_BARRED", causeCode: answered ? 16 : 52,
                sipStatus: answered ? 200 : 403, disposition: answered ? "recv_bye" : "send_refuse", peerCause: "",
                refusal: refusal, qualityHundredths: answered ? 441 : nil),
            parties: CallLeg.Parties(
                caller: "+43720000100", dialled: answered ? "+498999998211" : "+993123456789", destination: "",
                sipUser: side == .inbound ? "1001" : "", networkAddress: "192.0.2.7"),
            origin: CallLeg.Origin(
                nodeID: node, gateway: gateway, sipCallID: "a84b4c76e66710@192.0.2.7",
                revision: "3e9a000000000000000000000000071d", leaseID: nil, transfers: []),
            state: CallLeg.State(
                isEstimated: false, isLate: false, receivedAt: start.advanced(by: .seconds(143)), erasedAt: nil))
    }

    private static var call: CallSheet {
        get throws {
            let legs = [try leg(.inbound), try leg(.outbound, gateway: "trunk_1")]
            guard let month = BillingMonth("2026-11"), let answered = legs[1].times.answered else {
                throw Problem.notFound("sample")
            }
            let receipt = Receipt(
                Receipt.Subject(
                    tenant: legs[1].identity.tenantID, leg: legs[1].identity.id.uuid.uuidString.lowercased(),
                    month: month, from: answered, milliseconds: 134_220),
                terms: Receipt.Terms(
                    includedMilliseconds: 120_000_000, microsPerMinute: 80_000, priceBook: "2.1",
                    revision: "3e9a000000000000000000000000071d"),
                basis: .record,
                at: Receipt.Place(
                    sequence: 841, usedBefore: 119_940_000, previousHash: String(repeating: "7b1c", count: 16)))
            return CallSheet(
                place: place, legs: legs, receipts: [receipt], trunks: ["trunk_1": "Carrier Nord"],
                nodes: [legs[0].origin.nodeID: "fs1"],
                runsNodes: true)
        }
    }

    private static var refusedCall: CallSheet {
        get throws {
            CallSheet(
                place: place, legs: [try leg(.inbound, answered: false, refusal: "VOICE_DESTINATION_NOT_ALLOWED")],
                receipts: [], trunks: [:], nodes: [:], runsNodes: false)
        }
    }

    // MARK: Dry run

    private static func dryRun(
        _ answer: DryRunPage.Answer?, errors: [Problem.FieldError] = []
    ) -> DryRunPage {
        DryRunPage(
            place: place,
            form: FormState(
                values: ["origin": "user", "dialled": answer == nil ? "" : "+498999998211", "user": "1001"],
                errors: errors),
            choices: .init(
                users: [.init("1001", "1001, Reception")],
                numbers: [.init("+43720000100", "+43720000100, main line")],
                trunks: [.init("trunk_1", "Carrier Nord")]),
            answer: answer, time: "18 Nov 2026, 14:06:12")
    }

    private static var allowed: DryRunPage.Answer {
        DryRunPage.Answer(
            isAllowed: true, headline: "The call goes out.", text: "",
            facts: [
                Fact(
                    "Over, in this order",
                    text: "Carrier Nord, which is told +498999998211; Carrier Süd, which is told 498999998211"),
                Fact("The called side sees", text: PhoneWords.spaced("+43720000100")),
                Fact("Destination", text: "Germany, landline, by prefix 49"),
                Fact("Risk", text: "Low"), Fact("Price", text: "EUR 0.08 per minute beyond the included ones"),
                Fact("Granted at a time", text: "60 s"),
            ],
            steps: [
                .init(
                    name: "Destination", word: "Passed", tone: .ok,
                    sentence: "+498999998211 is Germany, landline, low risk.", fix: nil),
                .init(
                    name: "Permission", word: "Passed", tone: .ok, sentence: "The EU is allowed by default.",
                    fix: ("Permissions", "\(place.path)#permissions")),
                .init(
                    name: "Trunk", word: "Look here", tone: .warn,
                    sentence: "Nobody knows whether Carrier Süd answers.",
                    fix: ("Trunks", "\(place.path)#trunks")),
            ])
    }

    private static var refusedAnswer: DryRunPage.Answer {
        DryRunPage.Answer(
            isAllowed: false, headline: "Nothing allows calls to Turkmenistan, mobile, high risk.",
            text: "Add a permission for it, with an end where it is for a while.",
            facts: [
                Fact("Reason", code: "VOICE_DESTINATION_NOT_ALLOWED"),
                Fact("The caller gets", text: "SIP 403, cause 52"),
            ],
            steps: [
                .init(
                    name: "Permission", word: "Refused", tone: .bad,
                    sentence: "Nothing allows calls to Turkmenistan, mobile, high risk.",
                    fix: ("Permissions", "\(place.path)#permissions"))
            ])
    }

    // MARK: Live

    static func liveTable(tenant: (name: String, path: String)?) -> LiveCallTable {
        func row(
            _ id: String, _ since: String, _ parties: (String, String), isAnswered: Bool, isCurrent: Bool = true
        ) -> LiveCallTable.Row {
            LiveCallTable.Row(
                legID: id, since: since, from: PhoneWords.spaced(parties.0), to: PhoneWords.spaced(parties.1),
                side: isAnswered ? "Caller’s leg" : "Called leg", over: isAnswered ? "Carrier Nord" : "inside",
                tenant: tenant, isAnswered: isAnswered, isCurrent: isCurrent,
                actionPath: isCurrent ? "\(place.path)/live/\(id)" : nil)
        }
        return LiveCallTable(rows: [
            row("leg_01k2hb7q00000000000000000f", "2:14", ("+49302312•••", "+43720000•••"), isAnswered: true),
            row("leg_01k2hb7q00000000000000000g", "0:06", ("", "1001"), isAnswered: false),
            row(
                "leg_01k2hb7q00000000000000000h", "12:40", ("<b>1002", "+43155555•••"), isAnswered: true,
                isCurrent: false),
        ])
    }

    static func liveCard(isBusy: Bool) -> LiveCallsCard {
        LiveCallsCard(
            place: place, time: "18 Nov 2026, 14:06:12",
            calls: isBusy ? liveTable(tenant: nil) : LiveCallTable(rows: []), lines: (isBusy ? 2 : 0, 10),
            nodes: (isBusy ? 2 : 0, isBusy ? 1 : 0))
    }

    private static func liveCalls(isBusy: Bool) -> LiveCallsPage {
        LiveCallsPage(
            card: liveCard(isBusy: isBusy),
            phones: isBusy
                ? [
                    .init(
                        user: "1001", networkAddress: "192.0.2.7", userAgent: "Desk phone 3.1",
                        until: "18 Nov 2026, 15:00")
                ] : [],
            refused: isBusy
                ? [
                    .init(
                        user: "1002", from: "198.51.100.9", what: "Sign-in", reason: "Wrong secret",
                        count: 14, lastAt: "18 Nov 2026, 14:05"),
                    .init(
                        user: "", from: "198.51.100.9", what: "Call", reason: "Wrong secret", count: 1,
                        lastAt: "18 Nov 2026, 14:01"),
                ] : [],
            trunks: isBusy
                ? [
                    .init(name: "Carrier Nord", states: [("Registered", .ok), ("Not registered", .bad)]),
                    .init(name: "Carrier Süd", states: []),
                ] : [])
    }

    // MARK: Completeness

    private static func completeness(missing: Int) -> TenantCompletenessPage {
        let figures = CompletenessFigures(
            expected: 48_211, recorded: 48_211 - missing, estimated: missing, missing: missing)
        return TenantCompletenessPage(
            place: place, month: "2026-11", monthName: "November 2026",
            errors: FormState(values: ["month": "2026-11"]),
            sentence: missing == 0
                ? "48,211 of 48,211 calls, 0 estimated" : "48,210 of 48,211 calls, 1 estimated, 1 missing",
            calls: figures, legs: figures,
            gaps: CompletenessGaps(
                rows: missing == 0
                    ? []
                    : [
                        .init(
                            leg: "0b5b3f6a-2d5c-4a7e-9b0a-000000000001", began: "18 Nov 2026, 14:06:12",
                            answered: "18 Nov 2026, 14:06:20", lastSeen: "18 Nov 2026, 14:07:00", node: "fs1",
                            isLost: true)
                    ]),
            check: missing == 0
                ? nil
                : .init(
                    isSound: false, receipts: 841, milliseconds: 120_074_220, overageMilliseconds: 74_220,
                    findings: ["Receipt 12: It does not follow the receipt before it."]))
    }

    private static var noCompleteness: TenantCompletenessPage {
        let nothing = CompletenessFigures(expected: 0, recorded: 0, estimated: 0, missing: 0)
        return TenantCompletenessPage(
            place: place, month: "2026-11", monthName: "November 2026",
            errors: FormState(
                values: ["month": "x"],
                errors: [.init(field: "month", message: "must be a month, for example 2026-11")]),
            sentence: nil, calls: nothing, legs: nothing, gaps: CompletenessGaps(rows: []), check: nil)
    }

    private static func allCompleteness(_ isFull: Bool) -> CompletenessPage {
        CompletenessPage(
            month: FormState(values: ["month": "2026-11"]),
            rows: isFull
                ? [
                    .init(
                        tenant: "Kundenservice", path: "\(place.path)/completeness?month=2026-11",
                        sentence: "48,211 of 48,211 calls, 0 estimated",
                        figures: .init(expected: 48_211, recorded: 48_211, estimated: 0, missing: 0)),
                    .init(
                        tenant: "Netz", path: "/tenants/tenant_2/voice/completeness?month=2026-11",
                        sentence: "11 of 12 calls, 1 estimated",
                        figures: .init(expected: 12, recorded: 11, estimated: 1, missing: 0)),
                ] : [],
            runs: isFull
                ? [
                    .init(
                        node: "fs1", from: "1 Nov 2026, 00:00", until: "18 Nov 2026, 14:06", highest: 98_010,
                        known: 97_412)
                ] : nil)
    }
}
