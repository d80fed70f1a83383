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

    /// Instead of curl: notes what it was told, and answers what the record says that somebody answers.
    private static let curl = #"""
        for word; do case $word in @*) file=${word#@} ;; http*) url=$word ;; esac; done
        printf '%s %s %s\n' "$url" "${file##*/}" "$(cat)" >>"$SEEN"
        case $*$url in *Secret*) exit 9 ;; *b.test*) printf 000 ;; *) cat "$file" ;; esac
        """#

    private func keep(_ records: [(path: String, answer: String, minutes: Double)], in place: borrowing Place) throws {
        for record in records {
            try place.write(record.answer, to: record.path)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -60 * record.minutes)],
                ofItemAtPath: place.folder.appending(path: record.path).path)
        }
    }

    @Test func recordsThatTheNodeKeptAreDeliveredAndDeleted() throws {
        let place = try Place(bundle())
        try place.program("curl", Self.curl)
        let (unsent, written) = ("state/db/json_cdr_unsent", "log/json_cdr")
        try keep(
            [
                ("\(unsent)/1.cdr.json", "200", 2), ("\(unsent)/2.cdr.json", "202", 2),
                ("\(unsent)/3.cdr.json", "503", 2),
                ("\(unsent)/4.cdr.json", "301", 2), ("\(unsent)/5.cdr.json", "200", 0), ("\(unsent)/other", "200", 2),
                ("\(written)/6.cdr.json", "200", 12), ("\(written)/7.cdr.json", "200", 8),
            ], in: place)
        #expect(try place.run("sweep.sh") == 1, "two were not taken")
        func left(_ folder: String) throws -> Set<String> {
            Set(try FileManager.default.contentsOfDirectory(atPath: place.folder.appending(path: folder).path))
        }
        #expect(try left(unsent) == ["3.cdr.json", "4.cdr.json", "5.cdr.json", "other"])
        #expect(try left(written) == ["7.cdr.json"])
        let seen = try place.text("seen").split(separator: "\n").map(String.init)
        #expect(seen.contains(#"https://a.test/fs/cdr/json 1.cdr.json user = "fs1:Secret2""#))
        #expect(
            seen.filter { $0.contains("3.cdr.json") }.map { $0.prefix(14) } == ["https://a.test", "https://b.test"])
        #expect(seen.count == 7)
    }

    @Test func withoutAnybodyToTakeRecordsNoneIsTriedInVain() throws {
        let place = try Place(bundle())
        try place.program("curl", Self.curl)
        let names = ["1", "2", "3"].map { "state/db/json_cdr_unsent/\($0).cdr.json" }
        try keep(names.map { ($0, "000", 2) }, in: place)
        #expect(try place.run("sweep.sh") == 1)
        #expect(try place.text("seen").split(separator: "\n").count == 2)
        #expect(names.allSatisfy { FileManager.default.fileExists(atPath: place.folder.appending(path: $0).path) })
    }

    @Test func aNodeThatKeptNothingHasNothingToDeliver() throws {
        let place = try Place(bundle())
        #expect(try place.run("sweep.sh") == 0)
    }

    /// Where FreeSWITCH writes is where the script looks.
    @Test func bothFoldersAreSwept() throws {
        let files = Dictionary(uniqueKeysWithValues: try bundle().files().map { ($0.path, $0.text) })
        let records = try #require(files["autoload_configs/json_cdr.conf.xml"])
        #expect(records.contains("$${log_dir}/json_cdr\"") && records.contains("$${db_dir}/json_cdr_unsent\""))
        let timer = try #require(files["systemd/voice-sweep.timer"])
        #expect(timer.contains("OnUnitActiveSec=5min"))
        #expect(try #require(files["systemd/voice-sweep.service"]).contains("/etc/voice-node/sweep.sh"))
        #expect(try #require(files["self-check.sh"]).contains("json_cdr_unsent"))
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
