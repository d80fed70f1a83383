/// Splits a script into statements, as psql does: quotes, dollar quotes, comments, parentheses and `BEGIN ATOMIC`
/// bodies hide a semicolon. One statement per message is what sharded databases need, and what gives errors a line.
package enum SQLScript {
    /// One statement and where it stands.
    package struct Statement: Sendable, Equatable {
        /// Without the semicolon and without comments in front.
        package let text: String
        /// Of the first word, from 1.
        package let line: Int
    }

    /// The statements in their order; a script that ends inside a quotation ends there.
    package static func statements(of script: String) -> [Statement] {
        var scanner = Scanner(bytes: Array(script.utf8))
        return scanner.run()
    }

    private struct Scanner {
        let bytes: [UInt8]
        var index = 0
        var start: Int?
        var parentheses = 0
        /// Words of the statement so far: enough to know a function definition.
        var words: [String] = []
        var blockDepth = 0
        var statements: [Statement] = []

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func run() -> [Statement] {
            while index < bytes.count {
                let byte = bytes[index]
                if byte == UInt8(ascii: "-") && peek(1) == UInt8(ascii: "-") {
                    skip { $0 != UInt8(ascii: "\n") }
                } else if byte == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "*") {
                    skipBlockComment()
                } else if byte == UInt8(ascii: ";") && parentheses == 0 && blockDepth == 0 {
                    finish()
                    index += 1
                } else if byte <= 0x20 {
                    index += 1
                } else {
                    start = start ?? index
                    token(byte)
                }
            }
            finish()
            return statements
        }

        private func peek(_ offset: Int) -> UInt8? { index + offset < bytes.count ? bytes[index + offset] : nil }

        private mutating func skip(while condition: (UInt8) -> Bool) {
            while index < bytes.count, condition(bytes[index]) { index += 1 }
        }

        private mutating func token(_ byte: UInt8) {
            switch byte {
            case UInt8(ascii: "'"): skipQuoted(byte, backslashEscapes: false)
            case UInt8(ascii: "\""): skipQuoted(byte, backslashEscapes: false)
            case UInt8(ascii: "$"): skipDollarQuote()
            case UInt8(ascii: "("):
                parentheses += 1
                index += 1
            case UInt8(ascii: ")"):
                parentheses = max(0, parentheses - 1)
                index += 1
            case _ where Self.isWord(byte): word()
            default: index += 1
            }
        }

        private static func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
                true
            default: false
            }
        }

        private mutating func word() {
            let begin = index
            // A `$` inside a word belongs to it and opens no quote.
            skip { Self.isWord($0) || $0 == UInt8(ascii: "$") }
            let word = String(decoding: bytes[begin..<index], as: UTF8.self).uppercased()
            if word == "E" && peek(0) == UInt8(ascii: "'") {
                return skipQuoted(UInt8(ascii: "'"), backslashEscapes: true)
            }
            if words.count < 4 { words.append(word) }
            let definesRoutine =
                words.first == "CREATE" && (words.contains("FUNCTION") || words.contains("PROCEDURE"))
            guard definesRoutine && parentheses == 0 else { return }
            switch word {
            case "BEGIN": blockDepth += 1
            case "CASE" where blockDepth > 0: blockDepth += 1
            case "END" where blockDepth > 0: blockDepth -= 1
            default: break
            }
        }

        private mutating func skipQuoted(_ quote: UInt8, backslashEscapes: Bool) {
            index += 1
            while index < bytes.count {
                if backslashEscapes && bytes[index] == UInt8(ascii: "\\") {
                    index += 2
                } else if bytes[index] == quote {
                    index += 1
                    // A doubled quote is one character; the rest is scanned as another quoted part.
                    if peek(0) != quote { return }
                    index += 1
                } else {
                    index += 1
                }
            }
        }

        private mutating func skipDollarQuote() {
            var end = index + 1
            while end < bytes.count, Self.isWord(bytes[end]) { end += 1 }
            let startsWithDigit = peek(1).map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
            guard end < bytes.count, bytes[end] == UInt8(ascii: "$"), !startsWithDigit || end == index + 1 else {
                index += 1
                return
            }
            let tag = bytes[index...end]
            index = end + 1
            while index < bytes.count {
                if bytes[index] == UInt8(ascii: "$") && bytes[index...].starts(with: tag) {
                    index += tag.count
                    return
                }
                index += 1
            }
        }

        /// Block comments nest in SQL.
        private mutating func skipBlockComment() {
            var depth = 0
            repeat {
                if bytes[index] == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "*") {
                    depth += 1
                    index += 2
                } else if bytes[index] == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/") {
                    depth -= 1
                    index += 2
                } else {
                    index += 1
                }
            } while depth > 0 && index < bytes.count
        }

        private mutating func finish() {
            defer {
                start = nil
                parentheses = 0
                blockDepth = 0
                words = []
            }
            guard let start else { return }
            let text = String(decoding: bytes[start..<min(index, bytes.count)], as: UTF8.self).trimmed
            let line = 1 + bytes[..<start].count { $0 == UInt8(ascii: "\n") }
            statements.append(Statement(text: text, line: line))
        }
    }
}
