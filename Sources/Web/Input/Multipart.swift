import Kernel

/// A `multipart/form-data` body: flat fields and at most one file.
struct Multipart: Sendable {
    private(set) var fields: [(name: String, value: String)] = []
    private(set) var files: [String: UploadedFile] = [:]

    /// What is wrong with the body.
    struct Failure: Error {
        let message: String
    }

    /// The boundary of a `Content-Type` value; `nil` when there is none or it is not valid.
    static func boundary(of contentType: String) -> String? {
        for parameter in contentType.split(separator: ";").dropFirst() {
            let pair = parameter.split(separator: "=", maxSplits: 1).map { $0.trimmed }
            guard pair.count == 2, pair[0].lowercased() == "boundary" else { continue }
            let value = pair[1].hasPrefix("\"") ? String(pair[1].dropFirst().dropLast()) : pair[1]
            let isValid = (1...70).contains(value.utf8.count) && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            return isValid ? value : nil
        }
        return nil
    }

    init(_ body: [UInt8], boundary: String) throws(Failure) {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter has no line before it.
        guard body.starts(with: delimiter.dropFirst(2)) else { throw Failure(message: "the first boundary is missing") }
        var position = delimiter.count - 2
        for _ in 0..<FormCoding.maximumPairs {
            if body[position...].starts(with: Array("--".utf8)) { return }
            guard body[position...].starts(with: [13, 10]) else { throw Failure(message: "a boundary is damaged") }
            position += 2
            guard let end = Self.find(delimiter, in: body[...], from: position) else {
                throw Failure(message: "the last boundary is missing")
            }
            try add(part: body[position..<end])
            position = end + delimiter.count
        }
        throw Failure(message: "there are too many parts")
    }

    private mutating func add(part: ArraySlice<UInt8>) throws(Failure) {
        guard let headerEnd = Self.find([13, 10, 13, 10], in: part, from: part.startIndex),
            headerEnd - part.startIndex <= 4096,
            let header = String(validating: part[part.startIndex..<headerEnd], as: UTF8.self)
        else { throw Failure(message: "a part has no header") }
        let content = part[(headerEnd + 4)...]
        var disposition = ""
        var mediaType = "application/octet-stream"
        for line in header.split(separator: "\r\n") {
            let pair = line.split(separator: ":", maxSplits: 1).map { $0.trimmed }
            guard pair.count == 2 else { throw Failure(message: "a part has a damaged header") }
            if pair[0].lowercased() == "content-disposition" { disposition = pair[1] }
            if pair[0].lowercased() == "content-type" { mediaType = pair[1] }
        }
        guard disposition.lowercased().hasPrefix("form-data"), let name = Self.parameter("name", of: disposition) else {
            throw Failure(message: "a part has no name")
        }
        if let fileName = Self.parameter("filename", of: disposition) {
            guard files.isEmpty else { throw Failure(message: "there is more than one file") }
            files[name] = UploadedFile(name: fileName, mediaType: mediaType, bytes: Array(content))
        } else {
            guard let value = String(validating: content, as: UTF8.self), !value.utf8.contains(0) else {
                throw Failure(message: "the field '\(name)' is no valid text")
            }
            fields.append((name, value))
        }
    }

    /// A quoted parameter; browsers escape a quote inside as `%22`.
    private static func parameter(_ name: String, of header: String) -> String? {
        for parameter in header.split(separator: ";").dropFirst() {
            let text = parameter.trimmed
            guard text.hasPrefix(name + "=\""), text.hasSuffix("\""), text.utf8.count > name.utf8.count + 2 else {
                continue
            }
            return String(text.dropFirst(name.count + 2).dropLast())
        }
        return nil
    }

    private static func find(_ needle: [UInt8], in bytes: ArraySlice<UInt8>, from start: Int) -> Int? {
        let offset = bytes.startIndex
        return bytes.withUnsafeBufferPointer { buffer in
            var index = start - offset
            while index + needle.count <= buffer.count {
                if buffer[index] == needle[0], buffer[index..<(index + needle.count)].elementsEqual(needle) {
                    return index + offset
                }
                index += 1
            }
            return nil
        }
    }
}

extension StringProtocol {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(start[...last])
    }
}
