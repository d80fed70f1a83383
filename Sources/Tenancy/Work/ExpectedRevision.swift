import Kernel
import Web

/// The state that a change was made for. A service compares it after it has locked the row, so that two people who edit
/// the same object do not overwrite each other unseen.
package enum ExpectedRevision: Sendable {
    /// Whatever is there: the client did not say.
    case anything
    /// From `If-Match`.
    case header(IfMatch)
    /// What a form of the console was filled in for.
    case revision(Int64)

    /// From a form's hidden field; a form without one compares nothing.
    package init(form revision: Int64?) { self = revision.map(ExpectedRevision.revision) ?? .anything }

    /// 412 when the object was changed meanwhile.
    package func check(_ revision: Int64) throws(Problem) {
        switch self {
        case .anything: return
        case .header(let match): try match.check("r\(revision)")
        case .revision(let expected):
            guard expected != revision else { return }
            throw Problem(
                status: 412, reason: "PRECONDITION_FAILED", title: "Somebody else was faster",
                detail: "It was changed since you opened this page. Look at it as it is now, then decide again.")
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
