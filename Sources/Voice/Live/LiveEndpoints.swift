import FoundationEssentials
import Kernel
import Telephony
import Tenancy
import Web

/// A leg that is up now.
package struct LiveCallResource: Codable, Sendable {
    package let legID: CallLegID
    package let nodeID: VoiceNodeID
    package let tenantID: TenantID?
    package let side: CallRecord.Leg.Side
    package let direction: CallMetering.Direction?
    package let startedAt: Timestamp
    package let answeredAt: Timestamp?
    package let caller: String
    package let destination: String
    package let gateway: String?
    package let peerLegID: CallLegID?
    /// False while the node is not connected: then this is the last that was known.
    package let isCurrent: Bool

    package init(_ call: LiveNodes.Call, isCurrent: Bool) {
        legID = CallLegID(call.leg.id)
        nodeID = call.nodeID
        tenantID = call.leg.marks.tenantID
        side = call.leg.side
        direction = call.leg.metering.direction
        startedAt = call.leg.started
        answeredAt = call.leg.answered
        caller = call.leg.caller
        destination = call.leg.destination
        gateway = call.leg.carrier?.gateway
        peerLegID = call.leg.peer.map { CallLegID($0) }
        self.isCurrent = isCurrent
    }
}

/// A phone that can be reached now.
package struct RegistrationResource: Codable, Sendable {
    package let user: String
    package let domain: String
    package let contact: String
    package let networkAddress: String
    package let userAgent: String
    package let expiresAt: Timestamp?

    init(_ registration: LiveRegistration) {
        user = registration.address.user
        domain = registration.address.domain
        contact = registration.contact
        networkAddress = registration.networkAddress
        userAgent = registration.userAgent
        expiresAt = registration.expires
    }
}

/// The live calls of a tenant.
package struct LiveCallList: Codable, Sendable {
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let calls: [LiveCallResource]
    /// Nodes of the tenant's instance, and those for all, that cannot be asked now; their calls are the last that was
    /// known.
    package let unreachableNodes: [VoiceNodeID]
}

/// The phones of a tenant.
package struct RegistrationList: Codable, Sendable {
    package let tenantID: TenantID
    package let organisationID: OrganisationID
    package let registrations: [RegistrationResource]
}

/// What a node answered.
package struct ControlResult: Codable, Sendable {
    package let legID: CallLegID
    /// As the node wrote it, for example `+OK`.
    package let answer: String
}

struct LiveTenant: Codable, Sendable {
    let tenantID: TenantID
}

struct ControlLeg: Codable, Sendable {
    let tenantID: TenantID
    let legID: CallLegID
}

struct TransferLeg: Codable, Sendable {
    let tenantID: TenantID
    let legID: CallLegID
    /// An extension, or a number with its `+`; authorised like any other leg.
    let destination: String
}

/// What a person can do about a live leg.
package enum LiveAction: Sendable, Hashable {
    case end
    /// Beeps that only this leg hears.
    case warn
    /// Through the dialplan again, where it is authorised like any other leg.
    case transfer(to: String)

    /// As the audit log names it.
    var name: String {
        switch self {
        case .end: "live_call.end"
        case .warn: "live_call.warn"
        case .transfer: "live_call.transfer"
        }
    }

    var detail: AuditDetail {
        if case .transfer(let destination) = self { ["destination": CallLeg.masked(destination)] } else { [:] }
    }

    /// `nil` for a destination that cannot be one.
    func command(_ leg: UUID, _ tenant: TenantID) -> EventSocketCommand? {
        switch self {
        case .end: .kill(leg, .normalClearing)
        case .warn: .broadcast(leg, .warning)
        case .transfer(let destination): .transfer(leg, to: destination, context: "tenant-\(tenant)")
        }
    }
}

