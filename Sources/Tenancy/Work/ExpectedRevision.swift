import Kernel
import Web

/// The state that a change was made for. A service compares it after it has locked the row, so that two people who edit
/// the same object do not overwrite each other unseen.
package enum ExpectedRevision: Sendable {
    /// Whatever is there: the client did not say.
    case anything
    /// From `If-Match`.
    case header(IfMatch)
    /// From a form of the console.
    case revision(Int64)

    /// 412 when the object was changed meanwhile.
    package func check(_ revision: Int64) throws(Problem) {
        switch self {
        case .anything: return
        case .header(let match): try match.check("r\(revision)")
        case .revision(let expected): try IfMatch.tags(["r\(expected)"]).check("r\(revision)")
        }
    }
}

extension PageRequest {
    /// The id that the cursor of a list names; 422 for anything that no list has given out.
    package func cursorID<Kind>(_ kind: ID<Kind>.Type = ID<Kind>.self) throws(Problem) -> ID<Kind>? {
        guard let cursor else { return nil }
        guard let id = ID<Kind>(cursor) else {
            throw .invalid("cursor", "must be the next_cursor of an earlier answer")
        }
        return id
    }
}
