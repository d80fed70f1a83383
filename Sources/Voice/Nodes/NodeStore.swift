import Kernel
import Postgres
import Telephony
import Tenancy

/// Nodes in the database.
enum NodeStore {
    private static let columns: SQL = """
        voice_node_id, organisation_id, instance_id, name, switchname, event_host, event_port, settings, state, \
        last_seen_at, core_uuid, revision, created_at, updated_at
        """
    private static let credentialColumns: SQL = """
        xml_secret_hash, xml_digest, xml_earlier_hash, xml_earlier_digest, \
        cdr_secret_hash, cdr_digest, cdr_earlier_hash, cdr_earlier_digest
        """

    /// `nil` when it does not exist or the scope may not see it.
    static func find(_ id: VoiceNodeID, _ tx: borrowing Transaction<ScopeNode>) throws -> VoiceNode? {
        try tx.first("select \(columns) from app.voice_node where voice_node_id = \(id)")
    }

    static func find(named name: String, _ tx: borrowing Transaction<ScopeNode>) throws -> VoiceNode? {
        try tx.first("select \(columns) from app.voice_node where name = \(name)")
    }

    static func findForUpdate(_ id: VoiceNodeID, _ tx: borrowing Transaction<ScopeNode>) throws -> VoiceNode? {
        try tx.first("select \(columns) from app.voice_node where voice_node_id = \(id) for update")
    }

