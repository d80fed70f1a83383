import Kernel

/// One record of a file: a line of NDJSON or a row of CSV.
struct UsageRecord: Sendable, Equatable {
    enum Content: Sendable, Equatable {
        /// A line of JSON, without its line feed.
        case json([UInt8])
        /// The fields of a row.
        case fields([[UInt8]])
        /// Longer than any event; its bytes were skipped.
        case tooLong
    }

    /// The first line, from 1.
    let line: Int64
    /// The offset behind the record, where an import can go on.
    let end: Int64
    let content: Content
}

/// Cuts a stream of bytes into records, whatever the pieces are. Memory stays bounded by one record.
struct UsageRecordReader {
    enum Format: Equatable {
        case lines
        /// RFC 4180, with the separator that the header shows: comma or semicolon.
        case csv(separator: UInt8)
    }

    /// A longer record is no event.
    static let longestRecord = 64 * 1024

    private(set) var format: Format?
    private var record: [UInt8] = []
    private var fields: [[UInt8]] = []
    /// Offset of the next byte, and its line.
    private var offset: Int64 = 0
    private var line: Int64 = 1
    private var recordLine: Int64 = 1
    private var isQuoted = false
    /// Between a quote inside a quoted field and what follows: it was the end, or the first of a doubled one.
    private var isAfterQuote = false
    private var isTooLong = false
    private var length = 0

    /// The records that end in this piece. Throws when a file is of neither format.
    mutating func records(in piece: [UInt8]) throws(Problem) -> [UsageRecord] {
        var records: [UsageRecord] = []
        for byte in piece {
            offset += 1
            // A byte order mark, as spreadsheets write it.
            if offset <= 3, [0xEF, 0xBB, 0xBF][Int(offset) - 1] == byte { continue }
            if format == nil, try !choose(byte) { continue }
            if let record = take(byte) { records.append(record) }
        }
        return records
    }

    /// The last record, when the file does not end with a line feed. An open quote is a mistake of the whole file.
    mutating func finish() throws(Problem) -> UsageRecord? {
        guard !isQuoted || isAfterQuote else {
            throw .invalid("file", "the quoted field that starts in the row of line \(recordLine) never ends")
        }
        guard format != nil || record.isEmpty else {
            throw .invalid("file", "does not begin with a JSON object or with a CSV header line")
        }
        return length > 0 ? endRecord() : nil
    }

    /// The header of CSV decides the separator only when it is complete, so it is kept whole first.
    private mutating func choose(_ byte: UInt8) throws(Problem) -> Bool {
        if record.isEmpty {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                recordLine = line
                return false
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): return false
            case UInt8(ascii: "{"):
                format = .lines
                return true
            case UInt8(ascii: "["):
                throw .invalid("file", "is a JSON array. Write one event per line (NDJSON), or CSV with a header")
            default: break
            }
        }
        guard byte != UInt8(ascii: "\n") else {
            let semicolons = record.count { $0 == UInt8(ascii: ";") }
            let commas = record.count { $0 == UInt8(ascii: ",") }
            format = .csv(separator: UInt8(ascii: semicolons > commas ? ";" : ","))
            let header = record
            record = []
            for byte in header { _ = take(byte) }
            return true
        }
        record.append(byte)
        guard record.count <= 4096 else {
            throw .invalid("file", "does not begin with a JSON object or with a CSV header line")
        }
        return false
    }

    private mutating func take(_ byte: UInt8) -> UsageRecord? {
        defer { if byte == UInt8(ascii: "\n") { line += 1 } }
        if length == 0 && byte != UInt8(ascii: "\n") { recordLine = line }
        length += 1
        if length > Self.longestRecord && !isTooLong {
            isTooLong = true
            isQuoted = false
            isAfterQuote = false
            record = []
            fields = []
        }
        switch format {
        case .csv(let separator) where !isTooLong: return takeCSV(byte, separator)
        default:
            guard byte == UInt8(ascii: "\n") else {
                if !isTooLong { record.append(byte) }
                return nil
            }
            length -= 1
            return endRecord()
        }
    }

    private mutating func takeCSV(_ byte: UInt8, _ separator: UInt8) -> UsageRecord? {
        if isQuoted && !isAfterQuote {
            if byte == UInt8(ascii: "\"") { isAfterQuote = true } else { record.append(byte) }
            return nil
        }
        switch byte {
        case UInt8(ascii: "\"") where isAfterQuote:
            record.append(byte)
            isAfterQuote = false
        case UInt8(ascii: "\"") where record.isEmpty: isQuoted = true
        case separator:
            endField()
        case UInt8(ascii: "\n"):
            length -= 1
            return endRecord()
        case UInt8(ascii: "\r") where isAfterQuote: break
        default: record.append(byte)
        }
        return nil
    }

    private mutating func endField() {
        fields.append(record)
        record = []
        isQuoted = false
        isAfterQuote = false
    }

    private mutating func endRecord() -> UsageRecord? {
        defer {
            record = []
            fields = []
            length = 0
            isTooLong = false
        }
        if isTooLong { return UsageRecord(line: recordLine, end: offset, content: .tooLong) }
        if record.last == UInt8(ascii: "\r") { record.removeLast() }
        switch format {
        case .csv:
            endField()
            guard fields.count > 1 || !fields[0].isEmpty else { return nil }
            return UsageRecord(line: recordLine, end: offset, content: .fields(fields))
        default:
            guard !record.isBlank else { return nil }
            return UsageRecord(line: recordLine, end: offset, content: .json(record))
        }
    }
}
