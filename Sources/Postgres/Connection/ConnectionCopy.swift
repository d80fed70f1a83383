import CLibPQ

#if canImport(Glibc)
    import Glibc
#endif

/// `COPY … FROM STDIN` in text format.
extension Connection {
    func copyIn(
        _ target: String, rows: some Sequence<[any SQLEncodable]>, deadline: Deadline
    ) throws(ExchangeError) {
        guard !isBroken, leavePipeline(), PQsendQuery(pointer, "COPY \(target) FROM STDIN") == 1 else { throw lost() }
        try flush(deadline: deadline)
        guard let start = try nextResult(deadline: deadline) else { throw lost() }
        let isReady = PQresultStatus(start) == PGRES_COPY_IN
        let refusal = isReady ? nil : serverError(start)
        PQclear(start)
        if let refusal {
            try drain(deadline: deadline)
            throw .server(refusal, index: 0)
        }
        var chunk: [UInt8] = []
        for row in rows {
            CopyText.append(row, to: &chunk)
            if chunk.count >= 65_536 { try put(&chunk, deadline: deadline) }
        }
        try put(&chunk, deadline: deadline)
        while true {
            let ended = PQputCopyEnd(pointer, nil)
            if ended == 1 { break }
            guard ended == 0 else { throw lost() }
            try flush(deadline: deadline)
        }
        try flush(deadline: deadline)
        try drain(deadline: deadline)
    }

    private func put(_ chunk: inout [UInt8], deadline: Deadline) throws(ExchangeError) {
        guard !chunk.isEmpty else { return }
        while true {
            let sent = chunk.withUnsafeBytes { buffer in
                PQputCopyData(pointer, buffer.assumingMemoryBound(to: CChar.self).baseAddress, Int32(buffer.count))
            }
            if sent == 1 { break }
            guard sent == 0 else { throw lost() }
            try flush(deadline: deadline)
        }
        // Not left to libpq's buffer: it would grow to the size of the whole input.
        try flush(deadline: deadline)
        chunk.removeAll(keepingCapacity: true)
    }

    private func drain(deadline: Deadline) throws(ExchangeError) {
        var failure: ExchangeError?
        while let result = try nextResult(deadline: deadline) {
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_FATAL_ERROR { failure = .server(serverError(result), index: 0) }
        }
        if let failure { throw failure }
    }
}

/// The text format of COPY: tab between columns, newline after rows, `\N` for NULL, backslash escapes.
enum CopyText {
    static func append(_ row: [any SQLEncodable], to bytes: inout [UInt8]) {
        for (index, value) in row.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: "\t")) }
            switch value.sqlParameter {
            case .null: bytes += "\\N".utf8
            case .text(let text): for byte in text.utf8 { append(byte, to: &bytes) }
            case .bytes(let value): for byte in value { append(byte, to: &bytes) }
            }
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\\"): bytes += "\\\\".utf8
        case UInt8(ascii: "\t"): bytes += "\\t".utf8
        case UInt8(ascii: "\n"): bytes += "\\n".utf8
        case UInt8(ascii: "\r"): bytes += "\\r".utf8
        default: bytes.append(byte)
        }
    }
}
