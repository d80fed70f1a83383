import Foundation
import Telephony

/// The recordings of a real FreeSWITCH beside the package, as in continuous integration.
package enum Recordings {
    package static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/fixtures/freeswitch")

    package static var arePresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    /// The names of all requests of `mod_xml_curl`, without those of the call record modules.
    package static let requestNames: [String] = {
        let path = folder.appending(path: "requests").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix(".txt") && !$0.hasPrefix("cdr-") }.map { String($0.dropLast(4)) }.sorted()
    }()

    package struct Unexpected: Error {
        package let name: String

        package init(name: String) { self.name = name }
    }

    /// A request as FreeSWITCH sent it, byte for byte.
    package static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: "requests/\(name).txt")))
    }

    /// The body of a POST, the query of a GET.
    package static func form(_ name: String) throws -> [UInt8] {
        let bytes = try bytes(name)
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { throw Unexpected(name: name) }
        guard bytes.starts(with: "GET ".utf8) else { return Array(bytes[end.upperBound...]) }
        let target = bytes.dropFirst(4).prefix { $0 != UInt8(ascii: " ") }
        return Array(target.drop { $0 != UInt8(ascii: "?") }.dropFirst())
    }

    package static func parsed(_ name: String) throws -> SwitchRequest? {
        FormFields(try form(name)).flatMap { SwitchRequest($0) }
    }

    package static func directory(_ name: String) throws -> DirectoryRequest {
        guard case .directory(let request)? = try parsed(name) else { throw Unexpected(name: name) }
        return request
    }

    package static func dialplan(_ name: String) throws -> DialplanRequest {
        guard case .dialplan(let request)? = try parsed(name) else { throw Unexpected(name: name) }
        return request
    }
}
