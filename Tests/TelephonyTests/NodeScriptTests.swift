import Foundation
import Testing

@testable import Telephony

/// What runs on a node beside FreeSWITCH, run here.
@Suite struct NodeScriptTests {
    /// A bundle on disk, with programs of its own in front of the machine's.
    private struct Place: ~Copyable {
        let folder = FileManager.default.temporaryDirectory.appending(path: "node-\(UUID().uuidString)")

        init(_ bundle: NodeBundle) throws {
            for file in try bundle.files() { try write(file.text, to: "voice node/\(file.path)") }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func write(_ text: String, to path: String) throws {
            let target = folder.appending(path: path)
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: target)
        }

        /// Makes a program that everything here finds before the machine's.
        func program(_ name: String, _ script: String) throws {
            try write("#!/bin/sh\n\(script)\n", to: "bin/\(name)")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: folder.appending(path: "bin/\(name)").path)
        }

        func text(_ path: String) throws -> String {
            String(decoding: try Data(contentsOf: folder.appending(path: path)), as: UTF8.self)
        }

        func run(_ script: String) throws -> Int32 {
            let shell = Process()
            shell.executableURL = URL(filePath: "/bin/sh")
            shell.arguments = [folder.appending(path: "voice node/\(script)").path]
            shell.environment = [
                "PATH": "\(folder.path)/bin:/usr/bin:/bin", "SEEN": "\(folder.path)/seen",
                "VOICE_STATE": "\(folder.path)/state", "VOICE_LOG": "\(folder.path)/log",
            ]
            try shell.run()
            shell.waitUntilExit()
            return shell.terminationStatus
        }
    }

    private func bundle(directory: String = NodeBundle.usualDirectory) -> NodeBundle {
        NodeBundle(
            switchname: "fs1.voice.test", settings: NodeSettings(),
            endpoints: NodeBundle.Endpoints(controlPlanes: ["https://a.test", "https://b.test"]),
            credentials: NodeBundle.Credentials(
                username: "fs1", configurationSecret: "Secret1", recordsSecret: "Secret2",
                eventSocketPassword: "Secret3"),
            directory: directory)
    }

    /// FreeSWITCH refuses to start with some of the three directories and not the others.
    @Test func freeSWITCHStartsWithTheseFilesAndNoOthers() throws {
        let place = try Place(bundle())
        try place.program("freeswitch", #"printf '%s\n' "$@" >"$SEEN""#)
        #expect(try place.run("start.sh") == 0)
        let words = try place.text("seen").split(separator: "\n").map(String.init)
        let folder = place.folder.path
        for (option, value) in [
            ("-conf", "\(folder)/voice node"), ("-log", "\(folder)/log"), ("-db", "\(folder)/state/db"),
            ("-run", "\(folder)/state/run"), ("-temp", "\(folder)/state/tmp"),
        ] {
            let index = try #require(words.firstIndex(of: option), "\(option)")
            #expect(words[index + 1] == value)
            #expect(FileManager.default.fileExists(atPath: value))
        }
        #expect(words.starts(with: ["-nc", "-nf", "-nonat"]))
    }

    @Test func unitsNameThePlaceOnTheNode() throws {
        let files = try bundle(directory: "/srv/voice").files().filter { $0.path.hasPrefix("systemd/") }
        #expect(files.contains { $0.text.contains("ExecStart=/srv/voice/start.sh\n") })
        for file in files {
            #expect(!file.text.contains(/@[A-Z]+@/) && !file.text.contains("Secret"), "\(file.path)")
        }
        for place in ["voice", "/srv/voice/", "/srv/a b", "/srv/$(id)", "/srv/%n", "/srv/a\nb"] {
            #expect(throws: SwitchDocument.UnsafeValue.self, "\(place)") { try bundle(directory: place).files() }
        }
    }
}
