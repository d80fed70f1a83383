import Telephony

/// Telephone numbers as people read and type them.
enum PhoneWords {
    /// `+49 4066969 100`: the code of the country and the last three digits, which lists hide, stand apart. The spaces
    /// break no line. Extensions and what is no number stay as they are.
    static func spaced(_ number: String) -> String {
        let digits = number.dropFirst()
        guard number.first == "+", let code = (1...3).map(digits.prefix).first(where: { codes.contains(String($0)) })
        else { return number }
        let national = digits.dropFirst(code.count)
        guard national.count > 6 else { return "+\(code)\u{A0}\(national)" }
        return "+\(code)\u{A0}\(national.dropLast(3))\u{A0}\(national.suffix(3))"
    }

    /// What was typed; a number without what people put between digits.
    static func typed(_ text: String) -> String {
        let bare = text.filter { !$0.isWhitespace && !"()/-.".contains($0) }
        return bare.allSatisfy({ $0.isNumber || $0 == "+" }) ? bare : text
    }

    /// No code is the beginning of another one.
    private static let codes = Set(Country.all.map(\.callingCode))
}
