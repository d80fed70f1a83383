/// Finds mistakes in the tables of a site before it is served: all of them at once.
enum SiteCheck {
    struct Defects: Error, CustomStringConvertible {
        let list: [String]
        var description: String { list.joined(separator: "\n") }
    }

    static func check(_ site: Site) throws(Defects) {
        var defects: [String] = []
        var routes = RouteTable<Int>()
        for endpoint in site.endpoints { defects += Self.defects(of: endpoint) }
        let paths =
            site.endpoints.map { ($0.method, $0.path) } + site.pages.map { ($0.method, $0.path) }
            + site.assets.map { (Method.get, PathTemplate($0.path)) }
            + site.protocols.map { ($0.method, $0.path) }
        for (method, path) in paths {
            if let defect = path.defect { defects.append(defect) }
            if !routes.insert(0, method, path) {
                defects.append("\(method.rawValue) \(path) is declared twice, or with other parameter names")
            }
        }
        let identifiers = site.endpoints.map { OperationWriter(endpoint: $0).operationID }
        for (identifier, count) in Dictionary(identifiers.map { ($0, 1) }, uniquingKeysWith: +) where count > 1 {
            defects.append("several endpoints have the summary behind '\(identifier)'")
        }
        guard defects.isEmpty else { throw Defects(list: defects) }
    }

    private static func defects(of endpoint: Endpoint) -> [String] {
        let name = "\(endpoint.method.rawValue) \(endpoint.path)"
        var defects: [String] = []
        switch endpoint.input.schema {
        case .failure(let error): defects.append("\(name): input: \(error)")
        case .success(.object(let object)):
            for parameter in endpoint.path.parameters where !object.properties.contains(where: { $0.name == parameter })
            {
                defects.append("\(name): the input does not read the parameter '\(parameter)'")
            }
        case .success:
            if !endpoint.path.parameters.isEmpty { defects.append("\(name): the input must be an object") }
        }
        switch endpoint.output {
        case .value(.failure(let error)), .items(.failure(let error)): defects.append("\(name): output: \(error)")
        default: break
        }
        return defects
    }
}
