import Kernel

/// A piece of a request's input, before it has a type.
enum InputNode: Sendable {
    case json(JSON)
    /// A text out of a path, query or form; an empty one counts as absent for an optional.
    case text(String)
    /// A name that came several times.
    case texts([String])
    /// The whole input, merged from its sources.
    case fields(InputFields)
}

/// Where a field came from; decides how an error names it and which status it gets.
enum InputOrigin: Sendable {
    case path, query, body, form
}

/// The named parts of a request, merged from path, query and body.
struct InputFields: Sendable {
    struct Field: Sendable {
        let node: InputNode
        let origin: InputOrigin
    }

    /// The origin of fields that are missing or unknown.
    let origin: InputOrigin
    /// Unknown names are ignored, as for pages, instead of refused.
    var isLenient = false
    private(set) var fields: [String: Field] = [:]
    private(set) var errors: [Problem.FieldError] = []

    init(origin: InputOrigin) { self.origin = origin }

    subscript(name: String) -> Field? { fields[name] }

    /// Adds the parameters of the path.
    mutating func add(path parameters: [(name: String, value: String)]) {
        for (name, value) in parameters { fields[name] = Field(node: .text(value), origin: .path) }
    }

    /// Adds a query or a form; a name that the path has is refused.
    mutating func add(pairs: [(name: String, value: String)], from source: InputOrigin) {
        var values: [String: [String]] = [:]
        for (name, value) in pairs { values[name, default: []].append(value) }
        for (name, values) in values.sorted(by: { $0.key < $1.key }) {
            add(name, values.count == 1 ? .text(values[0]) : .texts(values), from: source)
        }
    }

    /// Adds the members of a JSON object.
    mutating func add(body members: [JSON.Member]) {
        for member in members { add(member.key, .json(member.value), from: .body) }
    }

    private mutating func add(_ name: String, _ node: InputNode, from source: InputOrigin) {
        // An address is logged and cached on its way; what a body should say is not taken from there.
        if source == .query, origin == .body {
            errors.append(Problem.FieldError(field: name, message: "is not read from the query; send it in the body"))
            return
        }
        if let present = fields[name], present.origin == .path {
            guard !isLenient else { return }
            let place = InputPath(origin: source, tokens: [name])
            errors.append(Problem.FieldError(field: place.name, message: "is set by the path; leave it out"))
            return
        }
        fields[name] = Field(node: node, origin: source)
    }
}

/// The way to a value inside the input.
struct InputPath: Sendable {
    let origin: InputOrigin
    let tokens: [String]

    /// A JSON Pointer for a body, otherwise the parameter's name.
    var name: String {
        origin == .body
            ? tokens.map { "/" + JSONPointer.escape($0) }.joined()
            : tokens.joined(separator: ".")
    }

    func appending(_ token: String) -> InputPath { InputPath(origin: origin, tokens: tokens + [token]) }
}
