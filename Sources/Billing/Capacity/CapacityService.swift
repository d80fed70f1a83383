import Kernel
import Postgres
import Rating
import Tenancy

/// What instances use of their size: reported, never charged and never blocked (domain 2.3).
package enum CapacityService {
    /// An instance's month as far as it goes, with the months before it that count. 404 when the scope does not show it.
    package static func capacity(
        of id: InstanceID, in month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> InstanceCapacity {
        guard let instance = try InstanceStore.find(id, tx) else { throw Problem.notFound("instance") }
        let first = month.advanced(by: 1 - Decided.monthsInARow)
        let turns = try CapacityStore.turns(of: instance, from: first, through: month, tx)
        let months = (0..<Decided.monthsInARow).map { index in
            let month = first.advanced(by: index)
            return InstanceCapacity.Month(month: month, turns: turns[month] ?? 0)
        }
        return InstanceCapacity(instance: instance, months: months, book: try book(of: instance, in: month, tx))
    }

    /// The price book of the contract that the instance runs under, or the newest.
    private static func book(
        of instance: Instance, in month: BillingMonth, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> PriceBook.Deployment {
        let contract = try ContractStore.present(of: instance.organisationID, in: .deployment, tx)
        let version = try contract.flatMap { try ContractService.get($0.id, tx).version(in: month) }
        return try PriceBookStore.published(version?.priceBookVersion, tx).book.deployment
    }
}
