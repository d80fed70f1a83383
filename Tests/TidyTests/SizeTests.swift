import Testing

/// What does not fit on a few screens is split, the feature rather than the line.
@Suite struct SizeTests {
    static let fileLimit = 400
    static let testFileLimit = 700
    static let functionLimit = 70
    static let parameterLimit = 6
    /// A memberwise initialiser has one parameter per stored property.
    static let initialiserParameterLimit = 12

    @Test func filesAreShort() {
        expectNone(
            SourceTree.swift.compactMap { file in
                let limit = file.isTest ? Self.testFileLimit : Self.fileLimit
                let count = file.text.lines.count - 1
                return count > limit ? "\(file.path):\(limit): \(count) lines; split it (limit \(limit))" : nil
            })
    }

    @Test func functionsAreShort() {
        for file in SourceTree.swift {
            expectNone(
                file.text.functions().filter { $0.lines > Self.functionLimit }.map {
                    "\(file.path):\($0.line): \($0.name) has \($0.lines) lines; split it (limit \(Self.functionLimit))"
                })
        }
    }

    /// Tests may build a whole contract in one call with defaults.
    @Test func parametersAreFew() {
        for file in SourceTree.sources {
            expectNone(
                file.text.functions().compactMap { function in
                    let isInitialiser = function.name.hasPrefix("init")
                    let limit = isInitialiser ? Self.initialiserParameterLimit : Self.parameterLimit
                    guard function.parameters > limit else { return nil }
                    return "\(file.path):\(function.line): \(function.name) has \(function.parameters) parameters; "
                        + "group them in a struct (limit \(limit))"
                })
        }
    }
}
