import Foundation
import Testing

@testable import ControlPlane

/// Settings from the file and the environment, and what is said about wrong ones.
@Suite struct ConfigurationTests {
    private static let minimum: [Configuration.Key: String] = [
        .databaseURL: "dbname=app", .databaseSystemURL: "dbname=system",
    ]

    private func load(file text: String? = nil, _ environment: [String: String] = [:]) throws -> Configuration {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).env")
        defer { try? FileManager.default.removeItem(at: file) }
        try text?.write(to: file, atomically: true, encoding: .utf8)
        return try Configuration.load(environment: environment, file: file.path(percentEncoded: false))
    }

    private func message(_ body: () throws -> Configuration) -> String {
        do {
            return "accepted: \(try body())"
        } catch {
            return "\(error)"
        }
    }

    private func message(of key: Configuration.Key, _ value: String) -> String {
        message { try Configuration(Self.minimum.merging([key: value]) { $1 }) }
    }

    @Test func defaults() throws {
        let configuration = try Configuration(Self.minimum)
        #expect(configuration.databaseURL == "dbname=app" && configuration.databaseSystemURL == "dbname=system")
        #expect(configuration.databaseOwnerURL == nil)
        #expect(configuration.databaseConnections == 8 && !configuration.databaseIsDistributed)
        #expect("\(configuration.httpAddress)" == "127.0.0.1:8080")
        #expect("\(configuration.healthAddress)" == "127.0.0.1:8081")
        #expect(configuration.publicURL == "http://127.0.0.1:8080" && configuration.logLevel == "info")
    }

    @Test func theEnvironmentWinsOverTheFile() throws {
        let file = """
            # a comment

            DATABASE_URL=host=/run port=5432 dbname=file
            DATABASE_SYSTEM_URL=dbname=file
            HTTP_ADDRESS=0.0.0.0:80
            """
        let configuration = try load(
            file: file, ["DATABASE_SYSTEM_URL": "dbname=environment", "LOG_LEVEL": "", "PATH": "/bin"])
        #expect(configuration.databaseURL == "host=/run port=5432 dbname=file")
        #expect(configuration.databaseSystemURL == "dbname=environment")
        #expect(configuration.publicURL == "http://0.0.0.0:80")
        #expect(configuration.logLevel == "info")
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        var values = Self.minimum
        values[.databaseOwnerURL] = "dbname=owner"
        values[.databaseConnections] = "3"
        values[.databaseDistributed] = "true"
        values[.httpAddress] = "[::1]:0"
        values[.healthAddress] = "localhost:9000"
        values[.publicURL] = "https://console.example"
        values[.logLevel] = "debug"
        let configuration = try Configuration(values)
        #expect("\(configuration.httpAddress)" == "[::1]:0")
        #expect(try load(file: configuration.settingsText) == configuration)
    }

    @Test func missingSettingsAreNamedWithTheWayOut() {
        let way = "Set it, or start 'controlplane dev' first; if that has a --directory, name it here, too."
        #expect(message { try load() } == "DATABASE_URL is not set. \(way)")
        #expect(message { try load(["DATABASE_URL": "x"]) } == "DATABASE_SYSTEM_URL is not set. \(way)")
    }

    @Test(arguments: ["0", "201", "-1", "8.0", "many", " 8"])
    func connections(text: String) {
        #expect(
            message(of: .databaseConnections, text)
                == "DATABASE_CONNECTIONS must be a whole number from 1 to 200, not '\(text)'.")
    }

    @Test(arguments: ["yes", "1", "TRUE"])
    func distribution(text: String) {
        #expect(
            message(of: .databaseDistributed, text) == "DATABASE_DISTRIBUTED must be true or false, not '\(text)'.")
    }

    @Test(arguments: ["8080", ":8080", "host:", "host:65536", "host:-1", "host:http"])
    func addresses(text: String) {
        for key in [Configuration.Key.httpAddress, .healthAddress] {
            #expect(
                message(of: key, text)
                    == "\(key.rawValue) must be HOST:PORT, for example 127.0.0.1:8080, not '\(text)'.")
        }
    }

    @Test(arguments: ["DATABASE_ULR=x", "just words", "=x"])
    func linesThatAreNoSetting(line: String) {
        let said = message { try load(file: "\(line)\n") }
        #expect(said.contains("has a line that is no known setting: '"), "\(said)")
    }
}
