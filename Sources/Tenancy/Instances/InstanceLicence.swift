import Kernel
import Postgres

/// The order that a deployment was bought with and the size that it has (domain 2.3). The price book knows what a size can
/// do, the contract what was ordered.
package struct InstanceLicence: Sendable, Hashable {
    /// The sizes of the price book.
    package enum Size: String, Sendable, Codable, CaseIterable { case compact, standard, premium }

    /// The order's reference in the contract.
    package let order: String
    package let size: Size

    package init(order: String, size: Size) {
        self.order = order
        self.size = size
    }
}

/// How many deployments an organisation ordered, by order and size; Billing knows them.
package typealias OrderedLicencesOf =
    @Sendable (borrowing Transaction<ScopeNode>, OrganisationID) throws -> [InstanceLicence: Int]

extension InstanceService {
    /// What an instance runs under: what was asked for, or the one thing that was ordered. `nil` where there is no order to
    /// name: at other hosts, and as long as nothing is ordered.
    func licence(of instance: Instance, _ tx: borrowing Transaction<ScopeNode>) throws -> InstanceLicence? {
        guard instance.host == .endCustomer else {
            guard instance.licence == nil else {
                throw Problem.refused(
                    "SIZE_OF_DEPLOYMENT", "Only a deployment at an end-customer has an order and a size.", field: "size"
                )
            }
            return nil
        }
        let ordered = try self.ordered(tx, instance.organisationID)
        guard let licence = instance.licence ?? (ordered.count == 1 ? ordered.first?.key : nil) else {
            guard ordered.isEmpty else {
                throw Problem.refused(
                    "SIZE_NOT_SAID", "Say which order this deployment belongs to: \(Self.words(ordered)).",
                    field: "order")
            }
            return nil
        }
        guard let count = ordered[licence] else {
            throw Problem.refused(
                "SIZE_NOT_ORDERED",
                "There is no \(licence.size.rawValue) in order '\(licence.order)'. The contract has: "
                    + "\(ordered.isEmpty ? "no order" : Self.words(ordered)).", field: "size")
        }
        guard instance.state == .active else { return licence }
        guard try InstanceStore.placed(licence, of: instance.organisationID, beside: instance.id, tx) < count else {
            throw Problem.refused(
                "ORDER_EXHAUSTED",
                "Order '\(licence.order)' has \(count) \(licence.size.rawValue), and all are in use. Retire one or order more.",
                field: "order")
        }
        return licence
    }

    private static func words(_ ordered: [InstanceLicence: Int]) -> String {
        ordered.sorted { ($0.key.order, $0.key.size.rawValue) < ($1.key.order, $1.key.size.rawValue) }
            .map { "order '\($0.key.order)' with \($0.value) \($0.key.size.rawValue)" }.joined(separator: ", ")
    }
}
