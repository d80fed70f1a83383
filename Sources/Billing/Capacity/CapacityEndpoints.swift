import Kernel
import Rating
import Tenancy
import Web

/// What an instance uses of its size, on the wire.
package struct CapacityResource: Codable, Sendable {
    /// One month's turns.
    package struct Month: Codable, Sendable {
        package let month: BillingMonth
        package let turns: Int64
    }

    package let instanceID: InstanceID
    package let organisationID: OrganisationID
    package let order: String?
    package let size: InstanceLicence.Size?
    /// Turns a month that the size holds; absent without a size or without a limit.
    package let capacityTurns: Int64?
    package let turns: Int64
    /// The month asked for last, and the two before it.
    package let months: [Month]
    package let level: CapacityNotice.Level?
    /// The size that holds the largest of the three months, with a drafted upgrade.
    package let upgrade: InstanceSize?
    package let notice: String?

    package init(_ capacity: InstanceCapacity) {
        instanceID = capacity.instance.id
        organisationID = capacity.instance.organisationID
        order = capacity.instance.licence?.order
        size = capacity.instance.licence?.size
        capacityTurns = capacity.capacity
        turns = capacity.turns
        months = capacity.months.map { Month(month: $0.month, turns: $0.turns) }
        level = capacity.notice?.level
        upgrade = capacity.notice?.upgrade
        notice = capacity.notice?.sentence
    }
}

/// The API of capacity.
package struct CapacityEndpoints: Sendable {
    private let work: UnitOfWork

    package init(_ work: UnitOfWork) { self.work = work }

    package var all: [Endpoint] {
        [
            Endpoint(
                .get, "/v1/instances/{instance_id}/capacity", "Get what an instance uses of its size",
                tag: "Instances", requires: .permission(.usageRead), use: get
            )
            .described(
                "Turns of a month (the running one unless 'month' says otherwise) beside the size's capacity. From 80 % on, at "
                    + "100 %, and after three months in a row above it there is a notice; nothing is charged or blocked."
            )
        ]
    }

    struct Input: Codable, Sendable {
        let instanceID: InstanceID
        let month: BillingMonth?
    }

    @Sendable private func get(_ call: Call<Input>) async throws -> CapacityResource {
        guard let month = call.input.month ?? BillingMonth(containing: call.now.microseconds) else {
            throw Problem.invalid("month", "send a month such as 2026-10")
        }
        try CloseRules.checkPreview(month, now: call.now)
        return try await work.read(call) { tx in
            CapacityResource(try CapacityService.capacity(of: call.input.instanceID, in: month, tx))
        }
    }
}
