import CLibPQ

/// libpq's connection string, taken apart by libpq itself, so that one part can be changed.
package struct ConnectionString: Sendable, CustomStringConvertible {
    private var words: [(key: String, value: String)]

    /// A URI or `key=value` words; throws with libpq's reason when it is neither.
    package init(_ text: String) throws(ConnectionStringError) {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            defer { PQfreemem(message) }
            throw ConnectionStringError(reason: message.map { String(cString: $0).trimmed } ?? "out of memory")
        }
        defer { PQconninfoFree(options) }
        words = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { words.append((String(cString: keyword), String(cString: value))) }
            option += 1
        }
    }

    /// The same with some words replaced; a `nil` value takes the word away.
    package func replacing(_ changes: [String: String?]) -> ConnectionString {
        var changed = self
        changed.words.removeAll { changes.keys.contains($0.key) }
        for (key, value) in changes.sorted(by: { $0.key < $1.key }) {
            if let value { changed.words.append((key, value)) }
        }
        return changed
    }

    package subscript(_ key: String) -> String? { words.first { $0.key == key }?.value }

    /// `key='value'` words, quoted as libpq wants it. Carries the password, if there is one.
    package var description: String {
        words.map { word in
            let escaped = word.value.flatMap { $0 == "'" || $0 == "\\" ? ["\\", $0] : [$0] }
            return "\(word.key)='\(String(escaped))'"
        }.joined(separator: " ")
    }
}

/// Why a text is no connection string.
package struct ConnectionStringError: Error, Equatable, CustomStringConvertible {
    package let reason: String

    package var description: String { "This is not a PostgreSQL connection string: \(reason)" }
}
