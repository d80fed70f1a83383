import Kernel

/// Collects what is wrong with the texts of a request, so that all of it is said at once.
package struct FieldChecks {
    private var errors: [Problem.FieldError] = []

    package init() {}

    /// Notes that a field is wrong and goes on.
    package mutating func refuse(_ field: String, _ message: String) {
        errors.append(Problem.FieldError(field: field, message: message))
    }

    /// Takes over `value` without blanks around it when it is given and has the right length. Control characters are
    /// refused, because such texts end up in logs, mails and invoices; so are those that make two names look alike.
    package mutating func set(
        _ target: inout String, _ value: String?, _ field: String, _ length: ClosedRange<Int>,
        allowingLines: Bool = false
    ) {
        guard let value else { return }
        let text = value.trimmed
        if !length.contains(text.unicodeScalars.count) {
            let least = length.lowerBound == 0 ? "at most" : "\(length.lowerBound) to"
            refuse(field, "must have \(least) \(length.upperBound) characters")
        } else if text.unicodeScalars.contains(where: { $0.isControl && !(allowingLines && ($0 == "\n" || $0 == "\r")) }
        ) {
            refuse(field, "must not contain control characters")
        } else if text.unicodeScalars.contains(where: \.isInvisible) {
            refuse(field, "must not contain invisible characters or such that change the direction of writing")
        } else {
            target = text
        }
    }

    /// Throws everything that was refused, as one problem.
    package func throwIfAny() throws(Problem) {
        if !errors.isEmpty { throw .invalid(errors) }
    }
}

extension String {
    /// Without white space at both ends.
    package var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }

    /// Zero width, or turns the direction: a text with one does not read as it is stored.
    fileprivate var isInvisible: Bool {
        switch value {
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
        default: false
        }
    }
}
