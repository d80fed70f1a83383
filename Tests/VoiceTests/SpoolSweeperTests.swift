import Foundation
import Kernel
import Synchronization
import Testing

@testable import Voice

struct SpoolSweeperTests {
    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "spool-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    @Test func filesGoWhenTheirRecordIsDurable() async throws {
        try await withFolder { folder in
            for name in ["a.cdr.json", "b.cdr.json", "c.cdr.xml", "notes.txt"] {
                try Data(name.utf8).write(to: folder.appending(path: name))
            }
            let later = TimeSource { Timestamp.systemNow().advanced(by: .seconds(60)) }
            let sweeper = SpoolSweeper(time: later) { body in
                switch String(decoding: body, as: UTF8.self) {
                case "a.cdr.json": return .duplicate
                case "b.cdr.json": throw Problem.unavailable("not now")
                default: return .quarantined("broken_xml")
                }
            }
            let outcome = try await sweeper.sweep(folder.path)
            #expect(outcome.duplicate == 1 && outcome.quarantined == 1 && outcome.skipped == 1)
            #expect(outcome.failed == ["b.cdr.json"] && !outcome.isClean)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(left == ["b.cdr.json", "notes.txt"])
        }
    }

    @Test func aFileThatIsStillWrittenWaits() async throws {
        try await withFolder { folder in
            try Data("{".utf8).write(to: folder.appending(path: "a.cdr.json"))
            let sweeper = SpoolSweeper(time: .system) { _ in .duplicate }
            #expect(try await sweeper.sweep(folder.path).skipped == 1)
            await #expect(throws: (any Error).self) { try await sweeper.sweep(folder.path + "/none") }
        }
    }
}
