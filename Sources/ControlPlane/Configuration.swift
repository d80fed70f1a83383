import Foundation
import Tenancy

/// Every setting of the service, as plain values, read once at start.
struct Configuration: Sendable, Equatable {
    /// The names of the settings, as environment variables and as lines of the settings file.
    enum Key: String, CaseIterable {
        case databaseURL = "DATABASE_URL"
        case databaseSystemURL = "DATABASE_SYSTEM_URL"
        case databaseOwnerURL = "DATABASE_OWNER_URL"
        case databaseConnections = "DATABASE_CONNECTIONS"
        case databaseDistributed = "DATABASE_DISTRIBUTED"
        case httpAddress = "HTTP_ADDRESS"
        case healthAddress = "HEALTH_ADDRESS"
        case publicURL = "PUBLIC_URL"
        case logLevel = "LOG_LEVEL"
        case keyEncryptionKey = "CONTROLPLANE_KEK"
        case keyEncryptionKeyFile = "CONTROLPLANE_KEK_FILE"
    }

    /// A host and a port to listen on.
    struct Address: Sendable, Equatable, CustomStringConvertible {
        var host: String
        var port: Int

        init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// `127.0.0.1:8080`, or `[::1]:8080`.
        init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
                (0...65_535).contains(port)
            else { return nil }
            let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
            guard !host.isEmpty else { return nil }
            self.init(host: host, port: port)
        }

        var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// What is wrong with a setting and what would be right.
    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    /// Connects as the role `controlplane_app`; a libpq connection string, several hosts and TLS options included.
    var databaseURL: String
    /// Connects as `controlplane_system`: platform scope and named jobs.
    var databaseSystemURL: String
    /// Connects as `controlplane_owner`; only `migrate` needs it.
    var databaseOwnerURL: String?
    /// Connections of each of the two pools.
    var databaseConnections = 8
    /// Whether tables are sharded by tenant (Citus): usage is then stored one tenant per statement.
    var databaseIsDistributed = false
    var httpAddress = Address(host: "127.0.0.1", port: 8080)
    var healthAddress = Address(host: "127.0.0.1", port: 8081)
    /// How browsers reach the console; `https` makes cookies secure.
    var publicURL: String
    var logLevel = "info"
    /// Where the keys are that wrap the keys of secrets; the environment variable wins over it.
    var keyEncryptionKeyFile: String?
    /// What they are; without one no secret can be stored or read.
    var keys: KeyRing?

    /// Where `controlplane dev` keeps everything unless told otherwise, relative to the working directory.
    static let localDirectory = ".local"

    /// The settings file that `controlplane dev` writes.
    static func settingsFile(in directory: String) -> String { "\(directory)/controlplane.env" }

    /// Reads the environment, and the settings file for what the environment leaves open.
    static func load(
        environment: [String: String] = ProcessInfo.processInfo.environment, file: String
    ) throws -> Configuration {
        var values = try FileManager.default.fileExists(atPath: file) ? settings(in: file) : [:]
        for key in Key.allCases {
            if let value = environment[key.rawValue], !value.isEmpty { values[key] = value }
        }
        return try Configuration(values)
    }

    init(_ values: [Key: String]) throws {
        func required(_ key: Key) throws -> String {
            guard let value = values[key] else {
                throw Invalid(
                    description:
                        "\(key.rawValue) is not set. Set it, or start 'controlplane dev' first; if that has a "
                        + "--directory, name it here, too.")
            }
            return value
        }
        databaseURL = try required(.databaseURL)
        databaseSystemURL = try required(.databaseSystemURL)
        databaseOwnerURL = values[.databaseOwnerURL]
        if let text = values[.databaseConnections] {
            guard let count = Int(text), (1...200).contains(count) else {
                throw Invalid(description: "DATABASE_CONNECTIONS must be a whole number from 1 to 200, not '\(text)'.")
            }
            databaseConnections = count
        }
        if let text = values[.databaseDistributed] {
            guard ["true", "false"].contains(text) else {
                throw Invalid(description: "DATABASE_DISTRIBUTED must be true or false, not '\(text)'.")
            }
            databaseIsDistributed = text == "true"
        }
        httpAddress = try Self.address(values[.httpAddress], .httpAddress) ?? httpAddress
        healthAddress = try Self.address(values[.healthAddress], .healthAddress) ?? healthAddress
        publicURL = values[.publicURL] ?? "http://\(httpAddress)"
        logLevel = values[.logLevel] ?? logLevel
        keyEncryptionKeyFile = values[.keyEncryptionKeyFile]
        if let text = values[.keyEncryptionKey] {
            keys = try Self.keys(text, .keyEncryptionKey)
        } else if let keyEncryptionKeyFile {
            keys = try Self.keys(inFile: keyEncryptionKeyFile)
        }
    }

    /// The keys in a file; it is read once.
    static func keys(inFile path: String) throws -> KeyRing {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Invalid(description: "\(Key.keyEncryptionKeyFile.rawValue) names '\(path)', which cannot be read.")
        }
        return try keys(text, .keyEncryptionKeyFile)
    }

    private static func keys(_ text: String, _ key: Key) throws -> KeyRing {
        do {
            return try KeyRing(text: text)
        } catch {
            throw Invalid(description: "\(key.rawValue): \(error).")
        }
    }

    private static func address(_ text: String?, _ key: Key) throws -> Address? {
        guard let text else { return nil }
        guard let address = Address(text) else {
            throw Invalid(description: "\(key.rawValue) must be HOST:PORT, for example 127.0.0.1:8080, not '\(text)'.")
        }
        return address
    }

    /// `KEY=value` lines; an unknown key is an error, because it is most likely a misspelt one.
    private static func settings(in file: String) throws -> [Key: String] {
        var values: [Key: String] = [:]
        let text = try String(contentsOfFile: file, encoding: .utf8)
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let key = Key(rawValue: String(parts[0])) else {
                throw Invalid(description: "\(file) has a line that is no known setting: '\(parts.first ?? line)'.")
            }
            values[key] = String(parts[1])
        }
        return values
    }

    /// The settings file for this configuration.
    var settingsText: String {
        var lines = [
            (Key.databaseURL, databaseURL), (.databaseSystemURL, databaseSystemURL),
            (.httpAddress, httpAddress.description), (.healthAddress, healthAddress.description),
            (.publicURL, publicURL), (.databaseConnections, String(databaseConnections)),
            (.databaseDistributed, String(databaseIsDistributed)),
            (.logLevel, logLevel),
        ]
        if let databaseOwnerURL { lines.append((.databaseOwnerURL, databaseOwnerURL)) }
        if let keyEncryptionKeyFile { lines.append((.keyEncryptionKeyFile, keyEncryptionKeyFile)) }
        return lines.map { "\($0.0.rawValue)=\($0.1)\n" }.joined()
    }
}
