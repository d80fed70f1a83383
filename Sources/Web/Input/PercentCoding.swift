import Kernel

/// Percent escapes of RFC 3986, and the form variant in which `+` is a space.
package enum PercentCoding {
    /// `nil` for an incomplete or invalid escape and for bytes that are no UTF-8.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        decode(Array(text.utf8)[...], plusIsSpace: plusIsSpace)
    }

    static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> String? {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.endIndex, let high = HexDigit.value(bytes[index + 1]),
                    let low = HexDigit.value(bytes[index + 2])
                else { return nil }
                result.append(high << 4 | low)
                index += 3
            case UInt8(ascii: "+") where plusIsSpace:
                result.append(0x20)
                index += 1
            default:
                result.append(bytes[index])
                index += 1
            }
        }
        return String(validating: result, as: UTF8.self)
    }

    /// Everything but unreserved characters escaped, so that the result fits any part of an address.
    package static func encode(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += "%"
                result += byte < 16 ? "0" : ""
                result += String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}

/// The name and value pairs of a query or a form body.
enum FormCoding {
    static let maximumPairs = 1000

    /// Why a query or form could not be read.
    enum Failure: Error {
        case invalidEscape
        case tooManyPairs
        case nul
    }

    /// Pairs in their order. Keys are flat: brackets mean nothing.
    static func pairs(_ bytes: ArraySlice<UInt8>) throws(Failure) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < maximumPairs else { throw .tooManyPairs }
            let equals = part.firstIndex(of: UInt8(ascii: "="))
            guard let name = PercentCoding.decode(part[..<(equals ?? part.endIndex)], plusIsSpace: true),
                let value = PercentCoding.decode(equals.map { part[($0 + 1)...] } ?? [], plusIsSpace: true)
            else { throw .invalidEscape }
            guard !name.utf8.contains(0), !value.utf8.contains(0) else { throw .nul }
            pairs.append((name, value))
        }
        return pairs
    }
}
