import FoundationEssentials
import Kernel
import Postgres
import Telephony
import Tenancy

/// Where a node's event socket is reached.
package struct NodeEndpoint: Sendable, Equatable {
    package let id: VoiceNodeID
    /// Whose node it is; `nil` for the platform's.
    package let organisationID: OrganisationID?
    /// Whose tenants it serves; `nil` for all.
    package let instanceID: InstanceID?
    package let displayName: String
    package let host: String
    package let port: Int
    package let password: PlainSecret

    package init(
        id: VoiceNodeID, organisationID: OrganisationID?, instanceID: InstanceID? = nil, displayName: String,
        host: String, port: Int, password: PlainSecret
    ) {
        self.instanceID = instanceID
        self.id = id
        self.organisationID = organisationID
        self.displayName = displayName
        self.host = host
        self.port = port
        self.password = password
    }
}

/// What has to be done about a live leg when its lease was renewed or could not be.
package struct LegRenewal: Sendable, Hashable {
    /// What the node is told.
    package enum Action: Sendable, Hashable {
        /// Its end moves: so many seconds from now.
        case extend(seconds: Int)
        /// The end is near: beeps into the leg, and the end after so many seconds.
        case announceEnd(seconds: Int)
        /// Now.
        case end(EventSocketCommand.HangupCause)
    }

    package let leg: UUID
    package let action: Action

    package init(leg: UUID, action: Action) {
        self.leg = leg
        self.action = action
    }
}

/// What the live side asks of the rest of voice.
package struct NodeHooks: Sendable {
    /// The nodes to be connected to; asked again and again.
    package var nodes: @Sendable () async throws -> [NodeEndpoint]
    /// Renews the leases of a node's answered legs in one go. An error changes nothing on the node: the switch ends each
    /// call by itself when its grant is over.
    package var renew: @Sendable (VoiceNodeID, [LiveLeg]) async throws -> [LegRenewal]

    /// What a node is told that is connected again, from what it shows and since when it was away. While nobody knows
    /// (`nil`) it is asked for again.
    package var catchUp: @Sendable (NodeEndpoint, NodeView, Timestamp) -> NodeNews? = { _, _, _ in NodeNews() }
    /// Takes channels from calls that the node does not carry any more.
    package var lose: LoseLeases = { _, _ in 0 }
    /// A node refused a login.
    package var refused: @Sendable (NodeEndpoint, NodeView.RefusedLogin, Timestamp) -> Void = { _, _, _ in }

    package init(
        nodes: @escaping @Sendable () async throws -> [NodeEndpoint],
        renew: @escaping @Sendable (VoiceNodeID, [LiveLeg]) async throws -> [LegRenewal] = { _, _ in [] }
    ) {
        self.nodes = nodes
        self.renew = renew
    }
}

/// Calls of a node ended without anybody seeing it.
package struct NodeLoss: Sendable {
    package let nodeID: VoiceNodeID
    /// What it does carry; empty when it is gone.
    package let present: [LiveLeg]
    /// When it was asked: what began later is not lost.
    package let at: Timestamp

    package init(nodeID: VoiceNodeID, present: [LiveLeg] = [], at: Timestamp) {
        self.nodeID = nodeID
        self.present = present
        self.at = at
    }
}

/// Takes the channels of lost calls in the transaction that notes the loss, and says how many legs that were. What they
/// were granted counts on until a record or an estimate says what they used.
package typealias LoseLeases = @Sendable (borrowing Transaction<ScopeNode>, NodeLoss) throws -> Int

/// A node cannot be asked now. It says nothing about its calls.
package struct NodeUnreachable: Error, Sendable, Hashable, ProblemConvertible {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var problem: Problem { .unavailable("The node cannot be reached: \(message)", retryAfterSeconds: 5) }
}
