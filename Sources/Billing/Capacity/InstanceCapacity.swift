import Kernel
import Rating
import Tenancy

/// A deployment whose size is known, with the tenants that share its capacity.
package struct SizedInstance: Sendable, Hashable {
    package let id: InstanceID
    package let name: String
    package let size: InstanceSize
    package let tenants: [TenantID]

    /// Every turn counts, a sandbox's too: capacity is what the installation does.
    func turns(in usage: MonthUsage) -> Int64 { tenants.reduce(0) { $0 + usage.turns[$1, default: 0] } }

    /// What the last of the months says about the size, for people; months run from old to new.
    func notice(turnsByMonth: [Int64], book: PriceBook.Deployment) -> String? {
        CapacityNotice(size: size, turnsByMonth: turnsByMonth, book: book).map {
            "\(name), \(size.rawValue.capitalised): \($0.sentence)"
        }
    }
}

/// How much of its size an instance uses.
package struct InstanceCapacity: Sendable {
    /// One month's turns.
    package struct Month: Sendable, Hashable {
        package let month: BillingMonth
        package let turns: Int64
    }

    package let instance: Instance
    /// The month in question last, and the two before.
    package let months: [Month]
    /// Turns a month that the size holds; `nil` without a size or without a contractual limit.
    package let capacity: Int64?
    package let notice: CapacityNotice?

    package init(instance: Instance, months: [Month], book: PriceBook.Deployment) {
        self.instance = instance
        self.months = months
        let size = instance.licence.flatMap { InstanceSize(rawValue: $0.size.rawValue) }
        capacity = size.flatMap { book.size($0).turnsMonth }
        notice = size.flatMap { CapacityNotice(size: $0, turnsByMonth: months.map(\.turns), book: book) }
    }

    package var turns: Int64 { months.last?.turns ?? 0 }
}
