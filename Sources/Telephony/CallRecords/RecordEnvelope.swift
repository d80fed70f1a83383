/// Takes off what the transport put around a record. The first bytes decide: the content type of a node lies (raw JSON
/// comes as a form).
enum RecordEnvelope {
    enum Content: Equatable {
        case json([UInt8])
        case xml([UInt8])
    }

    /// JSON or XML, bare, as `cdr=…`, percent-encoded or in base64, and the same without `cdr=` as the node's error
    /// folder holds it.
    static func open(_ body: [UInt8]) throws(MalformedRecord) -> Content {
        let trimmed = trimmed(body[...])
        guard !trimmed.isEmpty else { throw MalformedRecord(.empty, "The body is empty.") }
        let name = Array("cdr=".utf8)
        let value = trimmed.starts(with: name) ? Self.trimmed(trimmed.dropFirst(name.count)) : trimmed
        if let content = plain(value) { return content }
        let decoded = value.contains(UInt8(ascii: "%")) ? RecordText.percentDecoded(value)[...] : value
        if let content = plain(Self.trimmed(decoded)) { return content }
        if let bytes = RecordText.base64Decoded(decoded), let content = plain(Self.trimmed(bytes[...])) {
            return content
        }
        throw MalformedRecord(.unknownEncoding, "The body is neither JSON nor XML in any known encoding.")
    }

    private static func plain(_ bytes: ArraySlice<UInt8>) -> Content? {
        switch bytes.first {
        case UInt8(ascii: "{"): .json(Array(bytes))
        case UInt8(ascii: "<"): .xml(Array(bytes))
        default: nil
        }
    }

    /// Without white space, NULs and a byte order mark around it.
    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var slice = bytes
        if slice.starts(with: [0xEF, 0xBB, 0xBF]) { slice = slice.dropFirst(3) }
        slice = slice.drop { $0 <= 0x20 }
        while let last = slice.last, last <= 0x20 { slice.removeLast() }
        return slice
    }
}
