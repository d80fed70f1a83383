/// The three priced programs (domain 2). Which one a tenant is billed under follows from where its instance runs.
package enum Program: String, Codable, Hashable, Sendable, CaseIterable {
    case enterprise, solution, deployment

    /// Who runs the instances of the program: the value of `instance.host` and `tenant.host`.
    package var host: String {
        switch self {
        case .enterprise: "licensee"
        case .solution: "vendor"
        case .deployment: "end_customer"
        }
    }
}
