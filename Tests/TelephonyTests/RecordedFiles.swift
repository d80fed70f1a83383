import Foundation

/// What a real node sent, beside the package as in continuous integration.
enum RecordedFiles {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/fixtures/freeswitch")

    static var arePresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: name)))
    }

    static func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    /// File names of a sub-folder in order.
    static func names(_ sub: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: sub).path)
        return (names ?? []).sorted()
    }

    /// The body of a recorded HTTP request: what follows the first empty line.
    static func body(_ name: String) throws -> [UInt8] {
        let bytes = try bytes(name)
        let mark = Array("\r\n\r\n".utf8)
        for index in bytes.indices where bytes[index...].starts(with: mark) {
            return Array(bytes[(index + mark.count)...])
        }
        return []
    }
}
