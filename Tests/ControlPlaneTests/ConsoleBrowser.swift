import Foundation
import Synchronization
import Testing

/// A browser without a screen: keeps cookies, follows redirects, and sends each form with the token of its page.
final class ConsoleBrowser: Sendable {
    /// A page as it arrived, after redirects.
    struct Answer: Sendable {
        let status: Int
        /// The path and query where it ended.
        let path: String
        let body: String

        /// The last part of the path: the id of the object that the page shows.
        func id() throws -> String {
            let path = try #require(path.split(separator: "?").first)
            return try #require(path.split(separator: "/").last.map(String.init))
        }

        /// The ids of this kind on the page, in order.
        func ids(_ prefix: String) throws -> [String] {
            try body.matches(of: Regex("\(prefix)_[0-9a-z]{26}")).map { String(body[$0.range]) }
        }

        /// Whether the page says that the field is wrong.
        func refuses(_ field: String) -> Bool { status == 422 && body.contains("id=\"\(field)-error\"") }
    }

    private let client: MatrixClient
    private let cookies = Mutex<[String: String]>([:])

    init(_ client: MatrixClient) { self.client = client }

    func get(_ path: String) async throws -> Answer { try await send("GET", path) }

    /// Posts a form of the page at `page`.
    func submit(_ path: String, from page: String, _ fields: [String: String] = [:]) async throws -> Answer {
        var fields = fields
        fields["_csrf"] = try await token(page)
        let pairs = fields.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }
        let body = Array(pairs.joined(separator: "&").utf8)
        return try await send("POST", path, type: "application/x-www-form-urlencoded", body)
    }

    /// Posts a form with a file.
    func upload(_ path: String, from page: String, file name: String, _ content: String) async throws -> Answer {
        let body =
            "--part\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n\(try await token(page))\r\n--part\r\n"
            + "Content-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n\r\n\(content)\r\n--part--\r\n"
        return try await send("POST", path, type: "multipart/form-data; boundary=part", Array(body.utf8))
    }

    private func token(_ page: String) async throws -> String {
        let body = try await get(page).body
        let field = try #require(body.firstMatch(of: /name="_csrf" value="([^"]+)"/), "\(page) has no form")
        return String(field.output.1)
    }

    private func send(
        _ method: String, _ path: String, type: String? = nil, _ body: [UInt8] = []
    ) async throws -> Answer {
        let jar = cookies.withLock { $0.map { "\($0.key)=\($0.value)" }.joined(separator: "; ") }
        let headers = jar.isEmpty ? [] : ["Cookie: \(jar)"]
        let answer = try await client.send(method, path, headers: headers, type: type, body: body)
        keepCookies(of: answer)
        if answer.status == 303, let location = answer.header("location") { return try await get(location) }
        return Answer(status: answer.status, path: path, body: answer.body)
    }

    private func keepCookies(of answer: MatrixAnswer) {
        for match in answer.text.matches(of: /(?i)\r\nset-cookie: ([^=\r\n]+)=([^;\r\n]*)([^\r\n]*)/) {
            let (name, value) = (String(match.output.1), String(match.output.2))
            let isOver = match.output.3.contains("Max-Age=0;") || match.output.3.hasSuffix("Max-Age=0")
            cookies.withLock { $0[name] = isOver ? nil : value }
        }
    }
}
