import Kernel

/// Problems as RFC 9457 documents.
enum ProblemWriter {
    /// What `type` starts with; the reason in lower case follows.
    static let defaultTypeBase = "urn:problem:"

    static func bytes(_ problem: Problem, requestID: String? = nil, typeBase: String = defaultTypeBase) -> [UInt8] {
        var members: [JSON.Member] = [
            JSON.Member("type", .string(typeBase + slug(problem.reason))),
            JSON.Member("title", .string(problem.title)),
            JSON.Member("status", .integer(problem.status)),
            JSON.Member("detail", .string(problem.detail)),
            JSON.Member("reason", .string(problem.reason)),
        ]
        if let requestID { members.append(JSON.Member("request_id", .string(requestID))) }
        if !problem.errors.isEmpty {
            let errors = problem.errors.map { error -> JSON in
                ["field": .string(error.field), "message": .string(error.message)]
            }
            members.append(JSON.Member("errors", .array(errors)))
        }
        return JSON.object(members).bytes
    }

    private static func slug(_ reason: String) -> String {
        String(reason.lowercased().map { $0 == "_" ? "-" : $0 })
    }
}
