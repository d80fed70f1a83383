/// Text as nodes send it: UTF-8 mostly, but a phone's display name comes in whatever bytes the phone chose.
enum RecordText {
    /// Never fails: bytes that are no UTF-8 are read as Latin-1, and NUL, which no database stores, is left out.
    static func decode(_ bytes: some Collection<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self), !text.utf8.contains(0) { return text }
        var text = String.UnicodeScalarView()
        var parser = UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var index = bytes.startIndex
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded):
                let scalar = UTF8.decode(encoded)
                if scalar.value != 0 { text.append(scalar) }
                index = bytes.index(index, offsetBy: encoded.count)
            case .error(let length):
                for _ in 0..<length {
                    text.append(Unicode.Scalar(bytes[index]))
                    index = bytes.index(after: index)
                }
            case .emptyInput:
                return String(text)
            }
        }
    }

    /// `%41` becomes `A`; a percent sign without two hexadecimal digits stays. `+` stays, because FreeSWITCH encodes a
    /// space as `%20` and leaves the plus of base64 raw.
    static func percentDecoded(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index != bytes.endIndex {
            let byte = bytes[index]
            index = bytes.index(after: index)
            guard byte == UInt8(ascii: "%"), let (value, next) = pair(bytes, at: index) else {
                decoded.append(byte)
                continue
            }
            decoded.append(value)
            index = next
        }
        return decoded
    }

    static func percentDecoded(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        return decode(percentDecoded(Array(text.utf8)))
    }

    private static func pair<Bytes: Collection<UInt8>>(_ bytes: Bytes, at index: Bytes.Index) -> (UInt8, Bytes.Index)? {
        guard index != bytes.endIndex, let high = digit(bytes[index]) else { return nil }
        let second = bytes.index(after: index)
        guard second != bytes.endIndex, let low = digit(bytes[second]) else { return nil }
        return (high << 4 | low, bytes.index(after: second))
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Base64 with padding or without; white space is skipped and a space counts as the `+` that a form reader made of
    /// it. `nil` for any other character.
    static func base64Decoded(_ bytes: some Collection<UInt8>) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count / 4 * 3)
        var bits: UInt32 = 0
        var count = 0
        var padding = 0
        for byte in bytes {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - 71
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte + 4
            case UInt8(ascii: "+"), UInt8(ascii: " "): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="):
                padding += 1
                continue
            case 10, 13: continue
            default: return nil
            }
            guard padding == 0 else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 1
            guard count % 4 != 0 else {
                decoded += [UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 8)]
                decoded.append(UInt8(truncatingIfNeeded: bits))
                bits = 0
                continue
            }
        }
        switch count % 4 {
        case 2: decoded.append(UInt8(truncatingIfNeeded: bits >> 4))
        case 3: decoded += [UInt8(truncatingIfNeeded: bits >> 10), UInt8(truncatingIfNeeded: bits >> 2)]
        case 1: return nil
        default: break
        }
        return decoded
    }
}
