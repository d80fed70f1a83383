import CLibPQ

#if canImport(Glibc)
    import Glibc
#endif

/// Statements and results. Everything is non-blocking with `poll` and a deadline: TCP keepalives do not notice a hung
/// server whose kernel still acknowledges.
extension Connection {
    /// What was sent, so that the results can be told apart.
    fileprivate enum Step {
        case statement(index: Int)
        case prepare(text: String, name: String, index: Int)
        case deallocate
    }

    /// Sends all statements in one pipeline and reads all results: one round trip. The server runs none after the first
    /// that fails.
    func exchange(_ statements: [Statement], deadline: Deadline) throws(ExchangeError) -> [ResultTable] {
        guard !isBroken else { throw .lost }
        try checkParameters(of: statements)
        guard PQpipelineStatus(pointer) != PQ_PIPELINE_OFF || PQenterPipelineMode(pointer) == 1 else { throw lost() }
        var steps: [Step] = []
        for (index, statement) in statements.enumerated() { try send(statement, index: index, steps: &steps) }
        guard PQpipelineSync(pointer) == 1 else { throw lost() }
        try flush(deadline: deadline)
        return try receive(steps, count: statements.count, deadline: deadline)
    }

    private func checkParameters(of statements: [Statement]) throws(ExchangeError) {
        for statement in statements {
            if statement.parameters.count > 65_535 {
                throw .invalid(ServerError(sqlstate: "54000", message: "more than 65,535 parameters: use an array"))
            }
            let hasNul = statement.parameters.contains {
                switch $0 {
                case .null: false
                case .text(let text): text.utf8.contains(0)
                case .bytes(let bytes): bytes.contains(0)
                }
            }
            // libpq would silently cut the value there.
            if hasNul { throw .invalid(ServerError(sqlstate: "22021", message: "a text contains U+0000")) }
        }
    }

    private func send(_ statement: Statement, index: Int, steps: inout [Step]) throws(ExchangeError) {
        let isNamed = statement.isPrepared && statements.isEnabled
        var name = isNamed ? statements.name(of: statement.text) : nil
        if isNamed && name == nil {
            // The same text twice in one pipeline: the first of them has prepared it.
            for case .prepare(statement.text, let pending, _) in steps { name = pending }
        }
        if isNamed && name == nil {
            if let evicted = statements.evict() {
                guard PQsendQueryParams(pointer, "DEALLOCATE \(evicted)", 0, nil, nil, nil, nil, 0) == 1 else {
                    throw lost()
                }
                steps.append(.deallocate)
            }
            let fresh = statements.newName()
            guard PQsendPrepare(pointer, fresh, statement.text, 0, nil) == 1 else { throw lost() }
            steps.append(.prepare(text: statement.text, name: fresh, index: index))
            name = fresh
        }
        let count = Int32(statement.parameters.count)
        let sent = withParameters(statement.parameters) { values in
            if let name {
                PQsendQueryPrepared(pointer, name, count, values, nil, nil, 0)
            } else {
                PQsendQueryParams(pointer, statement.text, count, nil, values, nil, nil, 0)
            }
        }
        guard sent == 1 else { throw lost() }
        steps.append(.statement(index: index))
    }

    private func receive(_ steps: [Step], count: Int, deadline: Deadline) throws(ExchangeError) -> [ResultTable] {
        var tables: [ResultTable] = []
        tables.reserveCapacity(count)
        var failure: ExchangeError?
        for step in steps {
            while let result = try nextResult(deadline: deadline) {
                defer { PQclear(result) }
                switch PQresultStatus(result) {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                    switch step {
                    case .statement: tables.append(ResultTable(result))
                    case .prepare(let text, let name, _): statements.remember(text, as: name)
                    case .deallocate: break
                    }
                case PGRES_PIPELINE_ABORTED: break
                default: failure = failure ?? .server(serverError(result), index: step.statementIndex)
                }
            }
        }
        guard let sync = try nextResult(deadline: deadline) else { throw lost() }
        defer { PQclear(sync) }
        guard PQresultStatus(sync) == PGRES_PIPELINE_SYNC else { throw lost() }
        if let failure { throw failure }
        return tables
    }

    func serverError(_ result: OpaquePointer) -> ServerError {
        let error = ServerError(result: result)
        lastServerMessage = error.message
        if error.endsConnection || error.isStaleStatement || error.sqlstate.isEmpty { isBroken = true }
        return error
    }

