import FoundationEssentials
import Kernel

/// The shape of a value on the wire, as far as OpenAPI and messages need it.
package indirect enum Schema: Sendable, Equatable {
    /// What a text must look like.
    package struct Text: Sendable, Equatable {
        package var format: String?
        /// A regular expression that OpenAPI prints; it must not refuse what the type accepts.
        package var pattern: String?
        package var values: [String]?
        package var minimumLength: Int?
        package var maximumLength: Int?
        package var description: String?
        package var example: String?

        package init(
            format: String? = nil, pattern: String? = nil, values: [String]? = nil, description: String? = nil,
            example: String? = nil
        ) {
            self.format = format
            self.pattern = pattern
            self.values = values
            self.description = description
            self.example = example
        }
    }

    /// An object with known members; its name becomes a component of the OpenAPI document.
    package struct Object: Sendable, Equatable {
        package var name: String
        package var properties: [Property]

        package init(name: String, properties: [Property]) {
            self.name = name
            self.properties = properties
        }
    }

    /// One member, by its name on the wire.
    package struct Property: Sendable, Equatable {
        package let name: String
        package let schema: Schema
        package let isRequired: Bool

        package init(_ name: String, _ schema: Schema, isRequired: Bool = true) {
            self.name = name
            self.schema = schema
            self.isRequired = isRequired
        }
    }

    case text(Text)
    case integer(minimum: Int64?, maximum: Int64?)
    case number
    case boolean
    case list(Schema)
    /// An object whose keys are data.
    case map(Schema)
    case object(Object)
    case oneOf([Schema])
    case anything

    package static let text = Schema.text(Text())
    package static let integer = Schema.integer(minimum: nil, maximum: nil)
}

/// A type with its own coding that says its shape itself, because a recording decoder cannot see it.
package protocol SchemaDescribed {
    /// The shape on the wire.
    static var schema: Schema { get }
    /// Any valid value: decoders go on with it after an error, to find the next one.
    static var sample: Self { get }
}

extension ID: SchemaDescribed {
    package static var schema: Schema {
        .text(
            Schema.Text(
                pattern: "^\(Kind.prefix)_[0-7][0-9a-hjkmnp-tv-z]{25}$", example: sample.description))
    }

    package static var sample: ID<Kind> {
        ID(
            UUID(bytes: [
                0x01, 0x9A, 0x2B, 0x3C, 0x4D, 0x5E, 0x7F, 0x60, 0x81, 0x92, 0xA3, 0xB4, 0xC5, 0xD6, 0xE7, 0xF8,
            ]))
    }
}

extension PageLimit: SchemaDescribed {
    package static var schema: Schema { .integer(minimum: 1, maximum: Int64(Limits.pageMaximum)) }

    package static var sample: PageLimit { .standard }
}

extension Timestamp: SchemaDescribed {
    package static var schema: Schema {
        .text(
            Schema.Text(
                format: "date-time", description: "RFC 3339, UTC when sent by us.", example: sample.description))
    }

    package static var sample: Timestamp { Timestamp(seconds: 1_792_792_800) }
}
