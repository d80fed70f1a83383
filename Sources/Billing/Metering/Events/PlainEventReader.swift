import Crypto
import FoundationEssentials
import Kernel

/// Reads events of the plain form that machines write (ASCII texts without escapes, flat `data`) straight from the bytes
/// of a batch, several times faster than through a tree of values. It answers `nil` for everything else, also for what is
/// wrong: then `UsageEventReader` reads the same bytes and finds the words for it. Both give the same event.
struct PlainEventReader: ~Copyable {
    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position = 0
    /// Most events of a batch have one source.
    private var lastSource = ""
    private var lastSourceRange = 0..<0
    private var members: [Member] = []
    private var canonical: [UInt8] = []

    /// A member of `data`: its key without quotes, its value as written.
    private struct Member {
        let key: Range<Int>
        let value: Range<Int>
        let isText: Bool
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        members.reserveCapacity(8)
        canonical.reserveCapacity(256)
    }

    /// A whole array of plain events.
    mutating func array(limit: Int) -> [UsageItem]? {
        var items: [UsageItem] = []
        items.reserveCapacity(min(limit, bytes.count / 150 + 1))
        guard takeToken("[") else { return nil }
        if takeToken("]") { return isAtEnd ? items : nil }
        while true {
            guard let event = event(), items.count < limit else { return nil }
            items.append(UsageItem(id: event.id, content: .success(event)))
            if takeToken(",") { continue }
            return takeToken("]") && isAtEnd ? items : nil
        }
    }

    /// One event and nothing after it.
    mutating func line() -> UsageItem? {
        guard let event = event(), isAtEnd else { return nil }
        return UsageItem(id: event.id, content: .success(event))
    }

    // MARK: Event

    private struct Fields {
        var id: Range<Int>?
        var source: Range<Int>?
        var type: Range<Int>?
        var time: Range<Int>?
        var tenant: Range<Int>?
        var hasVersion = false
        var hasData = false
    }

    private mutating func event() -> UsageEvent? {
        guard takeToken("{"), let fields = fields(), let id = fields.id, let source = fields.source,
            let type = fields.type, let time = fields.time, let tenantText = fields.tenant, fields.hasData,
            let tenant = TenantID(utf8: UnsafeBufferPointer(rebasing: bytes[tenantText])),
            let occurredAt = RFC3339.parse(UnsafeBufferPointer(rebasing: bytes[time])),
            occurredAt >= UsageLimits.earliest,
            let payload = payload(type)
        else { return nil }
        let extra = extra(payload.column)
        guard extra.map({ $0.count <= UsageLimits.extraBytes }) ?? true, sortMembers() else { return nil }
        return UsageEvent(
            tenantID: tenant, source: sourceText(source), id: text(id), meter: payload.meter,
            keySource: payload.keySource, quantity: payload.quantity, occurredAt: occurredAt,
            payloadHash: hash(type: type, time: time, occurredAt), extra: extra)
    }

    private mutating func fields() -> Fields? {
        var fields = Fields()
        while true {
            skipSpace()
            guard let key = plainText(), takeToken(":") else { return nil }
            if isKey(key, "data") {
                guard !fields.hasData, data() else { return nil }
                fields.hasData = true
            } else {
                skipSpace()
                guard let value = plainText(), take(value, as: key, into: &fields) else { return nil }
            }
            if takeToken("}") { return fields }
            guard takeToken(",") else { return nil }
        }
    }

    private func take(_ value: Range<Int>, as key: Range<Int>, into fields: inout Fields) -> Bool {
        func set(_ field: inout Range<Int>?, limit: Int) -> Bool {
            guard field == nil, (1...limit).contains(value.count) else { return false }
            field = value
            return true
        }
        if isKey(key, "id") { return set(&fields.id, limit: UsageLimits.keyBytes) }
        if isKey(key, "source") { return set(&fields.source, limit: UsageLimits.keyBytes) }
        if isKey(key, "type") { return set(&fields.type, limit: 5) }
        if isKey(key, "time") { return set(&fields.time, limit: 40) }
        if isKey(key, "tenant") { return set(&fields.tenant, limit: 40) }
        guard isKey(key, "specversion"), !fields.hasVersion, isKey(value, "1.0") else { return false }
        fields.hasVersion = true
        return true
    }

    // MARK: Data

    /// The members of `data`, in the order of their keys afterwards, as the hash wants them.
    private mutating func data() -> Bool {
        members.removeAll(keepingCapacity: true)
        guard takeToken("{") else { return false }
        while true {
            skipSpace()
            guard members.count < 32, let key = plainText(), takeToken(":") else { return false }
            skipSpace()
            let start = position
            if let text = plainText() {
                members.append(Member(key: key, value: text, isText: true))
            } else if position == start, let number = wholeNumber() {
                members.append(Member(key: key, value: number, isText: false))
            } else {
                return false
            }
            if takeToken("}") { return true }
            guard takeToken(",") else { return false }
        }
    }

    private func payload(
        _ type: Range<Int>
    ) -> (meter: UsageMeter, keySource: KeySource?, quantity: Int64, column: StaticString)? {
        if isKey(type, "turn") {
            guard let member = member("key_source"), member.isText,
                let source = keySource(member.value)
            else { return nil }
            return (.turn, source, 1, "key_source")
        }
        guard isKey(type, "voice"), let milliseconds = member("milliseconds"), !milliseconds.isText,
            let quantity = Int64(text(milliseconds.value)), quantity <= UsageLimits.callMilliseconds,
            let way = member("direction"), way.isText,
            let direction = direction(way.value)
        else { return nil }
        if let call = member("call_id") {
            guard call.isText, (1...UsageLimits.keyBytes).contains(call.value.count) else { return nil }
        }
        return (direction.meter, nil, quantity, "milliseconds")
    }

