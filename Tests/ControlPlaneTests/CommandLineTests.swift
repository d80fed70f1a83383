import ArgumentParser
import Foundation
import Testing

@testable import ControlPlane

/// What all commands have in common.
@Suite struct CommandLineTests {
    @Test(arguments: [
        "dev", "serve", "migrate", "sign-in-password", "key create --role platform.operator --name x --days 1",
        "usage import file", "billing preview 2026-10", "billing close 2026-10", "demo load",
        "voice plan-file --instance inst_x --out y", "voice node-config x --out y",
    ])
    func theDirectoryIsTaken(command: String) throws {
        let arguments = command.split(separator: " ").map(String.init)
        _ = try ControlPlane.parseAsRoot(arguments + ["--directory", "elsewhere"])
    }

    @Test func settingsAreReadFromTheDirectory() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try "DATABASE_URL=dbname=a\nDATABASE_SYSTEM_URL=dbname=b\nHTTP_ADDRESS=127.0.0.1:9\n"
            .write(to: directory.appending(path: "controlplane.env"), atomically: true, encoding: .utf8)
        let options = try SettingsOptions.parse(["--directory", directory.path(percentEncoded: false)])
        #expect(try options.load().httpAddress.port == 9)
    }

    /// FreeSWITCH alone, with a directory and nothing else, does not start.
    @Test func aNodeIsStartedWithWhatItsBundleHolds() {
        let steps = NodeConfigCommand.next("/srv/voice").joined(separator: "\n")
        #expect(steps.contains("/srv/voice/start.sh") && steps.contains("voice-node.service"))
        #expect(!NodeConfigCommand.helpMessage().contains(" -conf"))
    }

    @Test func aKeyOfThePlatformNeedsAnEnd() {
        func parse(_ rest: String...) throws {
            _ = try ControlPlane.parseAsRoot(["key", "create", "--role", "platform.operator", "--name", "x"] + rest)
        }
        #expect(throws: (any Error).self) { try parse() }
        #expect(throws: (any Error).self) { try parse("--days", "9223372036854775807") }
        #expect(throws: Never.self) { try parse("--days", "30") }
        #expect(throws: Never.self) { try parse("--organisation", "org_x") }
    }
}
