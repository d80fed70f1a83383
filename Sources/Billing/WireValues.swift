import FoundationEssentials
import Kernel
import Rating
import Web

/// How Rating's values look in JSON, for the schema of the API.

extension Money: SchemaDescribed {
    package static var schema: Schema {
        .text(
            Schema.Text(
                pattern: #"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,2})?$"#, description: "Euro, net of VAT unless said.",
                example: sample.description))
    }

    package static var sample: Money { Money(cents: 547_500) }
}

extension Rate: SchemaDescribed {
    package static var schema: Schema {
        .text(
            Schema.Text(
                pattern: #"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$"#, description: "Euro for one unit.",
                example: sample.description))
    }

    package static var sample: Rate { Rate(micros: 35_000) }
}

extension Percent: SchemaDescribed {
    package static var schema: Schema {
        .text(Schema.Text(pattern: #"^[0-9]{1,3}(\.[0-9]{1,6})?$"#, example: "17.5"))
    }

    package static var sample: Percent { .whole }
}

extension CalendarDate: SchemaDescribed {
    package static var schema: Schema {
        .text(Schema.Text(format: "date", pattern: "^[2-9][0-9]{3}-[01][0-9]-[0-3][0-9]$", example: sample.description))
    }

    package static var sample: CalendarDate { BillingMonth.sample.firstDay }
}

extension BillingMonth: SchemaDescribed {
    package static var schema: Schema {
        .text(
            Schema.Text(
                pattern: "^[2-9][0-9]{3}-(0[1-9]|1[0-2])$", description: "A calendar month in Europe/Vienna.",
                example: sample.description))
    }

    package static var sample: BillingMonth {
        CalendarDate("2026-10-01")?.billingMonth ?? PriceBook.v2_1.validFrom.billingMonth
    }
}

/// JSON that is kept in the database: snake_case, sorted keys, one form for equal values, so that it can be hashed.
enum StoredJSON {
    static func bytes(of value: some Encodable) throws -> [UInt8] { try WireEncoder.encode(value) }

    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in StoredKey(wire: path.last?.stringValue ?? "") }
        return try decoder.decode(type, from: Data(bytes))
    }
}

/// A key of stored JSON by its Swift name: `vat_id_valid` is `vatIDValid`.
private struct StoredKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(wire: String) {
        let words = wire.split(separator: "_")
        stringValue = words.enumerated().map { index, word in
            index == 0 ? String(word) : word == "id" ? "ID" : word.prefix(1).uppercased() + word.dropFirst()
        }.joined()
    }

    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
