/// A Swift source text split into what is code, what is a string literal and what is a comment.
///
/// Not a parser: it knows just enough of the language to keep quotes, interpolations and comments apart, so that a
/// rule about code is never misled by a text that mentions it.
struct SwiftText {
    /// The source with every comment and the inside of every string literal blanked out; same length, same lines.
    let code: [UInt8]
    /// Every string literal with `$` for each interpolation, and the line on which it starts (from 1).
    let literals: [(line: Int, text: String)]
    /// Every comment line, and its line (from 1).
    let comments: [(line: Int, text: String)]
    /// The lines of the source as written.
    let lines: [String]
    /// The lines of `code`.
    let codeLines: [String]

    init(_ source: String) {
        var scanner = Scanner(bytes: Array(source.utf8))
        scanner.code(until: nil)
        code = scanner.masked
        literals = scanner.literals.sorted { $0.line < $1.line }
        comments = scanner.comments
        lines = Self.split(Array(source.utf8))
        codeLines = Self.split(scanner.masked)
    }

    /// The line (from 1) of a position in `code`.
    func line(at offset: Int) -> Int { 1 + code[..<offset].count { $0 == .newline } }

    private static func split(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: .newline, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension UInt8 {
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let quote = UInt8(ascii: "\"")
    static let hash = UInt8(ascii: "#")
    static let backslash = UInt8(ascii: "\\")
    static let slash = UInt8(ascii: "/")
    static let star = UInt8(ascii: "*")
    static let open = UInt8(ascii: "(")
    static let close = UInt8(ascii: ")")

    /// Could this byte be part of a Swift name?
    var isNamePart: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || self == UInt8(ascii: "_") || self >= 0x80
    }
}

/// Walks once over the bytes, blanking what is not code.
private struct Scanner {
    let bytes: [UInt8]
    var masked: [UInt8]
    var literals: [(line: Int, text: String)] = []
    var comments: [(line: Int, text: String)] = []
    private var position = 0
    private var line = 1

    init(bytes: [UInt8]) {
        self.bytes = bytes
        masked = bytes
    }

    private func peek(_ distance: Int = 0) -> UInt8 {
        position + distance < bytes.count ? bytes[position + distance] : 0
    }

    private mutating func step(blank: Bool) {
        if bytes[position] == .newline { line += 1 } else if blank { masked[position] = .space }
        position += 1
    }

    /// Reads code until the closing parenthesis of an interpolation, or to the end.
    mutating func code(until closing: UInt8?) {
        var depth = 0
        while position < bytes.count {
            switch peek() {
            case .slash where peek(1) == .slash: lineComment()
            case .slash where peek(1) == .star: blockComment()
            case .quote: literal(hashes: 0)
            case .hash: hashes()
            case .open where closing != nil:
                depth += 1
                step(blank: false)
            case .close where closing != nil:
                step(blank: false)
                if depth == 0 { return }
                depth -= 1
            default: step(blank: false)
            }
        }
    }

    private mutating func lineComment() {
        let start = position
        let startLine = line
        while position < bytes.count, peek() != .newline { step(blank: true) }
        comments.append((startLine, String(decoding: bytes[start..<position], as: UTF8.self)))
    }

    private mutating func blockComment() {
        let start = position
        let startLine = line
        var depth = 0
        while position < bytes.count {
            let isOpening = peek() == .slash && peek(1) == .star
            let isClosing = peek() == .star && peek(1) == .slash
            if isOpening { depth += 1 }
            if isClosing { depth -= 1 }
            if isOpening || isClosing { step(blank: true) }
            step(blank: true)
            if depth == 0 { break }
        }
        comments.append((startLine, String(decoding: bytes[start..<position], as: UTF8.self)))
    }

    private mutating func hashes() {
        var count = 0
        while peek(count) == .hash { count += 1 }
        guard peek(count) == .quote else { return step(blank: false) }
        for _ in 0..<count { step(blank: false) }
        literal(hashes: count)
    }

    /// Reads a literal from its first quotation mark to its last.
    private mutating func literal(hashes: Int) {
        let isLong = peek(1) == .quote && peek(2) == .quote
        let quotes = isLong ? 3 : 1
        let startLine = line
        var text: [UInt8] = []
        for _ in 0..<quotes { step(blank: false) }
        while position < bytes.count {
            if peek() == .quote, endsLiteral(quotes: quotes, hashes: hashes) {
                for _ in 0..<(quotes + hashes) { step(blank: false) }
                break
            }
            if !isLong, peek() == .newline { break }
            guard peek() == .backslash, isEscape(hashes: hashes) else {
                text.append(peek())
                step(blank: true)
                continue
            }
            for _ in 0..<(1 + hashes) { step(blank: true) }
            if peek() == .open {
                text.append(UInt8(ascii: "$"))
                step(blank: false)
                code(until: .close)
            } else if position < bytes.count {
                text.append(.space)
                step(blank: true)
            }
        }
        literals.append((startLine, String(decoding: text, as: UTF8.self)))
    }

    private func endsLiteral(quotes: Int, hashes: Int) -> Bool {
        (0..<quotes).allSatisfy { peek($0) == .quote } && (0..<hashes).allSatisfy { peek(quotes + $0) == .hash }
    }

    private func isEscape(hashes: Int) -> Bool { (0..<hashes).allSatisfy { peek(1 + $0) == .hash } }
}
