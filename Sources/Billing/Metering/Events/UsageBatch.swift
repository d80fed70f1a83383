import Kernel

/// The two forms of a batch: a JSON array (CloudEvents' batch format), or one JSON object per line.
package enum UsageBatch {
    package static let mediaTypes = ["application/json", "application/cloudevents-batch+json", "application/x-ndjson"]

    /// The events of a request body in order. Only what makes the whole batch unreadable is thrown.
    package static func items(of body: [UInt8], mediaType: String?) throws(Problem) -> [UsageItem] {
        mediaType == "application/x-ndjson" ? try lines(body) : try array(body)
    }

    private static func array(_ body: [UInt8]) throws(Problem) -> [UsageItem] {
        let plain = body.withUnsafeBufferPointer { bytes -> [UsageItem]? in
            var reader = PlainEventReader(bytes)
            return reader.array(limit: Limits.usageBatchEvents)
        }
        if let plain { return plain }
        let document: JSON
        do throws(JSONError) {
            document = try JSON(parsing: body)
        } catch {
            return try elements(of: body, broken: error)
        }
        guard let elements = document.array else {
            throw Problem(
                status: 422, reason: "INVALID_BATCH", title: "The body is no batch of events",
                detail: "Send a JSON array of events, or one event per line as application/x-ndjson.")
        }
        try check(count: elements.count)
        return elements.map(UsageEventReader.item)
    }

    /// The array of a body that is no valid JSON: an element that is wrong in itself spoils only itself. What is wrong
    /// between the elements leaves no batch, and is the error.
    private static func elements(of body: [UInt8], broken error: JSONError) throws(Problem) -> [UsageItem] {
        guard let elements = JSONArrayElements.split(body) else { throw error.problem }
        try check(count: elements.count)
        return elements.map { item($0, named: "event") }
    }

    /// A line that is no JSON spoils only itself. Empty lines are skipped.
    private static func lines(_ body: [UInt8]) throws(Problem) -> [UsageItem] {
        var items: [UsageItem] = []
        var rest = body[...]
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(line.count + 1)
            guard !line.isBlank else { continue }
            items.append(item(line: line))
            try check(count: items.count)
        }
        return items
    }

    /// One line of NDJSON.
    package static func item(line: ArraySlice<UInt8>) -> UsageItem { item(line, named: "line") }

    private static func item(_ text: ArraySlice<UInt8>, named name: String) -> UsageItem {
        let plain = text.withUnsafeBufferPointer { bytes -> UsageItem? in
            var reader = PlainEventReader(bytes)
            return reader.line()
        }
        if let plain { return plain }
        do throws(JSONError) {
            return UsageEventReader.item(try JSON(parsing: text))
        } catch {
            let rejection = UsageRejection(
                "INVALID_JSON", nil, "The \(name) is not valid JSON: \(error.message) at byte \(error.offset).")
            return UsageItem(id: nil, content: .failure(rejection))
        }
    }

    private static func check(count: Int) throws(Problem) {
        guard count <= Limits.usageBatchEvents else {
            throw Problem(
                status: 413, reason: "TOO_MANY_EVENTS", title: "The batch is too large",
                detail: "A batch has at most \(Limits.usageBatchEvents) events. Send several batches.")
        }
    }
}

extension Collection<UInt8> {
    /// Nothing but spaces, tabs and carriage returns.
    var isBlank: Bool { allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }
}
