/// Values under strings of digits, found by the longest one that a number begins with.
struct PrefixTree<Value: Sendable>: Sendable {
    /// Ten children for every node; 0 for none, as nobody's child is the root.
    private var children = [Int32](repeating: 0, count: 10)
    private var values: [Value?] = [nil]

    /// Later values replace earlier ones of the same prefix. Anything but digits is ignored.
    mutating func insert(_ value: Value, under prefix: String) {
        var node = 0
        for byte in prefix.utf8 {
            guard let digit = Self.digit(byte) else { return }
            if children[node * 10 + digit] == 0 {
                children[node * 10 + digit] = Int32(values.count)
                values.append(nil)
                children.append(contentsOf: repeatElement(0, count: 10))
            }
            node = Int(children[node * 10 + digit])
        }
        values[node] = value
    }

    /// The value of the longest prefix.
    func longest(_ digits: String) -> Value? {
        var node = 0
        var found = values[0]
        for byte in digits.utf8 {
            guard let digit = Self.digit(byte), children[node * 10 + digit] != 0 else { break }
            node = Int(children[node * 10 + digit])
            if let value = values[node] { found = value }
        }
        return found
    }

    /// The value of the longest prefix that `prefix` begins with, and every value of a longer one.
    func all(beginning prefix: String) -> [Value] {
        var found = longest(prefix).map { [$0] } ?? []
        var node = 0
        for byte in prefix.utf8 {
            guard let digit = Self.digit(byte), children[node * 10 + digit] != 0 else { return found }
            node = Int(children[node * 10 + digit])
        }
        var rest = children[(node * 10)..<(node * 10 + 10)].filter { $0 != 0 }.map { Int($0) }
        while let next = rest.popLast() {
            if let value = values[next] { found.append(value) }
            rest += children[(next * 10)..<(next * 10 + 10)].filter { $0 != 0 }.map { Int($0) }
        }
        return found
    }

    private static func digit(_ byte: UInt8) -> Int? {
        let digit = Int(byte) - 48
        return (0...9).contains(digit) ? digit : nil
    }
}
