/// Markup that is safe to send. A literal is trusted because a programmer wrote it; every interpolated text is
/// escaped, so that it is inert both as text and inside a quoted attribute. Interpolated `HTML` passes as it is.
///
///     let row: HTML = "<td title=\"\(name)\">\(name)</td>"
///
/// Attributes are always written with double quotes. Nothing may be interpolated into a script, a style, a tag name
/// or an unquoted attribute; the content security policy forbids inline code anyway.
package struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation {
    /// The finished markup, UTF-8.
    package private(set) var markup: String

    /// Nothing.
    package init() {
        markup = ""
    }

    /// A trusted literal.
    package init(stringLiteral value: String) {
        markup = value
    }

    package init(stringInterpolation: StringInterpolation) {
        markup = stringInterpolation.markup
    }

    /// The one door for markup that did not come from a literal. The caller vouches that it is well-formed and that no
    /// part of it was typed by a person.
    package init(unsafeMarkup: String) {
        markup = unsafeMarkup
    }

    /// Text as markup, escaped.
    package init(text: String) {
        markup = ""
        Self.escape(text, into: &markup)
    }

    /// Whether there is no markup at all.
    package var isEmpty: Bool { markup.isEmpty }

    package static func + (left: HTML, right: HTML) -> HTML {
        HTML(unsafeMarkup: left.markup + right.markup)
    }

    package static func += (left: inout HTML, right: HTML) {
        left.markup += right.markup
    }

    /// The five characters that end a text or a quoted attribute become references. Most texts have none of them and are
    /// appended in one piece.
    fileprivate static func escape(_ text: some StringProtocol, into markup: inout String) {
        let bytes = text.utf8
        var start = bytes.startIndex
        var index = start
        while index < bytes.endIndex {
            if let reference = reference(for: bytes[index]) {
                markup += text[start..<index]
                markup += reference
                start = bytes.index(after: index)
            }
            index = bytes.index(after: index)
        }
        markup += text[start...]
    }

    private static func reference(for byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&#39;"
        default: nil
        }
    }
}

extension HTML {
    /// Collects literals as they are and everything else escaped.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var markup = ""

        package init(literalCapacity: Int, interpolationCount: Int) {
            markup.reserveCapacity(literalCapacity + 32 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) {
            markup += literal
        }

        /// A text, escaped.
        package mutating func appendInterpolation(_ text: String) {
            HTML.escape(text, into: &markup)
        }

        /// A part of a text, escaped.
        package mutating func appendInterpolation(_ text: Substring) {
            HTML.escape(text, into: &markup)
        }

        /// A whole number in plain digits.
        package mutating func appendInterpolation(_ number: some BinaryInteger) {
            markup += String(number)
        }

        /// Markup as it is.
        package mutating func appendInterpolation(_ html: HTML) {
            markup += html.markup
        }

        /// Markup as it is, or nothing.
        package mutating func appendInterpolation(_ html: HTML?) {
            if let html { markup += html.markup }
        }

        /// Pieces of markup one after the other.
        package mutating func appendInterpolation(_ pieces: [HTML]) {
            for piece in pieces { markup += piece.markup }
        }

        /// A piece of markup that is there only under a condition: ` checked`, ` aria-current="page"`.
        package mutating func appendInterpolation(_ html: HTML, when condition: Bool) {
            if condition { markup += html.markup }
        }

        /// ` name="value"` with a leading space, or nothing when there is no value.
        package mutating func appendInterpolation(attribute name: StaticString, _ value: String?) {
            guard let value else { return }
            markup += " \(name)=\""
            HTML.escape(value, into: &markup)
            markup += "\""
        }
    }
}

extension [HTML] {
    /// The pieces in order, with a separator between two of them.
    package func joined(separator: HTML = HTML()) -> HTML {
        var result = HTML()
        for (offset, piece) in enumerated() {
            if offset > 0 { result += separator }
            result += piece
        }
        return result
    }
}
