/// A function or initialiser found in a source text.
struct FunctionShape {
    let name: String
    let line: Int
    /// Without the lent transaction, which every function of a store takes.
    let parameters: Int
    /// From the declaration to the closing brace; 0 for a requirement without a body.
    let lines: Int
}

extension SwiftText {
    /// Every `func`, `init` and `subscript` declaration of the text.
    func functions() -> [FunctionShape] {
        var found: [FunctionShape] = []
        var position = 0
        while position < code.count {
            guard let word = word(at: position) else {
                position += 1
                continue
            }
            if ["func", "init", "subscript"].contains(word), isDeclaration(word, at: position),
                let shape = function(word, at: position)
            {
                found.append(shape)
            }
            position += word.utf8.count
        }
        return found
    }

    /// The whole name that starts at this position, or nil in the middle of one and outside of any.
    private func word(at start: Int) -> String? {
        guard code[start].isNamePart, start == 0 || !code[start - 1].isNamePart else { return nil }
        let end = code[start...].firstIndex { !$0.isNamePart } ?? code.count
        return String(decoding: code[start..<end], as: UTF8.self)
    }

    /// `self.init(…)`, `.init(…)` and `super.init(…)` are calls.
    private func isDeclaration(_ word: String, at start: Int) -> Bool {
        guard word != "func", start > 0 else { return true }
        guard code[start - 1] != UInt8(ascii: ".") else { return false }
        let prefix = code[..<start].reversed().prefix { $0 != .newline }.reversed()
        let modifiers: Set<String> = [
            "package", "public", "private", "fileprivate", "internal", "override", "required", "convenience",
            "static", "mutating", "nonisolated", "@Sendable", "@inlinable", "@discardableResult", "borrowing",
        ]
        return String(decoding: Array(prefix), as: UTF8.self).split(separator: " ")
            .allSatisfy { modifiers.contains(String($0)) }
    }

    private func function(_ keyword: String, at start: Int) -> FunctionShape? {
        guard let open = code[start...].firstIndex(of: .open) else { return nil }
        let name = String(decoding: code[start..<open], as: UTF8.self).split(separator: "\n").first.map(String.init)
        guard let list = parameterList(at: open) else { return nil }
        let firstLine = line(at: start)
        let length = bodyEnd(after: list.end).map { line(at: $0) - firstLine + 1 } ?? 0
        let isLent = String(decoding: code[open..<list.end], as: UTF8.self).contains("tx: borrowing ")
        return FunctionShape(
            name: name ?? keyword, line: firstLine, parameters: list.count - (isLent ? 1 : 0), lines: length)
    }

    /// The number of parameters of the list that opens here, and the position after its end.
    private func parameterList(at open: Int) -> (count: Int, end: Int)? {
        var depth = 0
        var angles = 0
        var commas = 0
        var isEmpty = true
        for position in open..<code.count {
            switch Character(UnicodeScalar(code[position])) {
            case "(", "[", "{": depth += 1
            case ")", "]", "}":
                depth -= 1
                if depth == 0 { return (isEmpty ? 0 : commas + 1, position + 1) }
            case "<" where depth == 1: angles += 1
            case ">" where depth == 1 && code[position - 1] != UInt8(ascii: "-"): angles = max(0, angles - 1)
            case "," where depth == 1 && angles == 0: commas += 1
            case " ", "\n": break
            default: isEmpty = false
            }
            if depth > 1 { isEmpty = false }
        }
        return nil
    }

    /// The position of the brace that closes the body, or nil when there is none (a protocol requirement).
    private func bodyEnd(after end: Int) -> Int? {
        var depth = 0
        var position = end
        while position < code.count {
            let byte = code[position]
            if byte == UInt8(ascii: "{") {
                depth += 1
            } else if byte == UInt8(ascii: "}") {
                depth -= 1
                if depth < 0 { return nil }
                if depth == 0 { return position }
            } else if depth == 0, let word = word(at: position), Self.startsDeclaration.contains(word) {
                return nil
            }
            position += 1
        }
        return nil
    }

    private static let startsDeclaration: Set<String> = [
        "func", "init", "var", "let", "static", "mutating", "associatedtype", "subscript", "case", "struct", "enum",
    ]
}
