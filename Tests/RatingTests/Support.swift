import Foundation

@testable import Rating

/// The specification beside the package, as in continuous integration.
enum Specification {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/spec")

    static var isPresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }

    /// The golden vectors of one kind, as JSON objects.
    static func golden(_ kind: String) throws -> [JSONValue] {
        let node = JSONNode(path: "", value: try JSONParser.parse(bytes("golden/billing.json")))
        return try node.member(kind).elements(limit: 10_000).map(\.value)
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

extension JSONValue {
    subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    var array: [JSONValue] {
        guard case .array(let values) = self else { return [] }
        return values
    }

    /// The object with some members replaced, added or (for `nil`) removed.
    func with(_ changes: [String: JSONValue?]) -> JSONValue {
        guard case .object(let members) = self else { return self }
        var kept = members.filter { changes[$0.name] == nil }
        for (name, value) in changes {
            if let value { kept.append(Member(name: name, value: value)) }
        }
        return .object(kept)
    }
}

/// The answer to a question given as JSON text.
func ask(_ text: String) throws -> (answer: JSONValue, failed: Bool) {
    let (line, failed) = Quote.answer(line: text)
    return (try JSONParser.parse(Array(line.utf8)), failed)
}

func money(_ text: String) throws -> Money { try Money(text) }
