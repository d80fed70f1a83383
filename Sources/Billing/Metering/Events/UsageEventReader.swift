import Crypto
import Kernel

/// From JSON to an event: the CloudEvents attributes `id`, `source`, `type`, `time`, the extension `tenant`, and `data`.
/// Further CloudEvents attributes (`specversion`, `subject`, …) are allowed and not kept; further members of `data` are.
package enum UsageEventReader {
    package static func item(_ value: JSON) -> UsageItem {
        UsageItem(
            id: value["id"]?.string.map { String($0.prefix(UsageLimits.keyBytes)) },
            content: Result { () throws(UsageRejection) in try event(value) })
    }

    static func event(_ value: JSON) throws(UsageRejection) -> UsageEvent {
        guard let members = value.members else {
            throw UsageRejection("INVALID_EVENT", nil, "An event is a JSON object; this is \(value.kindName).")
        }
        var envelope = Envelope()
        for member in members { envelope.take(member) }
        if let version = envelope.specVersion, version != "1.0" {
            throw UsageRejection(
                "INVALID_SPECVERSION", "specversion", "Only '1.0' is known; leave it out or send '1.0'.")
        }
        let id = try key(envelope.id, "id", "INVALID_ID")
        let source = try key(envelope.source, "source", "INVALID_SOURCE")
        let tenant = try tenant(envelope.tenant)
        let time = try time(envelope.time)
        let payload = try payload(
            type: envelope.type, data: envelope.data,
            mayCorrect: source.hasPrefix(UsageLimits.ownSources))
        return UsageEvent(
            tenantID: tenant, source: source, id: id, meter: payload.meter, keySource: payload.keySource,
            quantity: payload.quantity, occurredAt: time, payloadHash: hash(payload, time: time),
            extra: payload.extra.isEmpty ? nil : JSON.object(payload.extra).bytes)
    }

    /// The attributes that we read, in one pass over the members.
    private struct Envelope {
        var id: JSON?
        var source: JSON?
        var type: JSON?
        var time: JSON?
        var tenant: JSON?
        var data: JSON?
        var specVersion: JSON?

        mutating func take(_ member: JSON.Member) {
            switch member.key {
            case "id": id = member.value
            case "source": source = member.value
            case "type": type = member.value
            case "time": time = member.value
            case "tenant": tenant = member.value
            case "data": data = member.value
            case "specversion": specVersion = member.value
            default: break
            }
        }
    }

    private static func key(_ value: JSON?, _ field: String, _ reason: String) throws(UsageRejection) -> String {
        guard let text = value?.string, (1...UsageLimits.keyBytes).contains(text.utf8.count) else {
            throw UsageRejection(
                reason, field, "'\(field)' is required: a text of 1 to \(UsageLimits.keyBytes) bytes.")
        }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw UsageRejection(reason, field, "'\(field)' must not contain control characters.")
        }
        return text
    }

    private static func tenant(_ value: JSON?) throws(UsageRejection) -> TenantID {
        guard let text = value?.string, let id = TenantID(text) else {
            throw UsageRejection("INVALID_TENANT", "tenant", "'tenant' is required: an id of the form tenant_….")
        }
        return id
    }

    private static func time(_ value: JSON?) throws(UsageRejection) -> Timestamp {
        guard let text = value?.string, let time = Timestamp(text), time >= UsageLimits.earliest else {
            throw UsageRejection(
                "INVALID_TIME", "time",
                "'time' is required: a time as in RFC 3339 from 2000 on, for example 2026-10-31T22:59:59Z.")
        }
        return time
    }
}

// MARK: - Data

extension UsageEventReader {
    private struct Payload {
        let meter: UsageMeter
        let keySource: KeySource?
        let quantity: Int64
        let type: String
        /// Members of `data` with a column of their own, as they are hashed.
        let known: [JSON.Member]
        let extra: [JSON.Member]
    }

    /// - Parameter mayCorrect: whether time may be taken back, which only the platform's own metering does.
    private static func payload(
        type: JSON?, data: JSON?, mayCorrect: Bool
    ) throws(UsageRejection) -> Payload {
        guard let type = type?.string, type == "turn" || type == "voice" else {
            throw UsageRejection("INVALID_TYPE", "type", "'type' is required: 'turn' or 'voice'.")
        }
        guard let members = data?.members else {
            throw UsageRejection(
                "INVALID_DATA", "data", "'data' is required: an object with the attributes of a \(type).")
        }
        let payload = type == "turn" ? try turn(members) : try voice(members, mayCorrect: mayCorrect)
        if !payload.extra.isEmpty {
            guard JSON.object(payload.extra).bytes.count <= UsageLimits.extraBytes else {
                throw UsageRejection(
                    "INVALID_DATA", "data",
                    "'data' is longer than \(UsageLimits.extraBytes) bytes. Leave out what is not needed.")
            }
        }
        return payload
    }

    private static func turn(_ members: [JSON.Member]) throws(UsageRejection) -> Payload {
        guard let text = members.first(where: { $0.key == "key_source" })?.value.string,
            let source = KeySource(rawValue: text)
        else {
            throw UsageRejection(
                "INVALID_KEY_SOURCE", "data.key_source",
                "'key_source' is required for a turn: 'partner', 'end_customer' or 'self_hosted'.")
        }
        return Payload(
            meter: .turn, keySource: source, quantity: 1, type: "turn",
            known: [JSON.Member("key_source", .string(source.rawValue))],
            extra: members.filter { $0.key != "key_source" })
    }

    private static func voice(_ members: [JSON.Member], mayCorrect: Bool) throws(UsageRejection) -> Payload {
        var milliseconds: Int64?
        var direction: CallDirection?
        for member in members {
            switch member.key {
            case "milliseconds": milliseconds = member.value.integer
            case "direction": direction = member.value.string.flatMap(CallDirection.init)
            case "call_id":
                guard let id = member.value.string, (1...UsageLimits.keyBytes).contains(id.utf8.count) else {
                    throw UsageRejection(
                        "INVALID_CALL_ID", "data.call_id", "'call_id' is a text of 1 to \(UsageLimits.keyBytes) bytes.")
                }
            default: break
            }
        }
        let least = mayCorrect ? -UsageLimits.callMilliseconds : 0
        guard let milliseconds, (least...UsageLimits.callMilliseconds).contains(milliseconds) else {
            throw UsageRejection(
                "INVALID_MILLISECONDS", "data.milliseconds",
                "'milliseconds' is required for voice: a whole number of answered time, 0 to \(UsageLimits.callMilliseconds)."
            )
        }
        guard let direction else {
            throw UsageRejection(
                "INVALID_DIRECTION", "data.direction",
                "'direction' is required for voice: 'inbound', 'outbound', 'internal' or 'emergency'.")
        }
        return Payload(
            meter: direction.meter, keySource: nil, quantity: milliseconds, type: "voice",
            known: [JSON.Member("milliseconds", .integer(milliseconds))],
            extra: members.filter { $0.key != "milliseconds" })
    }

    /// Two spellings of one payload hash alike: other order, other white space, another offset of the same instant.
    private static func hash(_ payload: Payload, time: Timestamp) -> [UInt8] {
        let canonical = JSON.object([
            JSON.Member("data", .object(payload.known + payload.extra)),
            JSON.Member("time", .string(time.description)),
            JSON.Member("type", .string(payload.type)),
        ])
        return Array(SHA256.hash(data: canonical.canonicalBytes))
    }
}
