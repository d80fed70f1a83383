/// A statement or a part of one. Literals are trusted text; every `\(value)` becomes a numbered parameter and never
/// text, so a value cannot change the meaning of a statement; `\(sql)` nests another fragment.
///
///     "SELECT name FROM tenant WHERE tenant_id = \(id) AND \(filter)"
package struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// Numbered only when rendered, so that fragments nest in any order.
    enum Segment: Sendable {
        case text(String)
        case parameter(SQLParameter)
    }

    private(set) var segments: [Segment]

    /// `StaticString`, so that no run-time text gets in through `SQL(stringLiteral:)` either.
    package init(stringLiteral value: StaticString) { segments = [.text("\(value)")] }

    package init(stringInterpolation: Interpolation) { segments = stringInterpolation.segments }

    /// The one door for text that is not a literal: migrations and catalogue statements built from checked names.
    /// Never give it anything that came from outside.
    package init(unsafeText: String) { segments = [.text(unsafeText)] }

    private init(segments: [Segment]) { self.segments = segments }

    /// The fragments in order with `separator` between them; empty for no fragments.
    package static func joined(_ parts: [SQL], separator: SQL = ", ") -> SQL {
        var segments: [Segment] = []
        for (index, part) in parts.enumerated() {
            if index > 0 { segments += separator.segments }
            segments += part.segments
        }
        return SQL(segments: segments)
    }

    package static func + (left: SQL, right: SQL) -> SQL { SQL(segments: left.segments + right.segments) }

    package struct Interpolation: StringInterpolationProtocol {
        var segments: [Segment] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            segments.reserveCapacity(interpolationCount * 2 + 1)
        }

        package mutating func appendLiteral(_ literal: StaticString) {
            if literal.utf8CodeUnitCount > 0 { segments.append(.text("\(literal)")) }
        }

        /// A parameter; an optional that is `nil` is NULL, an array is one array parameter.
        package mutating func appendInterpolation<Value: SQLEncodable>(_ value: Value) {
            segments.append(.parameter(value.sqlParameter))
        }

        /// The same, spelled out because the compiler warns of optionals in generic interpolations.
        package mutating func appendInterpolation<Value: SQLEncodable>(_ value: Value?) {
            segments.append(.parameter(value.sqlParameter))
        }

        /// A nested fragment with its own parameters.
        package mutating func appendInterpolation(_ fragment: SQL) { segments += fragment.segments }
    }

    /// The text with `$1 … $n` and the parameters in that order.
    func rendered() -> Statement {
        var text = ""
        var parameters: [SQLParameter] = []
        for segment in segments {
            switch segment {
            case .text(let part): text += part
            case .parameter(let value):
                parameters.append(value)
                text += "$\(parameters.count)"
            }
        }
        return Statement(text: text, parameters: parameters)
    }
}

/// A rendered statement as libpq takes it.
struct Statement: Sendable {
    var text: String
    var parameters: [SQLParameter] = []
    /// `BEGIN` and its like are sent as they are: preparing them saves nothing.
    var isPrepared = true

    /// Transaction control and other constants of this module.
    static func control(_ text: String) -> Statement { Statement(text: text, isPrepared: false) }
}

/// One parameter in PostgreSQL's text format.
package enum SQLParameter: Sendable, Equatable {
    case null
    case text(String)
    /// The same text format as bytes: spares a copy of large JSON.
    case bytes([UInt8])
}
