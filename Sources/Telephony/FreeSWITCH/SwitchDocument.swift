/// One element of a document for a node. Its names are written in code; its values say where they come from.
package struct SwitchElement: Sendable, Hashable {
    struct Attribute: Sendable, Hashable {
        let name: String
        let value: SwitchValue
    }

    let name: String
    let attributes: [Attribute]
    let children: [SwitchElement]

    package init(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, SwitchValue> = [:],
        _ children: [SwitchElement] = []
    ) {
        self.name = "\(name)"
        self.attributes = attributes.map { Attribute(name: "\($0.key)", value: $0.value) }
        self.children = children
    }

    /// Whether every value in it can be written; one tenant's broken value must not take an answer from the others.
    var isSafe: Bool { attributes.allSatisfy { $0.value.text != nil } && children.allSatisfy(\.isSafe) }

    /// `<param name= value=>`
    package static func param(_ name: StaticString, _ value: SwitchValue) -> Self {
        Self("param", ["name": SwitchValue(stringLiteral: "\(name)"), "value": value])
    }

    /// `<variable name= value=>`
    package static func variable(_ name: StaticString, _ value: SwitchValue) -> Self {
        Self("variable", ["name": SwitchValue(stringLiteral: "\(name)"), "value": value])
    }

    /// `<action application= data=>`
    package static func action(_ application: StaticString, _ argument: ApplicationArgument) -> Self {
        Self("action", ["application": SwitchValue(stringLiteral: "\(application)"), "data": SwitchValue(argument)])
    }
}

/// A whole document as a node reads it: one element a line, because each line with `<?` is dropped and the declaration
/// is such a line; everything escaped; no instruction to the node's pre-processor.
package struct SwitchDocument: Sendable, Hashable {
    /// What an answer is an answer to.
    package enum Section: String, Sendable, Hashable, CaseIterable {
        case directory, dialplan, configuration, result
    }

    /// A value that must not reach a node.
    package struct UnsafeValue: Error, Hashable {
        package let element: String
        package let attribute: String
    }

    package let section: Section
    package let content: [SwitchElement]

    package init(_ section: Section, _ content: [SwitchElement]) {
        self.section = section
        self.content = content
    }

    /// The answer to a request.
    package func text() throws(UnsafeValue) -> String {
        var lines = Lines(allowsGlobals: false)
        lines.begin()
        try lines.append(
            SwitchElement(
                "document", ["type": "freeswitch/xml"],
                [SwitchElement("section", ["name": SwitchValue(stringLiteral: section.rawValue)], content)]))
        return String(decoding: lines.bytes, as: UTF8.self)
    }

    /// What a node takes for "I do not know this": it logs no error and asks the next binding, then its own files.
    package static let notFound = """
        <?xml version="1.0" encoding="UTF-8" standalone="no"?>
        <document type="freeswitch/xml">
          <section name="result">
            <result status="not found"/>
          </section>
        </document>

        """

    /// One element as a file of a node's own configuration, where its global variables may be named.
    static func file(_ element: SwitchElement) throws(UnsafeValue) -> String {
        var lines = Lines(allowsGlobals: true)
        try lines.append(element)
        return String(decoding: lines.bytes, as: UTF8.self)
    }

    private struct Lines {
        let allowsGlobals: Bool
        var bytes: [UInt8] = []

        init(allowsGlobals: Bool) {
            self.allowsGlobals = allowsGlobals
            bytes.reserveCapacity(2048)
        }

        mutating func begin() {
            bytes += #"<?xml version="1.0" encoding="UTF-8" standalone="no"?>"#.utf8
            bytes.append(UInt8(ascii: "\n"))
        }

        mutating func append(_ element: SwitchElement, depth: Int = 0) throws(UnsafeValue) {
            guard SwitchValue.isHarmless(element.name) else { throw UnsafeValue(element: element.name, attribute: "") }
            bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
            bytes.append(UInt8(ascii: "<"))
            bytes += element.name.utf8
            for attribute in element.attributes {
                guard let text = attribute.value.text, allowsGlobals || !attribute.value.isGlobal else {
                    throw UnsafeValue(element: element.name, attribute: attribute.name)
                }
                bytes.append(UInt8(ascii: " "))
                bytes += attribute.name.utf8
                bytes += #"=""#.utf8
                escape(text)
                bytes.append(UInt8(ascii: "\""))
            }
            guard !element.children.isEmpty else {
                bytes += "/>\n".utf8
                return
            }
            bytes += ">\n".utf8
            for child in element.children { try append(child, depth: depth + 1) }
            bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
            bytes += "</\(element.name)>\n".utf8
        }

        private mutating func escape(_ text: String) {
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "&"): bytes += "&amp;".utf8
                case UInt8(ascii: "<"): bytes += "&lt;".utf8
                case UInt8(ascii: ">"): bytes += "&gt;".utf8
                case UInt8(ascii: "\""): bytes += "&quot;".utf8
                case UInt8(ascii: "'"): bytes += "&apos;".utf8
                default: bytes.append(byte)
                }
            }
        }
    }
}
