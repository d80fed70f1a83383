import Foundation
import Kernel

/// Delivers what a node could not: its error folder holds one file per record, and FreeSWITCH never looks at them again.
package struct SpoolSweeper: Sendable {
    /// What became of the files of a folder.
    package struct Outcome: Sendable, Hashable {
        package var stored = 0
        package var duplicate = 0
        /// Nothing to book.
        package var dismissed = 0
        package var quarantined = 0
        /// Left where they are: they could not be read or delivered.
        package var failed: [String] = []
        /// Still being written, or of another kind.
        package var skipped = 0

        package var isClean: Bool { failed.isEmpty }
        package var delivered: Int { stored + duplicate + dismissed + quarantined }
    }

    private let deliver: @Sendable ([UInt8]) async throws -> RecordAcceptance
    private let time: TimeSource
    /// A file that was touched so recently may still be written.
    private static let quietSeconds: Int64 = 5
    private static let largestFile = 1 << 20

    /// - Parameter deliver: books one body; returns only when it is durable.
    package init(time: TimeSource, deliver: @escaping @Sendable ([UInt8]) async throws -> RecordAcceptance) {
        self.time = time
        self.deliver = deliver
    }

    /// Delivers every record of the folder, the oldest first, and deletes each file after its record is durable. A file
    /// that cannot be delivered stays for the next time. Throws when the folder cannot be read.
    package func sweep(_ folder: String) async throws -> Outcome {
        let root = URL(fileURLWithPath: folder, isDirectory: true)
        let keys: Set<URLResourceKey> = [.isRegularFileKey, .contentModificationDateKey, .fileSizeKey]
        let files = try FileManager.default.contentsOfDirectory(
            at: root, includingPropertiesForKeys: Array(keys))
        var outcome = Outcome()
        var due: [(file: URL, modified: Date)] = []
        for file in files {
            guard let values = try? file.resourceValues(forKeys: keys), values.isRegularFile == true,
                Self.isRecord(file.lastPathComponent), let modified = values.contentModificationDate,
                Int64(modified.timeIntervalSince1970) + Self.quietSeconds <= time.now.microseconds / 1_000_000
            else {
                outcome.skipped += 1
                continue
            }
            guard (values.fileSize ?? 0) <= Self.largestFile else {
                outcome.failed.append(file.lastPathComponent)
                continue
            }
            due.append((file, modified))
        }
        for (file, _) in due.sorted(by: { ($0.modified, $0.file.path) < ($1.modified, $1.file.path) }) {
            await deliver(file, &outcome)
        }
        return outcome
    }

    private func deliver(_ file: URL, _ outcome: inout Outcome) async {
        do {
            switch try await deliver([UInt8](try Data(contentsOf: file))) {
            case .stored: outcome.stored += 1
            case .duplicate: outcome.duplicate += 1
            case .dismissed: outcome.dismissed += 1
            case .quarantined: outcome.quarantined += 1
            }
            try FileManager.default.removeItem(at: file)
        } catch {
            outcome.failed.append(file.lastPathComponent)
        }
    }

    /// `<uuid>.cdr.json` and `a_<uuid>.cdr.xml`.
    private static func isRecord(_ name: String) -> Bool {
        name.hasSuffix(".cdr.json") || name.hasSuffix(".cdr.xml")
    }
}
