import Billing
import Foundation
import Kernel

/// The import of files from the command line: a progress bar on a terminal, the same summary as the console, and whether
/// everything was stored.
struct UsageImportRun {
    let importer: UsageImporter
    let scope: ScopeNode

    /// The header of a CSV file.
    static let columns = UsageFile.columns.joined(separator: ",")

    /// Imports one file after the other, `-` for the standard input; answers whether there was no conflict or rejection.
    func run(_ paths: [String]) async throws -> Bool {
        var isClean = true
        for path in paths {
            let file = try UsageFile.opening(path)
            let bar = ProgressBar(name: file.name, size: file.size)
            let summary = try await importer.run(file, as: scope) { bar.show($0) }
            bar.clear()
            print(Self.text(summary, of: file.name))
            if summary.failureCount > 0 { isClean = false }
        }
        return isClean
    }

    static func text(_ summary: UsageImportSummary, of name: String) -> String {
        let counts = summary.counts
        var lines = ["\(name)" + (summary.resumedAtByte > 0 ? " (went on at byte \(summary.resumedAtByte))" : "")]
        let figures = [
            ("accepted", counts.accepted), ("duplicate", counts.duplicate), ("conflict", counts.conflict),
            ("rejected", counts.rejected),
        ]
        for (word, count) in figures {
            lines.append("  " + word.padding(toLength: 10, withPad: " ", startingAt: 0) + "\(count)")
        }
        for failure in summary.failures {
            let id = failure.eventID.map { " \($0)" } ?? ""
            lines.append("  line \(failure.line):\(id) \(failure.status) \(failure.reason): \(failure.detail)")
        }
        let rest = summary.failureCount - Int64(summary.failures.count)
        if rest > 0 { lines.append("  … and \(rest) more") }
        return lines.joined(separator: "\n")
    }
}

extension UsageFile {
    /// Throws a `Problem` when the file cannot be opened.
    static func opening(_ path: String) throws -> UsageFile {
        if path == "-" {
            return UsageFile(name: "standard input", size: nil, isRepeatable: false) {
                { try pieces(of: .standardInput) }
            }
        }
        let url = URL(fileURLWithPath: path)
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard FileManager.default.isReadableFile(atPath: path), let type = attributes?[.type] as? FileAttributeType,
            type != .typeDirectory
        else { throw Problem.invalid("file", "'\(path)' is no file that can be read") }
        let size = (attributes?[.size] as? NSNumber)?.int64Value
        return UsageFile(
            name: url.lastPathComponent, size: size, isRepeatable: type == .typeRegular
        ) {
            let handle = try FileHandle(forReadingFrom: url)
            return { try pieces(of: handle) }
        }
    }

    private static func pieces(of handle: FileHandle) throws -> [UInt8] {
        guard let piece = try handle.read(upToCount: 1 << 20) else { return [] }
        return Array(piece)
    }
}

/// One line that is written over, on a terminal only.
private struct ProgressBar {
    private static let width: Int64 = 30

    private let name: String
    private let size: Int64?
    private let isShown = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now

    init(name: String, size: Int64?) {
        self.name = name
        self.size = size
    }

    func show(_ progress: UsageImportProgress) {
        guard isShown else { return }
        let seconds = max(1, start.duration(to: .now).components.seconds)
        var text = "\r\(name) "
        if let size, size > 0 {
            let filled = Int(min(Self.width, progress.bytesDone * Self.width / size))
            let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: Int(Self.width) - filled)
            text += "\(bar) \(min(100, progress.bytesDone * 100 / size)) % "
        }
        text += "\(progress.counts.total) events, \(progress.counts.total / seconds)/s\u{1B}[K"
        FileHandle.standardError.write(Data(text.utf8))
    }

    func clear() {
        if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
