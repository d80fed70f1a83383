import Kernel

/// The columns of a CSV file and how a row becomes the same event that a line of JSON would.
struct UsageTable: Sendable {
    static let columns = [
        "id", "source", "type", "time", "tenant", "key_source", "milliseconds", "direction", "call_id",
    ]
    private static let required = columns.prefix(5)

    private let names: [String]

    /// Throws when a column is unknown, missing or there twice.
    init(header: [[UInt8]]) throws(Problem) {
        let names = header.map { String(decoding: $0, as: UTF8.self) }
        for (index, name) in names.enumerated() {
            guard Self.columns.contains(name), !names[..<index].contains(name) else {
                throw .invalid(
                    "file",
                    "the header has '\(name.prefix(40))'; the columns are \(Self.columns.joined(separator: ",")), each once"
                )
            }
        }
        let missing = Self.required.filter { !names.contains($0) }
        guard missing.isEmpty else {
            throw .invalid("file", "the header lacks \(missing.joined(separator: ", "))")
        }
        self.names = names
    }

    /// An empty field is a missing attribute.
    func item(_ fields: [[UInt8]]) -> UsageItem {
        guard fields.count == names.count else {
            return UsageItem(
                id: nil,
                content: .failure(
                    UsageRejection(
                        "INVALID_ROW", nil, "The row has \(fields.count) fields, the header has \(names.count).")))
        }
        var event: [JSON.Member] = []
        var attributes: [JSON.Member] = []
        for (name, field) in zip(names, fields) where !field.isEmpty {
            guard let text = String(validating: field, as: UTF8.self), !field.contains(0) else {
                let rejection = UsageRejection("INVALID_ROW", name, "The field '\(name)' is not valid UTF-8.")
                return UsageItem(id: nil, content: .failure(rejection))
            }
            switch name {
            case "milliseconds": attributes.append(JSON.Member(name, number(text)))
            case "key_source", "direction", "call_id": attributes.append(JSON.Member(name, .string(text)))
            default: event.append(JSON.Member(name, .string(text)))
            }
        }
        event.append(JSON.Member("data", .object(attributes)))
        return UsageEventReader.item(.object(event))
    }

    private func number(_ text: String) -> JSON { Int64(text).map { .integer($0) } ?? .string(text) }
}
