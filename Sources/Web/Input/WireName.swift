/// Swift's names to the names on the wire: `tenantID` → `tenant_id`, `vatID` → `vat_id`, `htmlURLPath` → `html_url_path`.
/// A name that is snake_case already stays as it is.
package enum WireName {
    /// `tenantID` → `tenant_id`.
    /// The name on the wire of a property or coding key.
    package static func snakeCase(_ name: String) -> String {
        let bytes = Array(name.utf8)
        guard bytes.contains(where: isUpper) else { return name }
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            guard isUpper(byte) else {
                result.append(byte)
                continue
            }
            let startsWord =
                index > 0 && bytes[index - 1] != UInt8(ascii: "_")
                && (!isUpper(bytes[index - 1]) || (index + 1 < bytes.count && isLower(bytes[index + 1])))
            if startsWord { result.append(UInt8(ascii: "_")) }
            result.append(byte + 32)
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (65...90).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (97...122).contains(byte) }
}