    private func keySource(_ text: Range<Int>) -> KeySource? {
        if isKey(text, "partner") { return .partner }
        if isKey(text, "end_customer") { return .endCustomer }
        return isKey(text, "self_hosted") ? .selfHosted : nil
    }

    private func direction(_ text: Range<Int>) -> CallDirection? {
        if isKey(text, "inbound") { return .inbound }
        if isKey(text, "outbound") { return .outbound }
        if isKey(text, "internal") { return .internal }
        return isKey(text, "emergency") ? .emergency : nil
    }

    private func member(_ key: StaticString) -> Member? { members.first { isKey($0.key, key) } }
}

// MARK: - What is kept

extension PlainEventReader {
    /// The members without the one that has a column of its own, as compact JSON in the order of the client.
    private func extra(_ column: StaticString) -> [UInt8]? {
        guard members.count > 1 else { return nil }
        var json: [UInt8] = [UInt8(ascii: "{")]
        for member in members where !isKey(member.key, column) { Self.append(member, of: bytes, to: &json) }
        json.append(UInt8(ascii: "}"))
        return json
    }

    private static func append(
        _ member: Member, of bytes: UnsafeBufferPointer<UInt8>, to json: inout [UInt8]
    ) {
        if json.last != UInt8(ascii: "{") { json.append(UInt8(ascii: ",")) }
        json.append(UInt8(ascii: "\""))
        json.append(contentsOf: bytes[member.key])
        json.append(contentsOf: [UInt8(ascii: "\""), UInt8(ascii: ":")])
        if member.isText { json.append(UInt8(ascii: "\"")) }
        json.append(contentsOf: bytes[member.value])
        if member.isText { json.append(UInt8(ascii: "\"")) }
    }

    /// By their keys; `false` when a key comes twice.
    private mutating func sortMembers() -> Bool {
        guard members.count > 1 else { return true }
        members.sort { bytes[$0.key].lexicographicallyPrecedes(bytes[$1.key]) }
        for index in 1..<members.count where bytes[members[index].key].elementsEqual(bytes[members[index - 1].key]) {
            return false
        }
        return true
    }

    /// Over the same canonical bytes as `UsageEventReader`: `{"data":{…},"time":"…","type":"…"}`.
    private mutating func hash(type: Range<Int>, time: Range<Int>, _ occurredAt: Timestamp) -> [UInt8] {
        canonical.removeAll(keepingCapacity: true)
        canonical.append(contentsOf: #"{"data":{"#.utf8)
        for member in members { Self.append(member, of: bytes, to: &canonical) }
        canonical.append(contentsOf: #"},"time":""#.utf8)
        // The common form is canonical as it stands.
        if time.count == 20, bytes[time.upperBound - 1] == UInt8(ascii: "Z"),
            bytes[time.lowerBound + 10] == UInt8(ascii: "T")
        {
            canonical.append(contentsOf: bytes[time])
        } else {
            canonical.append(contentsOf: occurredAt.description.utf8)
        }
        canonical.append(contentsOf: #"","type":""#.utf8)
        canonical.append(contentsOf: bytes[type])
        canonical.append(contentsOf: #""}"#.utf8)
        var hash = SHA256()
        canonical.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private mutating func sourceText(_ range: Range<Int>) -> String {
        if !isSame(range, lastSourceRange) { lastSource = text(range) }
        lastSourceRange = range
        return lastSource
    }

    private func isSame(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        for offset in 0..<left.count where bytes[left.lowerBound + offset] != bytes[right.lowerBound + offset] {
            return false
        }
        return true
    }
}

// MARK: - Tokens

extension PlainEventReader {
    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] <= 0x20 {
            guard [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) else { return }
            position += 1
        }
    }

    private var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == bytes.count
        }
    }

    private mutating func takeToken(_ token: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: token) else { return false }
        position += 1
        return true
    }

    /// The inside of a text of visible ASCII and spaces without a backslash; stays where it is when there is none.
    private mutating func plainText() -> Range<Int>? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return nil }
        let start = position + 1
        var end = start
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") {
                position = end + 1
                return start..<end
            }
            guard byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") else { return nil }
            end += 1
        }
        return nil
    }

    /// A whole number from 0 to 999,999,999,999,999 without a superfluous zero.
    private mutating func wholeNumber() -> Range<Int>? {
        let start = position
        while position < bytes.count, bytes[position] &- 48 < 10 { position += 1 }
        let range = start..<position
        guard (1...15).contains(range.count), range.count == 1 || bytes[start] != UInt8(ascii: "0") else { return nil }
        // A fraction or an exponent is another kind of number.
        guard position < bytes.count, [",", "}", " ", "\t", "\n", "\r"].contains(Unicode.Scalar(bytes[position])) else {
            return nil
        }
        return range
    }

    private func isKey(_ range: Range<Int>, _ key: StaticString) -> Bool {
        guard range.count == key.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where bytes[range.lowerBound + offset] != key.utf8Start[offset] { return false }
        return true
    }

}
