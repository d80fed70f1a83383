import Kernel

/// The value of one attribute in a document for a node. It says where the text comes from, because escaping alone does
/// not make a text harmless there: before the node parses a document it replaces `$${name}` and acts on lines with
/// `x-pre-process`, both in the raw text.
package struct SwitchValue: Sendable, Hashable {
    /// The text before escaping; `nil` when it must not reach a node.
    package let text: String?
    /// Whether it is a global variable of the node, which only a file on that node may name.
    let isGlobal: Bool

    private init(_ text: String?, isGlobal: Bool = false) {
        self.text = text
        self.isGlobal = isGlobal
    }

    package init(_ number: Int) { self.init("\(number)") }

    package init<Kind>(_ id: ID<Kind>) { self.init("\(id)") }

    package init(_ argument: ApplicationArgument) {
        self.init(argument.text.flatMap { Self.isHarmless($0) ? $0 : nil })
    }

    /// A name, a number, a host or an address: 1–255 of `A-Z a-z 0-9 . _ + @ : / [ ] -`. Anything else is unsafe.
    package static func word(_ text: String) -> Self {
        SwitchValue((1...255).contains(text.utf8.count) && text.utf8.allSatisfy(isWord) ? text : nil)
    }

    /// A text that has to arrive as it is, such as a carrier's secret; unsafe when it cannot.
    package static func exact(_ text: String) -> Self {
        SwitchValue(text.utf8.count <= 4096 && isHarmless(text) ? text : nil)
    }

    /// What people typed, for people: what a node could take for an instruction becomes a blank. At most 80 characters.
    package static func freeText(_ text: String) -> Self { SwitchValue(FreeText.harmless(text)) }

    /// A text with `$${name}`: global variables that FreeSWITCH sets by itself or that a file of the bundle sets.
    static func globals(_ text: StaticString) -> Self { SwitchValue("\(text)", isGlobal: true) }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"),
            UInt8(ascii: "@"), UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// No control character (which would also break the rule of one element a line), no `$${`, no `<?`, no
    /// `x-pre-process` in any case.
    static func isHarmless(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            for index in bytes.indices {
                switch bytes[index] {
                case ..<0x20, 0x7F: return false
                case UInt8(ascii: "$") where bytes[index...].starts(with: "$${".utf8): return false
                case UInt8(ascii: "<") where bytes[index...].starts(with: "<?".utf8): return false
                case UInt8(ascii: "x"), UInt8(ascii: "X"):
                    let word = bytes[index...].prefix(preprocess.count)
                    if word.elementsEqual(preprocess, by: { $0 | 0x20 == $1 | 0x20 }) { return false }
                default: break
                }
            }
            return true
        }
    }

    private static let preprocess = Array("x-pre-process".utf8)
}

extension SwitchValue: ExpressibleByStringLiteral {
    /// Text of ours.
    package init(stringLiteral text: String) { self.init(Self.isHarmless(text) ? text : nil) }
}

/// Texts that people typed.
enum FreeText {
    static let limit = 80

    /// Letters, digits, marks and the punctuation of names; everything else becomes a blank. Quotes and commas separate
    /// options in dial strings, so an apostrophe becomes the typographic one.
    static func harmless(_ text: String) -> String {
        var result = ""
        for character in text.prefix(limit) {
            switch character {
            case "'", "’": result.append("’")
            case ".", "-", "_", "(", ")", "&", "/", "+", "@", "#", "!", "?": result.append(character)
            case _ where character.isLetter || character.isNumber: result.append(character)
            default: result.append(" ")
            }
        }
        let words = result.split(separator: " ").joined(separator: " ")
        return SwitchValue.isHarmless(words) ? words : words.filter { $0 != "-" }
    }
}
