/// What went wrong, in the members of RFC 9457. Web turns it into `application/problem+json`; the console shows it
/// beside the field. `detail` names the way out and never carries a secret, an SQL text or a path.
package struct Problem: Error, Sendable, Equatable {
    /// One wrong field: where (a JSON Pointer or a parameter's name), what, and what would be right.
    package struct FieldError: Sendable, Equatable, Codable {
        package let field: String
        package let message: String

        package init(field: String, message: String) {
            self.field = field
            self.message = message
        }
    }

    /// The HTTP status, 400–599.
    package let status: Int
    /// Stable, UPPER_SNAKE: what a program switches on.
    package let reason: String
    /// A short sentence, the same for every occurrence of `reason`.
    package let title: String
    /// This occurrence: what is wrong and how to fix it.
    package let detail: String
    package var errors: [FieldError] = []
    /// Seconds after which a retry makes sense; sent as `Retry-After`.
    package var retryAfterSeconds: Int?

    package init(
        status: Int, reason: String, title: String, detail: String, errors: [FieldError] = [],
        retryAfterSeconds: Int? = nil
    ) {
        self.status = status
        self.reason = reason
        self.title = title
        self.detail = detail
        self.errors = errors
        self.retryAfterSeconds = retryAfterSeconds
    }
}

extension Problem: CustomStringConvertible {
    /// For a person at a terminal: what is wrong with the reason in brackets, then one line for each field.
    package var description: String {
        let lines = errors.filter { $0.message != detail }.map { "\($0.field): \($0.message)" }
        let head = lines.joined(separator: "; ") == detail ? title : detail
        return (["\(head) [\(reason)]"] + lines.map { "  \($0)" }).joined(separator: "\n")
    }
}

extension Problem {
    /// 422: one field of the request is wrong.
    package static func invalid(_ field: String, _ message: String) -> Problem {
        invalid([FieldError(field: field, message: message)])
    }

    /// 422: several fields are wrong; all are named at once.
    package static func invalid(_ errors: [FieldError]) -> Problem {
        Problem(
            status: 422, reason: "INVALID_FIELD", title: "A field is not valid",
            detail: errors.map { "\($0.field): \($0.message)" }.joined(separator: "; "), errors: errors)
    }

    /// 404: missing and forbidden objects answer alike, so that nobody can probe for what exists.
    package static func notFound(_ what: String) -> Problem {
        Problem(
            status: 404, reason: "NOT_FOUND", title: "Not found",
            detail: "There is no such \(what), or you may not see it.")
    }

    /// 401: nobody, or a credential that is not valid.
    package static let unauthenticated = Problem(
        status: 401, reason: "UNAUTHENTICATED", title: "Sign in first",
        detail: "Send an API key as 'Authorization: Bearer cfp_…', or sign in to the console.")

    /// 403: a known principal without the permission.
    package static func forbidden(_ permission: Permission) -> Problem {
        Problem(
            status: 403, reason: "FORBIDDEN", title: "Permission is missing",
            detail: "This needs the permission '\(permission)'. Ask whoever manages access to bind a role that has it.")
    }

    /// 409: the request contradicts the present state, for example a state machine or a unique name.
    package static func conflict(_ reason: String, _ detail: String) -> Problem {
        Problem(status: 409, reason: reason, title: "This contradicts the present state", detail: detail)
    }

    /// 422: a rule of the domain refuses; `reason` is the rule's name.
    package static func refused(_ reason: String, _ detail: String, field: String? = nil) -> Problem {
        Problem(
            status: 422, reason: reason, title: "A rule refuses this", detail: detail,
            errors: field.map { [FieldError(field: $0, message: detail)] } ?? [])
    }

    /// 503: try again soon; nothing was changed, or the same idempotency key will tell.
    package static func unavailable(_ detail: String, retryAfterSeconds: Int = 1) -> Problem {
        Problem(
            status: 503, reason: "UNAVAILABLE", title: "Temporarily unavailable", detail: detail,
            retryAfterSeconds: retryAfterSeconds)
    }
}
