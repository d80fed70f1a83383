/// A path with parameters in OpenAPI's own syntax: `/v1/tenants/{tenant_id}:suspend`. A parameter fills a segment up to
/// a custom verb, which is the only thing that may stand beside it.
package struct PathTemplate: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    enum Segment: Sendable, Hashable {
        case literal(String)
        /// A parameter's name and the verb after it, if any.
        case parameter(String, verb: String?)
    }

    let text: String
    let segments: [Segment]

    package init(stringLiteral text: String) { self.init(text) }

    package init(_ text: String) {
        self.text = text
        segments = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { segment in
            guard segment.first == "{", let end = segment.firstIndex(of: "}") else { return .literal(String(segment)) }
            let name = String(segment[segment.index(after: segment.startIndex)..<end])
            let rest = segment[segment.index(after: end)...]
            return .parameter(name, verb: rest.isEmpty ? nil : String(rest.dropFirst()))
        }
    }

    package var description: String { text }

    /// The names of the parameters in their order.
    package var parameters: [String] {
        segments.compactMap { if case .parameter(let name, _) = $0 { name } else { nil } }
    }

    /// What is wrong with the template; `nil` for a good one.
    var defect: String? {
        guard text.first == "/" else { return "the path '\(text)' must start with '/'" }
        guard Set(parameters).count == parameters.count else { return "a parameter comes twice in '\(text)'" }
        let names = parameters.flatMap { Array($0.utf8) }
        guard names.allSatisfy({ (97...122).contains($0) || $0 == 95 || (48...57).contains($0) }),
            !parameters.contains("")
        else { return "parameters of '\(text)' must be snake_case" }
        return nil
    }
}

/// A trie over path templates. Literals win over verbs, verbs over plain parameters.
struct RouteTable<Target: Sendable>: Sendable {
    struct Match: Sendable {
        let targets: [Method: Target]
        let parameters: [(name: String, value: String)]
    }

    private struct Node: Sendable {
        var literals: [String: Node] = [:]
        var verbs: [String: Node] = [:]
        var parameter: [Node] = []
        var targets: [Method: (names: [String], target: Target)] = [:]
    }

    private var root = Node()

    /// False when the method and path are taken.
    mutating func insert(_ target: Target, _ method: Method, _ path: PathTemplate) -> Bool {
        Self.insert(target, method, path.parameters, path.segments[...], at: &root)
    }

    /// The targets at a path whose segments are decoded already; `nil` for an unknown path.
    func match(_ segments: [PathSegment]) -> Match? {
        var values: [String] = []
        guard let node = Self.find(segments[...], in: root, &values), let first = node.targets.first else { return nil }
        return Match(
            targets: node.targets.mapValues(\.target),
            parameters: Array(zip(first.value.names, values)).map { ($0, $1) })
    }

    private static func insert(
        _ target: Target, _ method: Method, _ names: [String], _ segments: ArraySlice<PathTemplate.Segment>,
        at node: inout Node
    ) -> Bool {
        guard let segment = segments.first else {
            guard node.targets[method] == nil else { return false }
            if let other = node.targets.values.first, other.names != names { return false }
            node.targets[method] = (names, target)
            return true
        }
        let rest = segments.dropFirst()
        switch segment {
        case .literal(let text): return insert(target, method, names, rest, at: &node.literals[text, default: Node()])
        case .parameter(_, let verb?):
            return insert(target, method, names, rest, at: &node.verbs[verb, default: Node()])
        case .parameter(_, nil):
            if node.parameter.isEmpty { node.parameter = [Node()] }
            return insert(target, method, names, rest, at: &node.parameter[0])
        }
    }

    private static func find(_ segments: ArraySlice<PathSegment>, in node: Node, _ values: inout [String]) -> Node? {
        guard let segment = segments.first else { return node.targets.isEmpty ? nil : node }
        let rest = segments.dropFirst()
        let count = values.count
        if let child = node.literals[segment.raw], let found = find(rest, in: child, &values) { return found }
        if let colon = segment.raw.lastIndex(of: ":"), !node.verbs.isEmpty {
            let verb = String(segment.raw[segment.raw.index(after: colon)...])
            if let child = node.verbs[verb], let value = PercentCoding.decode(segment.raw[..<colon]), !value.isEmpty {
                values.append(value)
                if let found = find(rest, in: child, &values) { return found }
                values.removeSubrange(count...)
            }
        }
        if let child = node.parameter.first, !segment.decoded.isEmpty, !segment.raw.contains(":") {
            values.append(segment.decoded)
            if let found = find(rest, in: child, &values) { return found }
            values.removeSubrange(count...)
        }
        return nil
    }
}

/// One segment of a request's path: as sent, and with its percent escapes decoded.
struct PathSegment: Sendable, Equatable {
    let raw: String
    let decoded: String

    /// The segments of a path; `nil` for a path with invalid escapes, control characters or dot segments, however
    /// they are written.
    static func split(_ path: some StringProtocol) -> [PathSegment]? {
        guard path.first == "/" else { return nil }
        var segments: [PathSegment] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let raw = String(part)
            guard let decoded = PercentCoding.decode(raw), decoded != ".", decoded != "..",
                !decoded.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
            else { return nil }
            segments.append(PathSegment(raw: raw, decoded: decoded))
        }
        return segments
    }
}
