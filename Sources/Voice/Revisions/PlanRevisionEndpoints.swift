import Kernel
import Postgres
import Telephony
import Tenancy
import Web

/// One place in which two plans differ.
package struct PlanDifference: Sendable, Equatable {
    /// For example `directory.users[sipuser_…].displayName`.
    package let place: String
    /// As JSON; `nil` when there was nothing.
    package let before: String?
    package let after: String?

    /// All of them, by place.
    package static func between(_ before: JSON, _ after: JSON) -> [PlanDifference] {
        var (old, new): ([String: String], [String: String]) = ([:], [:])
        collect(before, at: "", &old)
        collect(after, at: "", &new)
        return Set(old.keys).union(new.keys).sorted().compactMap { place in
            old[place] == new[place] ? nil : PlanDifference(place: place, before: old[place], after: new[place])
        }
    }

    /// Elements of lists are named by their id where they have one, so that a new one moves no other.
    private static func collect(_ json: JSON, at place: String, _ leaves: inout [String: String]) {
        switch json {
        case .object(let members) where !members.isEmpty:
            for member in members {
                collect(member.value, at: place.isEmpty ? member.key : "\(place).\(member.key)", &leaves)
            }
        case .array(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() {
                collect(element, at: "\(place)[\(element["id"]?.string ?? "\(index)")]", &leaves)
            }
        default: leaves[place] = json.text
        }
    }
}

/// The plans of the past.
package struct PlanRevisionService: Sendable {
    package func list(
        of tenant: TenantID, _ page: PageRequest, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> Page<PlanRevision> {
        _ = try VoiceTenant.get(tenant, tx)
        let rows = try PlanRevisionStore.list(of: tenant, after: page.cursor, limit: page.limit + 1, tx)
        return Page(rows: rows, limit: page.limit) { $0.revision }
    }

    /// A plan without its secrets, and what it changed. A call's record names the revision.
    package func get(
        _ revision: String, of tenant: TenantID, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> (PlanRevision, plan: JSON, changes: [PlanDifference]) {
        guard let found = try PlanRevisionStore.find(revision, of: tenant, tx),
            let plan = try PlanRevisionStore.document(revision, of: tenant, tx)
        else { throw Problem.notFound("revision") }
        let before = try found.previous.flatMap { try PlanRevisionStore.document($0, of: tenant, tx) }
        return (found, plan, before.map { PlanDifference.between($0, plan) } ?? [])
    }
}

/// A revision as the API lists it.
package struct PlanRevisionResource: Codable, Sendable {
    package let organisationID: OrganisationID
    /// The name that calls carry.
    package let configRevision: String
    package let previous: String?
    package let createdAt: Timestamp
    package let activatedAt: Timestamp

    package init(_ revision: PlanRevision) {
        organisationID = revision.organisationID
        configRevision = revision.revision
        previous = revision.previous
        createdAt = revision.createdAt
        activatedAt = revision.activatedAt
    }
}

struct PlanRevisionPath: Codable, Sendable {
    let tenantID: TenantID
    let configRevision: String
}

func planRevisionEndpoints(_ revisions: PlanRevisionService, _ work: UnitOfWork) -> [Endpoint] {
    [
        Endpoint(
            .get, "/v1/voice/tenants/{tenant_id}/revisions", "List compiled voice plans, newest first", tag: "Voice",
            requires: .permission(.voiceRead)
        ) { (call: Call<VoiceListing>) in
            try await work.read(call) { tx in
                try revisions.list(of: call.input.tenantID, call.input.page, tx).map(PlanRevisionResource.init)
            }
        }
        .failing("VOICE_OFF"),

        Endpoint(
            .get, "/v1/voice/tenants/{tenant_id}/revisions/{config_revision}",
            "Get a compiled voice plan and what it changed",
            tag: "Voice", requires: .permission(.voiceRead)
        ) { (call: Call<PlanRevisionPath>) in
            try await work.read(call) { tx in
                let found = try revisions.get(call.input.configRevision, of: call.input.tenantID, tx)
                return RawReply(json: json(found.0, found.plan, found.changes).bytes)
            }
        }
        .answering("application/json")
        .described(
            "`config_revision`, `previous`, `activated_at`, `changes` (`place`, `before`, `after`) and the whole `plan`, with "
                + "fingerprints in place of secrets."),
    ]
}

private func json(_ revision: PlanRevision, _ plan: JSON, _ changes: [PlanDifference]) -> JSON {
    [
        "config_revision": .string(revision.revision), "organisation_id": .string("\(revision.organisationID)"),
        "previous": revision.previous.map(JSON.string) ?? .null, "created_at": .string("\(revision.createdAt)"),
        "activated_at": .string("\(revision.activatedAt)"),
        "changes": .array(
            changes.map { change in
                [
                    "place": .string(change.place), "before": change.before.map(JSON.string) ?? .null,
                    "after": change.after.map(JSON.string) ?? .null,
                ]
            }),
        "plan": plan,
    ]
}
