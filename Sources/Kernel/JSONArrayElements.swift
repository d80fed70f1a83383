/// The texts of an array's elements, found by brackets, commas and quotes alone: what an element holds need not be valid.
/// For batches in which a bad element spoils only itself.
package enum JSONArrayElements {
    /// `nil` when the array itself is broken: no brackets around it, an element or a comma missing, something after it.
    package static func split(_ bytes: [UInt8]) -> [ArraySlice<UInt8>]? {
        var scanner = Scanner(bytes: bytes)
        return scanner.elements()
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func elements() -> [ArraySlice<UInt8>]? {
            var found: [ArraySlice<UInt8>] = []
            guard take("[") else { return nil }
            if take("]") { return isAtEnd ? found : nil }
            while true {
                skipSpace()
                let start = position
                guard skipElement(), position > start else { return nil }
                found.append(bytes[start..<position])
                if take(",") { continue }
                return take("]") && isAtEnd ? found : nil
            }
        }

        /// Steps over one value; `false` when the text ends inside it or its brackets do not match.
        private mutating func skipElement() -> Bool {
            var closers: [UInt8] = []
            while position < bytes.count {
                let byte = bytes[position]
                switch byte {
                case UInt8(ascii: "\""):
                    guard skipString() else { return false }
                    if closers.isEmpty { return true }
                    continue
                case UInt8(ascii: "{"): closers.append(UInt8(ascii: "}"))
                case UInt8(ascii: "["): closers.append(UInt8(ascii: "]"))
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    // The array's own bracket ends a number or a word.
                    guard let closer = closers.popLast() else { return byte == UInt8(ascii: "]") }
                    guard closer == byte else { return false }
                    if closers.isEmpty {
                        position += 1
                        return true
                    }
                case UInt8(ascii: ","), 0x20, 0x09, 0x0A, 0x0D:
                    if closers.isEmpty { return true }
                default: break
                }
                position += 1
            }
            return false
        }

        private mutating func skipString() -> Bool {
            position += 1
            while position < bytes.count {
                let byte = bytes[position]
                position += byte == UInt8(ascii: "\\") ? 2 : 1
                if byte == UInt8(ascii: "\"") { return true }
            }
            return false
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        private var isAtEnd: Bool {
            bytes.dropFirst(position).allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        }

        private mutating func skipSpace() {
            while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        }
    }
}