    /// Text without parameters, several statements allowed; outside the pipeline.
    @discardableResult
    func simple(_ text: String, deadline: Deadline) throws(ExchangeError) -> [ResultTable] {
        guard !isBroken, leavePipeline(), PQsendQuery(pointer, text) == 1 else { throw lost() }
        try flush(deadline: deadline)
        var failure: ExchangeError?
        var tables: [ResultTable] = []
        while let result = try nextResult(deadline: deadline) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: tables.append(ResultTable(result))
            default: failure = failure ?? .server(serverError(result), index: tables.count)
            }
        }
        if let failure { throw failure }
        return tables
    }

    /// The next result, `nil` at the end of one statement's results.
    func nextResult(deadline: Deadline) throws(ExchangeError) -> OpaquePointer? {
        while PQisBusy(pointer) == 1 {
            try wait(for: Int16(POLLIN), deadline: deadline)
            guard PQconsumeInput(pointer) == 1 else { throw lost() }
        }
        let result = PQgetResult(pointer)
        if let result, PQresultStatus(result) == PGRES_FATAL_ERROR, PQstatus(pointer) == CONNECTION_BAD {
            let error = ServerError(result: result)
            lastServerMessage = error.message
            PQclear(result)
            throw lost()
        }
        if result == nil, PQstatus(pointer) == CONNECTION_BAD { throw lost() }
        return result
    }

    /// Sends what libpq has buffered, and reads meanwhile: both sides would wait for ever otherwise.
    func flush(deadline: Deadline) throws(ExchangeError) {
        while true {
            switch PQflush(pointer) {
            case 0: return
            case 1:
                let ready = try wait(for: Int16(POLLIN) | Int16(POLLOUT), deadline: deadline)
                if ready & Int16(POLLIN) != 0, PQconsumeInput(pointer) != 1 { throw lost() }
            default: throw lost()
            }
        }
    }

    @discardableResult
    func wait(for events: Int16, deadline: Deadline) throws(ExchangeError) -> Int16 {
        while true {
            let remaining = ContinuousClock.now.duration(to: deadline)
            guard remaining > .zero, PQsocket(pointer) >= 0 else { throw lost() }
            var request = pollfd(fd: PQsocket(pointer), events: events, revents: 0)
            let ready = poll(&request, 1, Int32(clamping: remaining.milliseconds + 1))
            if ready > 0 { return request.revents }
            if ready < 0 && errno != EINTR { throw lost() }
        }
    }

    func leavePipeline() -> Bool { PQpipelineStatus(pointer) == PQ_PIPELINE_OFF || PQexitPipelineMode(pointer) == 1 }

    /// Marks and closes the connection.
    func lost() -> ExchangeError {
        abandon()
        return .lost
    }

    /// The parameters as a C array of NUL-terminated strings, in one copy.
    private func withParameters(
        _ parameters: [SQLParameter], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Int32
    ) -> Int32 {
        guard !parameters.isEmpty else { return body(nil) }
        var bytes: [UInt8] = []
        var offsets: [Int] = []
        for parameter in parameters {
            offsets.append(bytes.count)
            switch parameter {
            case .null: offsets[offsets.count - 1] = -1
            case .text(let text): bytes += text.utf8
            case .bytes(let value): bytes += value
            }
            bytes.append(0)
        }
        return bytes.withUnsafeBytes { buffer in
            let start = buffer.assumingMemoryBound(to: CChar.self).baseAddress
            let pointers = offsets.map { offset in offset < 0 ? nil : start.map { $0 + offset } }
            return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }
}

extension Connection.Step {
    fileprivate var statementIndex: Int {
        switch self {
        case .statement(let index), .prepare(_, _, let index): index
        case .deallocate: 0
        }
    }
}

extension ResultTable {
    /// Copies everything out of a libpq result.
    convenience init(_ result: OpaquePointer) {
        let columnCount = PQnfields(result)
        let rowCount = PQntuples(result)
        var bytes: [UInt8] = []
        var cells: [Cell] = []
        cells.reserveCapacity(Int(rowCount) * Int(columnCount))
        for row in 0..<rowCount {
            for column in 0..<columnCount {
                guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else {
                    cells.append(Cell(start: 0, length: -1))
                    continue
                }
                let length = Int(PQgetlength(result, row, column))
                cells.append(Cell(start: bytes.count, length: length))
                bytes.append(contentsOf: UnsafeRawBufferPointer(start: value, count: length))
            }
        }
        let columns = (0..<columnCount).map { PQfname(result, $0).map { String(cString: $0) } ?? "" }
        self.init(
            columns: columns, rowCount: Int(rowCount), bytes: bytes, cells: cells,
            commandTag: PQcmdStatus(.init(result)).map { String(cString: $0) } ?? "")
    }
}
