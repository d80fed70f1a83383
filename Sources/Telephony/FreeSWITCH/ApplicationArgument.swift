import Kernel

/// The `data=` of a dialplan action. The node expands `${…}` in it when the action runs, API calls included, so a value
/// gets in only by its type: numbers, identifiers, words of few characters, and variables out of a fixed list.
package struct ApplicationArgument: Sendable, Hashable {
    /// `nil` when a word in it has a character that does not belong there.
    package let text: String?

    private init(text: String?) { self.text = text }

    /// The parts one after the other; unsafe when one of them is.
    package static func joined(_ parts: [ApplicationArgument], by separator: StaticString) -> Self {
        let texts = parts.compactMap(\.text)
        return Self(text: texts.count == parts.count ? texts.joined(separator: "\(separator)") : nil)
    }

    /// A channel variable that an argument may name.
    package enum Variable: String, Sendable, Hashable, CaseIterable {
        case callerNumber = "caller_id_number"
        case disposition = "originate_disposition"
    }
}

extension ApplicationArgument: ExpressibleByStringInterpolation {
    package init(stringLiteral text: String) { self.init(text: text) }

    package init(stringInterpolation: StringInterpolation) {
        self.init(text: stringInterpolation.isSafe ? stringInterpolation.text : nil)
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        var text = ""
        var isSafe = true

        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 24 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { text += literal }

        package mutating func appendInterpolation(_ number: Int) { text += String(number) }

        package mutating func appendInterpolation<Kind>(_ id: ID<Kind>) { text += id.description }

        package mutating func appendInterpolation(_ number: E164) { text += number.description }

        package mutating func appendInterpolation(_ variable: Variable) { text += "${\(variable.rawValue)}" }

        /// 1–255 of `A-Z a-z 0-9 . _ + @ : -`; anything else makes the whole argument unsafe.
        package mutating func appendInterpolation(word: String) {
            isSafe =
                isSafe && (1...255).contains(word.utf8.count)
                && word.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                        UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: ":"), UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
            text += word
        }
    }
}
