/// What a Deployment instance's use says about its size: reported, never charged and never blocked (domain 2.3).
package struct CapacityNotice: Hashable, Sendable {
    /// How far the capacity is used up.
    package enum Level: String, Hashable, Sendable, Codable, CaseIterable {
        /// 80 % of the size's turns are used.
        case nearing
        /// 100 % are used.
        case reached
        /// Three months in a row above 100 %: an upgrade is drafted.
        case upgradeDrafted = "upgrade_drafted"
    }

    package let level: Level
    package let turns: Int64
    package let capacity: Int64
    /// The smallest size that holds the largest of the months; only with a drafted upgrade.
    package let upgrade: InstanceSize?

    /// `nil` below 80 % or without a contractual limit. `turnsByMonth` runs from old to new; the last is the month
    /// in question, the ones before only count for a drafted upgrade.
    package init?(size: InstanceSize, turnsByMonth: [Int64], book: PriceBook.Deployment) {
        guard let capacity = book.size(size).turnsMonth, let turns = turnsByMonth.last else { return nil }
        let used = Int128(turns) * 100
        guard used >= Int128(capacity) * Int128(Decided.capacityWarningPercent) else { return nil }
        let recent = turnsByMonth.suffix(Decided.monthsInARow)
        self.turns = turns
        self.capacity = capacity
        if recent.count == Decided.monthsInARow, recent.allSatisfy({ $0 > capacity }) {
            level = .upgradeDrafted
            let peak = recent.max() ?? turns
            upgrade = InstanceSize.allCases.first { other in
                book.size(other).turnsMonth.map { $0 > capacity && $0 >= peak } ?? true
            }
        } else {
            level = used >= Int128(capacity) * Int128(Decided.capacityReachedPercent) ? .reached : .nearing
            upgrade = nil
        }
    }

    package var sentence: String {
        let use = "\(Wording.grouped(turns)) of \(Wording.grouped(capacity)) turns are used"
        return switch level {
        case .nearing: "\(use): at least \(Decided.capacityWarningPercent) %. Nothing is charged or blocked."
        case .reached: "\(use): the size's capacity is reached. Nothing is charged or blocked."
        case .upgradeDrafted:
            "\(use), the third month in a row above the capacity: an upgrade"
                + (upgrade.map { " to \($0.rawValue)" } ?? "") + " is drafted. Nothing is charged or blocked."
        }
    }
}

/// An Enterprise load above the planning basis in three months in a row: a notice with a drafted order form, never an
/// automatic charge (domain 2.1).
package struct SustainedLoadNotice: Hashable, Sendable {
    /// One month's pooled turns and its billable tenants.
    package struct Month: Hashable, Sendable {
        package let turns: Int64
        package let tenants: Int64

        package init(turns: Int64, tenants: Int64) {
            self.turns = turns
            self.tenants = tenants
        }
    }

    /// Additional turns a month that the drafted order form offers: the largest excess of the three months.
    package let additionalTurns: Int64
    package let planningTurns: Int64

    /// `nil` unless the last three months all lie above 14,000 × max(25, tenants); `months` runs from old to new.
    package init?(months: [Month], book: PriceBook.Enterprise) {
        let recent = months.suffix(Decided.monthsInARow)
        guard recent.count == Decided.monthsInARow, let last = recent.last else { return nil }
        var excess: Int64 = 0
        for month in recent {
            let plan = SustainedLoadNotice.planningTurns(tenants: month.tenants, book: book)
            guard month.turns > plan else { return nil }
            excess = max(excess, month.turns - plan)
        }
        additionalTurns = excess
        planningTurns = SustainedLoadNotice.planningTurns(tenants: last.tenants, book: book)
    }

    /// The pooled turns that the planning basis covers.
    package static func planningTurns(tenants: Int64, book: PriceBook.Enterprise) -> Int64 {
        let plan = Int128(book.planningTurnsPerTenantMonth) * Int128(max(book.includedTenants, tenants))
        return Int64(clamping: plan)
    }

    package var sentence: String {
        "Three months in a row were above the planning basis of \(Wording.grouped(planningTurns)) turns: an order form for "
            + "\(Wording.grouped(additionalTurns)) additional turns a month is drafted. Nothing is charged by itself."
    }
}
