import Kernel

/// Events by number: the same ones as JSON for HTTP and as rows for COPY. Every id is 32 random-looking hexadecimal
/// digits, the worst case for an index; times lie within the last two hours.
struct EventBatches: Sendable {
    static let size = 1000

    let organisation: OrganisationID
    let tenants: [TenantID]
    private let tenantTexts: [[UInt8]]
    private let tenantUUIDs: [[UInt8]]
    private let hours: [[UInt8]]

    init(organisation: OrganisationID, tenants: [TenantID], now: Timestamp) {
        self.organisation = organisation
        self.tenants = tenants
        tenantTexts = tenants.map { Array($0.description.utf8) }
        tenantUUIDs = tenants.map { Array($0.uuid.uuidString.lowercased().utf8) }
        // 4,096 different seconds, written once.
        hours = (0..<4096).map { second in
            Array(Timestamp(seconds: now.microseconds / 1_000_000 - 60 - Int64(second)).description.utf8)
        }
    }

    private static func mix(_ number: UInt64) -> UInt64 {
        var value = number &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func appendHexadecimal(_ value: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: 60, through: 0, by: -4) { bytes.append(digits[Int(value >> UInt64(shift) & 15)]) }
    }

    /// One batch as a JSON array.
    func json(_ batch: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.size * 230)
        bytes.append(UInt8(ascii: "["))
        for number in batch * Self.size..<(batch + 1) * Self.size {
            let random = Self.mix(UInt64(number) &* 2 &+ 1)
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes += #"{"specversion":"1.0","id":""#.utf8
            Self.appendHexadecimal(random, to: &bytes)
            Self.appendHexadecimal(UInt64(number), to: &bytes)
            bytes += #"","source":"runtime/eu-1","type":"turn","time":""#.utf8
            bytes += hours[Int(random >> 40 & 4095)]
            bytes += #"","tenant":""#.utf8
            bytes += tenantTexts[Int(random >> 8 & 0xFFFF_FFFF) % tenants.count]
            bytes += #"","data":{"key_source":"partner"}}"#.utf8
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    /// One batch as rows in COPY's text form.
    func rows(_ batch: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        let organisation = Array(self.organisation.uuid.uuidString.lowercased().utf8)
        for number in batch * Self.size..<(batch + 1) * Self.size {
            let random = Self.mix(UInt64(number) &* 2 &+ 1)
            bytes += tenantUUIDs[Int(random >> 8 & 0xFFFF_FFFF) % tenants.count]
            bytes += "\truntime/eu-1\t".utf8
            Self.appendHexadecimal(random, to: &bytes)
            Self.appendHexadecimal(UInt64(number), to: &bytes)
            bytes.append(UInt8(ascii: "\t"))
            bytes += organisation
            bytes += "\tturn\tpartner\t1\t".utf8
            bytes += hours[Int(random >> 40 & 4095)]
            bytes += #"\#tf\#t\\x"#.utf8
            for part in 0..<4 { Self.appendHexadecimal(Self.mix(random &+ UInt64(part)), to: &bytes) }
            bytes += "\t\\N\n".utf8
        }
        return bytes
    }
}
