/// A value together with its path, read member by member; every refusal names the path: `solution.turn`,
/// `deployment.bundles[2].instances`.
struct JSONNode: Sendable {
    let path: String
    let value: JSONValue

    func refusal(_ reason: String, _ message: String) -> Refusal {
        Refusal(field: path, reason: reason, message: message)
    }

    private func wrong(_ wanted: String) -> Refusal {
        refusal("wrong_type", "\(path.isEmpty ? "the value" : path) must be \(wanted), not \(value.kindName)")
    }

    private func path(to name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// The members by name; refuses names outside `allowed`.
    func members(_ allowed: Set<String>) throws(Refusal) -> [String: JSONNode] {
        guard case .object(let members) = value else { throw wrong("an object") }
        var found: [String: JSONNode] = [:]
        for member in members {
            guard allowed.contains(member.name) else {
                throw Refusal(
                    field: path(to: member.name), reason: "unknown_field",
                    message: "\(member.name) is not known here; leave it out or use one of "
                        + allowed.sorted().joined(separator: ", "))
            }
            found[member.name] = JSONNode(path: path(to: member.name), value: member.value)
        }
        return found
    }

    func optional(_ name: String) throws(Refusal) -> JSONNode? {
        guard case .object(let members) = value else { throw wrong("an object") }
        guard let member = members.first(where: { $0.name == name }) else { return nil }
        return JSONNode(path: path(to: name), value: member.value)
    }

    func member(_ name: String) throws(Refusal) -> JSONNode {
        guard let node = try optional(name) else {
            throw Refusal(
                field: path(to: name), reason: "missing_field", message: "\(path(to: name)) is missing; add it")
        }
        return node
    }

    var isNull: Bool { value == .null }

    func elements(limit: Int) throws(Refusal) -> [JSONNode] {
        guard case .array(let values) = value else { throw wrong("a list") }
        guard values.count <= limit else {
            throw refusal("too_many", "\(path) has more than \(limit) entries; split it")
        }
        return values.enumerated().map { JSONNode(path: "\(path)[\($0.offset)]", value: $0.element) }
    }

    func string() throws(Refusal) -> String {
        guard case .string(let text) = value else { throw wrong("a string") }
        return text
    }

    func bool() throws(Refusal) -> Bool {
        guard case .bool(let flag) = value else { throw wrong("true or false") }
        return flag
    }

    /// A whole number as a JSON number or a string of digits.
    func count(_ range: ClosedRange<Int64>) throws(Refusal) -> Int64 {
        let text = try decimalText("a whole number")
        let number: Int64
        do {
            number = try FixedPoint.parse(text, decimals: 0, limit: Int64.max / 10)
        } catch .tooLarge {
            throw refusal("out_of_range", "\(path) must lie between \(range.lowerBound) and \(range.upperBound)")
        } catch {
            throw refusal("not_a_whole_number", "\(path) must be a whole number, written plainly")
        }
        guard range.contains(number) else {
            throw refusal("out_of_range", "\(path) must lie between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    func money(limit: Money = .limit) throws(Refusal) -> Money {
        let amount = try Money(try decimalText("an amount"), field: path)
        guard amount <= limit, amount >= -limit else {
            throw refusal("too_large", "\(path) must lie between -\(limit) and \(limit); check the figure")
        }
        return amount
    }

    /// An amount that is not negative.
    func positiveMoney(limit: Money = .limit) throws(Refusal) -> Money {
        let amount = try money(limit: limit)
        guard !amount.isNegative else { throw refusal("negative", "\(path) must not be negative") }
        return amount
    }

    func rate() throws(Refusal) -> Rate { try Rate(try decimalText("a price"), field: path) }

    func percent() throws(Refusal) -> Percent { try Percent(try decimalText("a percentage"), field: path) }

    func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type) throws(Refusal) -> Choice
    where Choice.RawValue == String {
        let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        guard case .string(let name) = value, let choice = Choice(rawValue: name) else {
            throw refusal("unknown_choice", "\(path) must be one of \(names)")
        }
        return choice
    }

    private func decimalText(_ wanted: String) throws(Refusal) -> String {
        switch value {
        case .number(let text), .string(let text): return text
        default: throw wrong("\(wanted), as a number or a string")
        }
    }
}
