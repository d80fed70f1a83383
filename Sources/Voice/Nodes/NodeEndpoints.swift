import Kernel
import Telephony
import Tenancy
import Web

struct NodePath: Codable, Sendable {
    let voiceNodeID: VoiceNodeID
}

struct ListNodes: Codable, Sendable {
    let instanceID: InstanceID?
    let state: VoiceNode.State?
    let limit: PageLimit?
    let cursor: String?

    var filter: NodeFilter {
        var filter = NodeFilter()
        filter.instanceID = instanceID
        filter.state = state
        return filter
    }
}

struct CreateNode: Codable, Sendable {
    let instanceID: InstanceID
    let name: String
    let switchname: String?
    let eventSocket: NodeResource.EventSocket?
    let settings: NodeSettingsResource?
    let validateOnly: Bool?

    var changes: NodeChanges { NodeChanges(switchname, eventSocket, settings) }
}

struct UpdateNode: Codable, Sendable {
    let voiceNodeID: VoiceNodeID
    let switchname: String?
    let eventSocket: NodeResource.EventSocket?
    let settings: NodeSettingsResource?
    let validateOnly: Bool?

    var changes: NodeChanges { NodeChanges(switchname, eventSocket, settings) }
}

extension NodeChanges {
    fileprivate init(
        _ switchname: String?, _ socket: NodeResource.EventSocket?, _ settings: NodeSettingsResource?
    ) {
        self.init()
        self.switchname = switchname
        eventSocket = socket.map { VoiceNode.EventSocket(host: $0.host, port: $0.port) }
        self.settings = settings?.settings
    }
}

/// The operations on nodes, for who holds `voice.node`.
package func nodeEndpoints(_ nodes: NodeService, _ directory: NodeDirectory, _ work: UnitOfWork) -> [Endpoint] {
    nodeReading(nodes, work) + nodeChanging(nodes, directory, work) + nodeSecrets(nodes, directory, work)
}

private let tag = "Voice nodes"

private func nodeReading(_ nodes: NodeService, _ work: UnitOfWork) -> [Endpoint] {
    [
        Endpoint(
            .get, "/v1/voice/nodes", "List voice nodes", tag: tag, requires: .permission(.voiceNode)
        ) { (call: Call<ListNodes>) in
            let page = PageRequest(limit: call.input.limit?.count, cursor: call.input.cursor)
            return try await work.read(call) { tx in
                try nodes.list(call.input.filter, page, tx).map { NodeResource($0) }
            }
        },

        Endpoint(
            .get, "/v1/voice/nodes/{voice_node_id}", "Get a voice node", tag: tag, requires: .permission(.voiceNode)
        ) { (call: Call<NodePath>) in
            try await work.read(call) { tx in NodeResource(try nodes.get(call.input.voiceNodeID, tx)) }
        },
    ]
}

private func nodeChanging(_ nodes: NodeService, _ directory: NodeDirectory, _ work: UnitOfWork) -> [Endpoint] {
    [
        Endpoint(
            .post, "/v1/voice/nodes", "Register a voice node; the answer shows its secrets once", tag: tag,
            requires: .permission(.voiceNode)
        ) { (call: Call<CreateNode>) in
            let input = call.input
            let reply = try await work.perform(
                call, validateOnly: input.validateOnly, storing: NodeResource.withoutSecrets
            ) { tx, actor in
                let issued = try nodes.create(named: input.name, at: input.instanceID, input.changes, tx, actor)
                return NodeResource(issued.node, secrets: input.validateOnly == true ? nil : issued.secrets)
            }
            await directory.refreshAfterChange()
            return reply
        }
        .status(201).failing("NODE_NAME_TAKEN", "NODE_SWITCHNAME_TAKEN", "INSTANCE_RETIRED"),

        Endpoint(
            .patch, "/v1/voice/nodes/{voice_node_id}", "Change a voice node", tag: tag,
            requires: .permission(.voiceNode)
        ) { (call: Call<UpdateNode>) in
            let input = call.input
            let reply = try await work.perform(call, validateOnly: input.validateOnly) { tx, actor in
                NodeResource(
                    try nodes.update(input.voiceNodeID, input.changes, expecting: .header(call.ifMatch), tx, actor))
            }
            await directory.refreshAfterChange()
            return reply
        }
        .comparingState().failing("NODE_SWITCHNAME_TAKEN"),
    ]
}

private func nodeSecrets(_ nodes: NodeService, _ directory: NodeDirectory, _ work: UnitOfWork) -> [Endpoint] {
    [
        Endpoint(
            .post, "/v1/voice/nodes/{voice_node_id}:rotate",
            "Give a voice node new secrets; the answer shows them once",
            tag: tag, requires: .permission(.voiceNode)
        ) { (call: Call<NodePath>) in
            let reply = try await work.perform(call, storing: NodeResource.withoutSecrets) { tx, actor in
                let issued = try nodes.rotate(call.input.voiceNodeID, expecting: .header(call.ifMatch), tx, actor)
                return NodeResource(issued.node, secrets: issued.secrets)
            }
            await directory.refreshAfterChange()
            return reply
        }
        .comparingState().failing("NODE_RETIRED")
        .described("The secrets of before go on working until the next rotation or until they are forgotten."),

        Endpoint(
            .post, "/v1/voice/nodes/{voice_node_id}:forget_earlier_secrets",
            "End the secrets of before the last rotation", tag: tag, requires: .permission(.voiceNode)
        ) { (call: Call<NodePath>) in
            let reply = try await work.perform(call) { tx, actor in
                NodeResource(
                    try nodes.forgetEarlier(call.input.voiceNodeID, expecting: .header(call.ifMatch), tx, actor))
            }
            await directory.refreshAfterChange()
            return reply
        }
        .comparingState(),

        Endpoint(
            .post, "/v1/voice/nodes/{voice_node_id}:retire", "Retire a voice node", tag: tag,
            requires: .permission(.voiceNode)
        ) { (call: Call<NodePath>) in
            let reply = try await work.perform(call) { tx, actor in
                NodeResource(try nodes.retire(call.input.voiceNodeID, expecting: .header(call.ifMatch), tx, actor))
            }
            await directory.refreshAfterChange()
            return reply
        }
        .comparingState(),
    ]
}