    static func list(
        _ filter: NodeFilter, after cursor: VoiceNodeID?, limit: Int, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> [VoiceNode] {
        var conditions: [SQL] = ["true"]
        if let cursor { conditions.append("voice_node_id > \(cursor)") }
        if let instance = filter.instanceID { conditions.append("instance_id = \(instance)") }
        if let state = filter.state { conditions.append("state = \(state)") }
        return try tx.all(
            """
            select \(columns) from app.voice_node where \(SQL.joined(conditions, separator: " and ")) \
            order by voice_node_id limit \(limit)
            """)
    }

    static func insert(
        _ node: VoiceNode, _ credentials: NodeCredentials, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let xml = credentials.configuration.first
        let cdr = credentials.records.first
        try tx.execute(
            """
            insert into app.voice_node (\(columns), xml_secret_hash, xml_digest, cdr_secret_hash, cdr_digest)
            values (\(node.id), \(node.organisationID), \(node.instanceID), \(node.name), \(node.switchname), \
            \(node.eventSocket?.host), \(node.eventSocket?.port), \(try JSONText(node.settings)), \(node.state), \
            \(node.sighting.lastSeenAt), \(node.sighting.coreUUID), \(node.life.revision), \(node.life.createdAt), \
            \(node.life.updatedAt), \(xml?.hash), \(xml?.digest), \(cdr?.hash), \(cdr?.digest))
            """)
    }

    /// The row as it is after the change.
    static func update(
        _ node: VoiceNode, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> VoiceNode {
        try tx.one(
            """
            update app.voice_node set switchname = \(node.switchname), event_host = \(node.eventSocket?.host), \
            event_port = \(node.eventSocket?.port), settings = \(try JSONText(node.settings)), state = \(node.state), \
            revision = revision + 1, updated_at = \(now)
            where voice_node_id = \(node.id) returning \(columns)
            """)
    }

    static func credentials(
        of id: VoiceNodeID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> NodeCredentials? {
        try tx.first("select \(credentialColumns) from app.voice_node where voice_node_id = \(id)")
    }

    static func replace(
        _ credentials: NodeCredentials, of id: VoiceNodeID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        let xml = credentials.configuration
        let cdr = credentials.records
        try tx.execute(
            """
            update app.voice_node set xml_secret_hash = \(xml.first?.hash), xml_digest = \(xml.first?.digest), \
            xml_earlier_hash = \(xml.dropFirst().first?.hash), xml_earlier_digest = \(xml.dropFirst().first?.digest), \
            cdr_secret_hash = \(cdr.first?.hash), cdr_digest = \(cdr.first?.digest), \
            cdr_earlier_hash = \(cdr.dropFirst().first?.hash), cdr_earlier_digest = \(cdr.dropFirst().first?.digest), \
            revision = revision + 1, updated_at = \(now)
            where voice_node_id = \(id)
            """)
    }

    static func setEventSocket(
        _ socket: VoiceNode.EventSocket, _ secret: SealedSecret, of id: VoiceNodeID, at now: Timestamp,
        _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.voice_node set event_host = \(socket.host), event_port = \(socket.port), \
            event_secret = \(secret), revision = revision + 1, updated_at = \(now)
            where voice_node_id = \(id)
            """)
    }

    /// Active nodes whose event socket the control plane can sign in to.
    static func withEventSocket(_ tx: borrowing Transaction<ScopeNode>) throws -> [NodeWithEventSocket] {
        try tx.all(
            """
            select \(columns), event_secret from app.voice_node
            where state = 'active' and event_host is not null and event_secret is not null order by voice_node_id
            """)
    }

    /// Every node with what it proves itself with; retired ones too, because the records of their last calls still come.
    static func known(_ tx: borrowing Transaction<ScopeNode>) throws -> [KnownNode] {
        try tx.all("select \(columns), \(credentialColumns) from app.voice_node")
    }

    /// Remembers that nodes asked, and as which process.
    static func touch(
        _ id: VoiceNodeID, core: String?, at now: Timestamp, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        try tx.execute(
            """
            update app.voice_node set last_seen_at = \(now), core_uuid = coalesce(\(core), core_uuid)
            where voice_node_id = \(id)
            """)
    }
}

extension VoiceNode.State: SQLEncodable, SQLDecodable {}

extension VoiceNode: RowDecodable {
    package init(row: Row) throws {
        let host = try row.value("event_host", as: String?.self)
        let port = try row.value("event_port", as: Int?.self)
        var socket: EventSocket?
        if let host, let port { socket = EventSocket(host: host, port: port) }
        self.init(
            id: try row.value("voice_node_id"), organisationID: try row.value("organisation_id"),
            instanceID: try row.value("instance_id"), name: try row.value("name"),
            switchname: try row.value("switchname"), eventSocket: socket,
            settings: try row.value("settings", as: JSONText.self).decoded(), state: try row.value("state"),
            sighting: Sighting(
                lastSeenAt: try row.value("last_seen_at"), coreUUID: try row.value("core_uuid")),
            life: Life(
                revision: try row.value("revision"), createdAt: try row.value("created_at"),
                updatedAt: try row.value("updated_at")))
    }
}

extension NodeCredentials: RowDecodable {
    package init(row: Row) throws {
        func slots(_ hash: String, _ digest: String, _ oldHash: String, _ oldDigest: String) throws -> [NodeCredential]
        {
            var list = [NodeCredential(hash: try row.value(hash), digest: try row.value(digest))]
            if let old = try row.value(oldHash, as: [UInt8]?.self), let md5 = try row.value(oldDigest, as: String?.self)
            {
                list.append(NodeCredential(hash: old, digest: md5))
            }
            return list
        }
        self.init(
            configuration: try slots("xml_secret_hash", "xml_digest", "xml_earlier_hash", "xml_earlier_digest"),
            records: try slots("cdr_secret_hash", "cdr_digest", "cdr_earlier_hash", "cdr_earlier_digest"))
    }
}

/// A node as requests are checked against it.
package struct KnownNode: Sendable, RowDecodable {
    package let node: VoiceNode
    package let credentials: NodeCredentials

    package init(row: Row) throws {
        node = try VoiceNode(row: row)
        credentials = try NodeCredentials(row: row)
    }
}

struct NodeWithEventSocket: Sendable, RowDecodable {
    let node: VoiceNode
    let secret: SealedSecret

    init(row: Row) throws {
        node = try VoiceNode(row: row)
        secret = try row.value("event_secret")
    }
}
