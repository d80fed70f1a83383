/// One message of the event socket: header lines, an empty line, and as many bytes as `Content-Length` says.
package struct EventSocketFrame: Sendable, Hashable {
    /// One line of a frame's head.
    package struct Header: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    package let headers: [Header]
    package let body: [UInt8]

    /// The first value of a header; names are compared as they are written.
    package subscript(name: String) -> String? { headers.first { $0.name == name }?.value }

    /// What a frame is, from its `Content-Type`.
    package enum Kind: Sendable, Hashable {
        /// The node asks for the password.
        case authRequest
        /// The answer to a command other than `api`; `+OK …` or `-ERR …`.
        case reply(String)
        /// The answer to `api`: the body as it came.
        case answer(String)
        case event(SwitchEvent)
        /// The node says good-bye; nothing follows.
        case disconnect(String)
        /// Of a later version; to be ignored.
        case other(String)
    }

    /// An error only when an event's body cannot be read.
    package var kind: Kind {
        get throws(EventSocketError) {
            switch self["Content-Type"] {
            case "auth/request": .authRequest
            case "command/reply": .reply(self["Reply-Text"] ?? "")
            case "api/response": .answer(RecordText.decode(body))
            case "text/event-plain": .event(try SwitchEvent(plain: body))
            case "text/event-json": .event(try SwitchEvent(json: body))
            case "text/disconnect-notice": .disconnect(RecordText.decode(body))
            case let other: .other(other ?? "")
            }
        }
    }
}

/// The peer does not speak the event socket's language: the connection is of no use any more.
package struct EventSocketError: Error, Sendable, Hashable {
    package let message: String

    package init(_ message: String) { self.message = message }
}

/// Cuts a stream into frames, however it was chopped on its way.
package struct EventSocketParser: Sendable {
    /// The longest block of header lines; `connect` of an outbound socket answers with about 10 kB of them.
    package static let longestHead = 1 << 18
    /// The longest body: a list of ten thousand channels has about 12 MB.
    package static let longestBody = 1 << 25

    private var buffer: [UInt8] = []
    private var start = 0
    /// How far the end of the head was looked for.
    private var searched = 0
    private var head: (headers: [EventSocketFrame.Header], length: Int)?

    package init() {}

    /// Takes over what arrived.
    package mutating func append(_ bytes: some Sequence<UInt8>) { buffer.append(contentsOf: bytes) }

    /// The next whole frame; `nil` until more bytes come.
    package mutating func next() throws(EventSocketError) -> EventSocketFrame? {
        if head == nil { head = try readHead() }
        guard let head, buffer.count - start >= head.length else { return nil }
        let frame = EventSocketFrame(headers: head.headers, body: Array(buffer[start..<(start + head.length)]))
        start += head.length
        self.head = nil
        compact()
        return frame
    }

    private mutating func readHead() throws(EventSocketError) -> (headers: [EventSocketFrame.Header], length: Int)? {
        while start < buffer.count, buffer[start] == 10 || buffer[start] == 13 { start += 1 }
        var index = max(start, searched)
        while index < buffer.count {
            defer { index += 1 }
            guard buffer[index] == 10, index > start else { continue }
            let previous = buffer[index - 1] == 13 ? index - 2 : index - 1
            guard previous >= start, buffer[previous] == 10 else { continue }
            let headers = HeaderLines.read(buffer[start..<index])
            let text = headers.first { $0.name == "Content-Length" }?.value
            guard let length = text.map({ Int($0) }) ?? 0, (0...Self.longestBody).contains(length) else {
                throw EventSocketError("The length of a frame is no number or too large.")
            }
            start = index + 1
            searched = start
            return (headers, length)
        }
        searched = index
        guard buffer.count - start <= Self.longestHead else {
            throw EventSocketError("A frame's head has more than \(Self.longestHead) bytes.")
        }
        return nil
    }

    /// Drops what was read, rarely enough that it costs nothing.
    private mutating func compact() {
        guard start == buffer.count || start > 1 << 16 else { return }
        buffer.removeFirst(start)
        start = 0
        searched = 0
    }
}

/// `Name: value` lines.
enum HeaderLines {
    static func read(_ bytes: ArraySlice<UInt8>) -> [EventSocketFrame.Header] {
        bytes.split(whereSeparator: { $0 == 10 || $0 == 13 }).compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let value = line[(colon + 1)...].drop { $0 == 0x20 }
            return EventSocketFrame.Header(name: RecordText.decode(line[..<colon]), value: RecordText.decode(value))
        }
    }
}
