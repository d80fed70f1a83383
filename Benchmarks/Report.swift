import Foundation

/// The results in Markdown: a table per section.
struct Report {
    private struct Row {
        let name: String
        let value: String
        let wanted: String
    }

    private struct Section {
        let title: String
        let explanation: String
        var rows: [Row] = []
    }

    private var sections: [Section] = []
    private var missed: [String] = []
    var server = ""
    var syncMilliseconds = 0.0

    mutating func begin(_ title: String, _ explanation: String) {
        sections.append(Section(title: title, explanation: explanation))
    }

    mutating func add(_ name: String, _ value: String, wanted: String = "", holds: Bool? = nil) {
        let verdict = holds.map { $0 ? ": holds" : ": missed" } ?? ""
        if holds == false { missed.append("\(name): \(value), wanted \(wanted)") }
        sections[sections.count - 1].rows.append(Row(name: name, value: value, wanted: wanted + verdict))
        FileHandle.standardError.write(Data("\(name): \(value) \(wanted)\(verdict)\n".utf8))
    }

    var text: String {
        sections.map { section in
            "## \(section.title)\n\n\(Self.wrapped(section.explanation))\n\n\(Self.table(section.rows))\n"
        }.joined(separator: "\n")
    }

    /// Padded, so that it reads well in a terminal too.
    private static func table(_ rows: [Row]) -> String {
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
        let memory = (Double(ProcessInfo.processInfo.physicalMemory) / Double(1 << 30)).rounded()
        let verdict =
            missed.isEmpty
            ? "Every wanted figure was reached; of ingest, in the median of its rounds."
            : "Missed: " + missed.joined(separator: "; ") + "."
        let introduction = """
            # Benchmarks

            `scripts/bench` builds with optimisation, measures and writes this page; `scripts/bench --help` lists
            the parts and sizes. Leave the machine alone meanwhile. The figures are of one machine, so the ratios
            count more than the absolute numbers.

            Machine: \(cores) virtual cores and \(Int(memory)) GiB of memory, shared by the client, the service and
            PostgreSQL \(server) (512 MiB of shared buffers); a virtual disk that takes
            \(Self.hundredth(syncMilliseconds)) ms to sync 8 KiB. Everything is durable: `fsync`,
            `synchronous_commit` and `full_page_writes` are on, and the run refuses to start otherwise.

            \(verdict)
            """
        try "\(Self.wrapped(introduction))\n\n\(text)".write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// Paragraphs in lines of at most 118 characters.
    private static func wrapped(_ text: String) -> String {
        text.components(separatedBy: "\n\n").map { paragraph in
            var lines: [String] = []
            for word in paragraph.split(whereSeparator: \.isWhitespace) {
                if let last = lines.last, last.count + word.count < 118 {
                    lines[lines.count - 1] = "\(last) \(word)"
                } else {
                    lines.append(String(word))
                }
            }
            return lines.joined(separator: "\n")
        }.joined(separator: "\n\n")
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

    static func milliseconds(_ seconds: Double) -> String { "\(hundredth(seconds * 1000)) ms" }
    static func ratio(_ value: Double) -> String { hundredth(value) }
    static func tenth(_ value: Double) -> String { String(format: "%.1f", value) }
    static func hundredth(_ value: Double) -> String { String(format: "%.2f", value) }
}
