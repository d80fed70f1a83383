import Kernel

/// A file of events, read in pieces: NDJSON, or CSV with a header.
package struct UsageFile: Sendable {
    /// As the person who imports it knows it; not a path.
    package let name: String
    /// For the progress; `nil` for a stream.
    package let size: Int64?
    /// Whether it can be read twice: only then its contents have a hash by which an interrupted import goes on.
    package let isRepeatable: Bool
    /// Begins at the first byte; the returned function gives the next piece, at most a few megabytes, and an empty one at
    /// the end.
    package let open: @Sendable () throws -> () throws -> [UInt8]

    package init(
        name: String, size: Int64?, isRepeatable: Bool, open: @escaping @Sendable () throws -> () throws -> [UInt8]
    ) {
        self.name = String(name.prefix(Limits.textCharacters))
        self.size = size
        self.isRepeatable = isRepeatable
        self.open = open
    }

    /// The columns of a CSV file; the first five are required.
    package static let columns = UsageTable.columns

    /// An uploaded file that is in memory already.
    package init(name: String, bytes: [UInt8]) {
        self.init(name: name, size: Int64(bytes.count), isRepeatable: true) {
            var rest = bytes[...]
            return {
                let piece = Array(rest.prefix(256 * 1024))
                rest = rest.dropFirst(piece.count)
                return piece
            }
        }
    }
}

/// One event of a file that was not stored, or not counted on time.
package struct UsageImportFailure: Sendable, Equatable {
    /// From 1; of several lines of one CSV row, the first.
    package let line: Int64
    package let eventID: String?
    /// `conflict` or `rejected`.
    package let status: String
    package let reason: String
    package let detail: String
}

/// What became of a file. Events that were stored but not yet noted when an earlier run was cut count as duplicates.
package struct UsageImportSummary: Sendable, Equatable {
    package var counts = UsageCounts()
    /// The first ones of this run, in order of their lines.
    package var failures: [UsageImportFailure] = []
    /// Conflicts and rejections of the whole file.
    package var failureCount: Int64 { counts.conflict + counts.rejected }
    /// Where an earlier run had stopped; 0 for a fresh one.
    package var resumedAtByte: Int64 = 0

    /// How many failures are kept with their reasons.
    package static let keptFailures = 20
}

/// How far an import is.
package struct UsageImportProgress: Sendable, Equatable {
    package var bytesDone: Int64 = 0
    package var linesDone: Int64 = 0
    package var counts = UsageCounts()
}
