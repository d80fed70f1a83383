import Kernel
import Web

@testable import ControlPlane

/// Nodes and what they could not deliver.
extension PageSamples {
    private static let nodeID = "node_01k2hb7q00000000000000000e"
    private static let recordID = "quarantine_01k2hb7q00000000000000000j"

    static var nodes: [(name: String, page: ConsolePage)] {
        [
            ("voice-nodes", nodeList(isFull: true).page), ("voice-nodes-none", nodeList(isFull: false).page),
            ("voice-node", node(isRetired: false).page), ("voice-node-retired", node(isRetired: true).page),
            ("voice-node-new", nodeForm(instances: [.init("inst_1", "Shared platform")]).page),
            ("voice-node-no-instance", nodeForm(instances: []).page), ("voice-node-edit", nodeEdit.page),
            (
                "voice-node-secrets",
                NodeSecretsPage(
                    id: nodeID, name: "fs1", configurationSecret: "not-a-real-secret",
                    recordsSecret: "nor-is-this-one", baseURL: "https://control.example"
                ).page
            ),
            ("quarantine", quarantine(isFull: true).page), ("quarantine-none", quarantine(isFull: false).page),
            ("quarantine-record", quarantined(nil).page),
            ("quarantine-body", quarantined("{\"variables\":{\"tenant_id\":\"<script>\"").page),
        ]
    }

    private static let connected = NodeState(word: "Connected", tone: .ok, note: "since 18 Nov 2026, 09:00")

    private static func nodeList(isFull: Bool) -> NodeListPage {
        NodeListPage(
            rows: isFull
                ? [
                    .init(
                        id: nodeID, name: "fs1", instance: "Shared platform", state: connected,
                        lastSeen: "18 Nov 2026, 14:06", calls: 3, phones: 214),
                    .init(
                        id: "node_2", name: "fs2", instance: "Shared platform",
                        state: .init(
                            word: "Cannot be asked", tone: .bad,
                            note: "no event socket that knows the password was reached, since 18 Nov 2026, 13:51"),
                        lastSeen: "18 Nov 2026, 13:51", calls: 0, phones: 0),
                ] : [], waiting: isFull ? "12 records" : nil, nextPath: nil)
    }

    private static func node(isRetired: Bool) -> NodePage {
        NodePage(
            id: nodeID, name: "fs1",
            state: isRetired ? NodeState(word: "Retired", tone: .neutral, note: nil) : connected,
            isRetired: isRetired, revision: 3,
            facts: [
                Fact("Instance", text: "Shared platform"), Fact("Last asked us", text: "18 Nov 2026, 14:06"),
                Fact("Sessions", text: "3 now, 98,010 since its start"), Fact("Version", text: "1.11.0"),
            ],
            setUp: [
                Fact("Calls itself", code: "fs1"), Fact("Event socket", text: "10.1.2.3:8021"),
                Fact("Ports", text: "5060 for phones, 5080 for carriers"),
            ],
            calls: isRetired
                ? LiveCallTable(rows: []) : liveTable(tenant: ("Kundenservice", "\(place.path)/live")),
            gateways: isRetired
                ? []
                : [
                    .init(name: "Carrier Nord", tenant: "Kundenservice", state: ("Registered", .ok)),
                    .init(name: "trunk_01k2hb7q00000000000000000m", tenant: nil, state: ("Not registered", .bad)),
                ],
            phones: isRetired
                ? []
                : [
                    .init(
                        address: "1001@kundenservice.sip.example", networkAddress: "192.0.2.7",
                        userAgent: "Desk phone 3.1", until: "18 Nov 2026, 15:00")
                ])
    }

    private static func nodeForm(instances: [Field.Choice]) -> NodeFormPage {
        NodeFormPage(
            node: nil,
            state: FormState(
                values: ["phone_port": "5060", "trunk_port": "5080", "emergency_numbers": "112"],
                errors: instances.isEmpty ? [] : [.init(field: "name", message: "must have 1 to 32 lower-case letters")]
            ),
            instances: instances)
    }

    private static var nodeEdit: NodeFormPage {
        NodeFormPage(
            node: (nodeID, "fs1"),
            state: FormState(values: [
                "switchname": "fs1", "phone_port": "5060", "trunk_port": "5080", "emergency_numbers": "112, 144",
                "event_host": "10.1.2.3", "event_port": "8021", "revision": "3",
            ]), instances: [])
    }

    private static func quarantine(isFull: Bool) -> QuarantinePage {
        QuarantinePage(
            filter: FormState(values: ["state": "open"]),
            rows: isFull
                ? [
                    .init(
                        id: recordID, received: "18 Nov 2026, 14:06:12", node: "fs1", reason: "Unknown tenant",
                        detail: "Nothing in the record says which tenant the leg belongs to.",
                        state: ("Waiting", .warn),
                        times: 3)
                ] : [], nextPath: nil)
    }

    private static func quarantined(_ body: String?) -> QuarantinedRecordPage {
        QuarantinedRecordPage(
            id: recordID, received: "18 Nov 2026, 14:06:12", reason: "Unknown tenant",
            detail: "Nothing in the record says which tenant the leg belongs to.",
            state: body == nil ? ("Waiting", .warn) : ("Discarded", .neutral), isOpen: body == nil,
            facts: [Fact("Node", text: "fs1"), Fact("Delivered", text: "3 times")], body: body, isCut: body != nil)
    }
}
