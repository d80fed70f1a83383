/// Why a rule does not give a price: which input, a stable reason for programs, and what to do instead for people.
package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The input as the quote and the golden vectors name it, for example `committed` or `voice_ms_by_tenant[3]`.
    package let field: String
    /// Stable, snake_case.
    package let reason: String
    /// Plain English with the way out.
    package let message: String

    package init(field: String, reason: String, message: String) {
        self.field = field
        self.reason = reason
        self.message = message
    }

    /// The field of a refusal that is about what comes out, not about one input.
    static let result = "result"

    package var description: String { "\(field): \(message)" }

    /// The same refusal, said of another input.
    package func about(_ field: String) -> Refusal { Refusal(field: field, reason: reason, message: message) }
}
