/// The bounds of inputs, checked by every rule itself, so that no caller can make one overflow.
enum Inputs {
    static func check(_ value: Int64, _ range: ClosedRange<Int64>, _ field: String) throws(Refusal) {
        guard range.contains(value) else {
            throw Refusal(
                field: field, reason: "out_of_range",
                message: "\(field) must lie between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    static func check(count: Int64, _ field: String) throws(Refusal) {
        try check(count, 0...Decided.countLimit, field)
    }

    static func check(amount: Money, _ field: String) throws(Refusal) {
        guard amount >= .zero, amount <= Decided.inputLimit else {
            throw Refusal(
                field: field, reason: amount.isNegative ? "negative" : "too_large",
                message: "\(field) must lie between 0.00 and \(Decided.inputLimit)")
        }
    }
}