/// Live calls for people: who talks, and the few things that can be done about it.
package struct LiveCallService: Sendable {
    private let nodes: LiveNodes
    private let refused: RefusedLogins
    private let work: UnitOfWork

    package init(nodes: LiveNodes, refused: RefusedLogins, work: UnitOfWork) {
        self.nodes = nodes
        self.refused = refused
        self.work = work
    }

    /// The tenant's calls now.
    package func list(_ tenant: TenantID, at placement: TenantPlacement) -> LiveCallList {
        let connected = Dictionary(
            nodes.serving(placement.instanceID).map { ($0.endpoint.id, $0.isConnected) },
            uniquingKeysWith: { first, _ in first })
        return LiveCallList(
            tenantID: tenant, organisationID: placement.organisationID,
            calls: nodes.calls(of: tenant, at: placement.instanceID).map { call in
                LiveCallResource(call, isCurrent: connected[call.nodeID] ?? false)
            },
            unreachableNodes: connected.filter { !$0.value }.keys.sorted())
    }

    /// Sends a command about a live leg of the tenant, and writes it down first: what was tried is on record even when
    /// the node does not answer.
    package func control(
        _ leg: CallLegID, of tenant: TenantID, _ action: LiveAction, as principal: Principal, requestID: String
    ) async throws -> ControlResult {
        let instance = try await work.read(in: principal.scope) { tx in
            try TenantStore.placement(of: tenant, tx).instanceID
        }
        guard let call = nodes.call(leg.uuid, at: instance), call.leg.ended == nil, call.leg.marks.tenantID == tenant
        else {
            throw Problem.conflict("CALL_NOT_LIVE", "The leg is not up on any node that can be asked.")
        }
        guard let command = action.command(leg.uuid, tenant) else {
            throw Problem.invalid("destination", "must be an extension, or a number with its +")
        }
        try await work.perform(as: principal, requestID: requestID) { tx, actor in
            try tx.audit(
                action.name, target: leg, organisation: try TenantStore.organisation(of: tenant, tx), tenant: tenant,
                detail: action.detail, by: actor)
        }
        let answer = try await nodes.ask(call.nodeID, command)
        guard answer.hasPrefix("+OK") else {
            throw Problem.conflict("CALL_CONTROL_REFUSED", "The node answered: \(answer.prefix(200))")
        }
        return ControlResult(legID: leg, answer: String(answer.prefix(200)).trimmingNewlines())
    }

    /// Live calls and registrations of tenants. `domain` is the SIP domain of a tenant with voice.
    package func endpoints(domain: @escaping @Sendable (TenantID) -> String?) -> [Endpoint] {
        let tag = "Live calls"
        return [
            Endpoint(
                .get, "/v1/voice/tenants/{tenant_id}/live_calls", "List live calls", tag: tag,
                requires: .permission(.voiceRead)
            ) { (call: Call<LiveTenant>) in
                list(call.input.tenantID, at: try await placement(of: call.input.tenantID, call))
            },
            Endpoint(
                .get, "/v1/voice/tenants/{tenant_id}/registrations", "List phones that can be reached", tag: tag,
                requires: .permission(.voiceRead)
            ) { (call: Call<LiveTenant>) in
                let placement = try await placement(of: call.input.tenantID, call)
                let found =
                    domain(call.input.tenantID)
                    .map { nodes.registrations(in: $0, at: placement.instanceID) } ?? []
                return RegistrationList(
                    tenantID: call.input.tenantID, organisationID: placement.organisationID,
                    registrations: found.map { RegistrationResource($0) })
            },
            Endpoint(
                .get, "/v1/voice/tenants/{tenant_id}/refused_logins", "List phones that were not let in", tag: tag,
                requires: .permission(.voiceRead)
            ) { (call: Call<LiveTenant>) in
                RefusedLoginList(
                    tenantID: call.input.tenantID,
                    organisationID: try await placement(of: call.input.tenantID, call).organisationID,
                    refusedLogins: refused.list(of: call.input.tenantID).map { RefusedLoginResource($0) })
            },
            Endpoint(
                .post, "/v1/voice/tenants/{tenant_id}/live_calls/{leg_id}:end", "End a live call", tag: tag,
                requires: .permission(.voiceControl)
            ) { (call: Call<ControlLeg>) in
                try await control(
                    call.input.legID, of: call.input.tenantID, .end, as: call.principal, requestID: call.requestID)
            }
            .withoutIdempotencyKey()
            .failing("CALL_NOT_LIVE", "CALL_CONTROL_REFUSED"),
            Endpoint(
                .post, "/v1/voice/tenants/{tenant_id}/live_calls/{leg_id}:warn", "Let a live call hear beeps", tag: tag,
                requires: .permission(.voiceControl)
            ) { (call: Call<ControlLeg>) in
                try await control(
                    call.input.legID, of: call.input.tenantID, .warn, as: call.principal, requestID: call.requestID)
            }
            .withoutIdempotencyKey()
            .failing("CALL_NOT_LIVE", "CALL_CONTROL_REFUSED"),
            Endpoint(
                .post, "/v1/voice/tenants/{tenant_id}/live_calls/{leg_id}:transfer", "Transfer a live call", tag: tag,
                requires: .permission(.voiceControl)
            ) { (call: Call<TransferLeg>) in
                let input = call.input
                return try await control(
                    input.legID, of: input.tenantID, .transfer(to: input.destination), as: call.principal,
                    requestID: call.requestID)
            }
            .withoutIdempotencyKey()
            .failing("CALL_NOT_LIVE", "CALL_CONTROL_REFUSED"),
        ]
    }

    private func placement<Input>(of tenant: TenantID, _ call: Call<Input>) async throws -> TenantPlacement {
        try await work.read(call) { tx in try TenantStore.placement(of: tenant, tx) }
    }
}

extension String {
    fileprivate func trimmingNewlines() -> String { String(prefix { $0 != "\n" && $0 != "\r" }) }
}
