import Foundation

/// The table of results, in Markdown.
struct Report {
    private struct Row {
        let name: String
        let value: String
        let wanted: String
    }

    private var rows: [Row] = []
    var server = ""

    mutating func add(_ name: String, _ value: String, wanted: String = "", holds: Bool? = nil) {
        let verdict = holds.map { $0 ? " ✓" : " ✗" } ?? ""
        rows.append(Row(name: name, value: value, wanted: wanted + verdict))
        FileHandle.standardError.write(Data("\(name): \(value) \(wanted)\(verdict)\n".utf8))
    }

    /// Padded, so that it reads well in a terminal too.
    var table: String {
        let all = [Row(name: "Measured", value: "Result", wanted: "Wanted")] + rows
        let widths = [\Row.name, \Row.value, \Row.wanted].map { path in all.map { $0[keyPath: path].count }.max() ?? 0 }
        var lines = all.map { row in
            let cells = zip([row.name, row.value, row.wanted], widths).map { text, width in
                text + String(repeating: " ", count: width - text.count)
            }
            return "| \(cells.joined(separator: " | ")) |"
        }
        lines.insert("|\(widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|"))|", at: 1)
        return lines.joined(separator: "\n")
    }

    func write(to path: String) throws {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let memory = ProcessInfo.processInfo.physicalMemory / (1 << 30)
        let text = """
            # Benchmarks

            Written by `scripts/bench`; figures of one machine, so the ratios count, not the absolute numbers. Client, service
            and PostgreSQL share \(cores) cores and \(memory) GiB of memory; PostgreSQL \(server) with `fsync` and
            `synchronous_commit` on. Every event of the ingest runs is new; a batch is one transaction, answered after its
            commit, deduplicated by (tenant, source, id), with its hourly sums. The floor gives the same events to `psql`: COPY
            into a temporary table, then the same insert and upsert, without HTTP, JSON, validation, hashing or row-level
            security. Each round runs on fresh databases; the median of the rounds is shown.

            \(table)

            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    static func rounded(_ value: Double) -> String {
        let digits = String(Int(value.rounded()))
        var text = ""
        for (index, character) in digits.enumerated() {
            if index > 0 && (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(character)
        }
        return text
    }

    static func ratio(_ value: Double) -> String { hundredth(value) }
    static func tenth(_ value: Double) -> String { String(format: "%.1f", value) }
    static func hundredth(_ value: Double) -> String { String(format: "%.2f", value) }
}
