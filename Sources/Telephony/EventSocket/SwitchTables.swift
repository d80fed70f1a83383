import FoundationEssentials
import Kernel

/// The tables that a node prints when it is asked.
package enum SwitchTables {
    /// One row of `show channels as json`.
    package struct Channel: Sendable, Hashable {
        package let id: UUID
        package let side: CallRecord.Leg.Side
        package let created: Timestamp?
        /// `RINGING`, `EARLY`, `ACTIVE`, `HELD`, `HANGUP`…
        package let state: String
        package let caller: String
        package let destination: String
        /// The dialplan context in which it began.
        package let context: String
        package let callID: UUID?
    }

    /// One row of `show registrations as json`.
    package struct Registration: Sendable, Hashable {
        package let user: String
        package let realm: String
        package let contact: String
        package let networkAddress: String
        package let networkPort: Int?
        package let expires: Timestamp?
    }

    /// All channels of the node, also none. An error is not an empty list: what could not be asked is not gone.
    package static func channels(_ answer: String) throws(EventSocketError) -> [Channel] {
        try rows(answer).compactMap { row in
            guard let id = row["uuid"]?.text.flatMap({ UUID(uuidString: $0) }),
                let side = row["direction"]?.text.flatMap({ CallRecord.Leg.Side(rawValue: $0) })
            else { return nil }
            return Channel(
                id: id, side: side, created: seconds(row["created_epoch"]), state: row["callstate"]?.text ?? "",
                caller: row["initial_cid_num"]?.text ?? row["cid_num"]?.text ?? "",
                destination: row["initial_dest"]?.text ?? row["dest"]?.text ?? "",
                context: row["initial_context"]?.text ?? row["context"]?.text ?? "",
                callID: row["call_uuid"]?.text.flatMap { UUID(uuidString: $0) })
        }
    }

    /// All registrations of the node, also none; anything that is no such list is an error.
    package static func registrations(_ answer: String) throws(EventSocketError) -> [Registration] {
        try rows(answer).compactMap { row in
            guard let user = row["reg_user"]?.text, let realm = row["realm"]?.text else { return nil }
            return Registration(
                user: user, realm: realm, contact: row["url"]?.text ?? "",
                networkAddress: row["network_ip"]?.text ?? "",
                networkPort: row["network_port"]?.text.flatMap { Int($0) }, expires: seconds(row["expires"]))
        }
    }

    private static func seconds(_ node: RecordNode?) -> Timestamp? {
        node?.text.flatMap { Int64($0) }.flatMap { $0 > 0 && $0 < 1 << 40 ? Timestamp(seconds: $0) : nil }
    }

    /// `{"row_count": 0}` without `rows` is an idle node; anything that is no such object is an error.
    private static func rows(_ answer: String) throws(EventSocketError) -> [RecordNode] {
        do throws(MalformedRecord) {
            let node = try LenientJSON.parse(Array(answer.utf8))
            guard let count = node["row_count"]?.text.flatMap({ Int($0) }) else {
                throw MalformedRecord(.brokenJSON, "There is no row_count.")
            }
            let rows = node.all("rows")
            guard rows.count == count else { throw MalformedRecord(.brokenJSON, "Rows are missing.") }
            return rows
        } catch {
            throw EventSocketError("The list is broken: \(error.detail)")
        }
    }

    /// The state of every gateway in the table of `sofia status`: `NOREG`, `REGED`, `FAIL_WAIT`…, by its name.
    package static func gateways(_ answer: String) -> [String: String] {
        var states: [String: String] = [:]
        for line in answer.split(separator: "\n") {
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map { column in
                String(column.drop { $0 == " " })
            }
            guard columns.count >= 4, columns[1] == "gateway" else { continue }
            let name = columns[0].split(separator: ":").last.map(String.init) ?? columns[0]
            states[name] = columns[3].split(separator: " ").first.map(String.init) ?? ""
        }
        return states
    }
}
