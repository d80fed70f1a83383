import ArgumentParser
import Foundation
import Rating

/// Prices without a database: one question per line, one answer per line.
struct QuoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quote", abstract: "Answer price questions, one JSON object per line.",
        discussion: """
            Reads standard input or --file. Each object has a 'kind' (solution, enterprise, deployment, \
            enterprise_revenue_share, wholesale, vat, commission, comparison) and that kind's inputs. A bad one is \
            answered with 'error' and 'field'; the exit code is then 1 at the end.
            """)

    @Option(help: "Read this file instead of standard input.") var file: String?

    func run() async throws {
        let input = try open()
        var reader = LineReader { input.availableData }
        var hasFailed = false
        while let line = reader.next() {
            guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { continue }
            let answer = Quote.answer(bytes: line)
            hasFailed = hasFailed || answer.failed
            try FileHandle.standardOutput.write(contentsOf: Data((answer.line + "\n").utf8))
        }
        if hasFailed { throw ExitCode(1) }
    }

    private func open() throws -> FileHandle {
        guard let file, file != "-" else { return .standardInput }
        guard let handle = FileHandle(forReadingAtPath: file) else {
            throw ValidationError("'\(file)' cannot be read.")
        }
        return handle
    }
}

/// Lines out of chunks, in constant memory but for the longest line.
struct LineReader {
    private let chunk: () -> Data
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    init(_ chunk: @escaping () -> Data) { self.chunk = chunk }

    /// The next line without its line feed; `nil` at the end.
    mutating func next() -> [UInt8]? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return Array(buffer[position..<end])
            }
            if isAtEnd {
                guard position < buffer.count else { return nil }
                defer { position = buffer.count }
                return Array(buffer[position...])
            }
            buffer.removeFirst(position)
            position = 0
            searched = buffer.count
            let data = chunk()
            if data.isEmpty { isAtEnd = true } else { buffer.append(contentsOf: data) }
        }
    }
}
