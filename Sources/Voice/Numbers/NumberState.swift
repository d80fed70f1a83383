import Kernel
import Tenancy

/// The life of a number with a tenant.
package enum NumberState: String, Sendable, Codable, CaseIterable {
    /// The tenant's, and not routed.
    case available
    /// Routed: calls to it are taken.
    case assigned
    /// Taken to another carrier.
    case portedOut = "ported_out"
    /// Given back, and kept for some time from being given to somebody who would get the old one's calls.
    case aging
    case released

    /// Whether it is in service: it takes calls and can be called with.
    package var isInService: Bool { self == .available || self == .assigned }

    /// How long a number rests before it is free. *Decided*: a quarter of a year.
    package static let agingDays: Int64 = 90
}

/// A step in a number's life that somebody takes.
package enum NumberStep: Sendable, Equatable {
    /// With routes or without.
    case route(isRouted: Bool)
    case portOut
    /// Into its rest, or at once to its end.
    case release(immediately: Bool)
    /// Its rest is over.
    case endRest
    /// Back to the tenant that had it.
    case reclaim

    /// Where the number is after it; 409 where it cannot be taken.
    package func next(from state: NumberState) throws(Problem) -> NumberState {
        switch (self, state) {
        case (.route(let isRouted), .available), (.route(let isRouted), .assigned): isRouted ? .assigned : .available
        case (.portOut, .available), (.portOut, .assigned): .portedOut
        case (.release(let immediately), .available), (.release(let immediately), .assigned),
            (.release(let immediately), .portedOut):
            immediately ? .released : .aging
        case (.release(immediately: true), .aging), (.endRest, .aging): .released
        case (.reclaim, .portedOut), (.reclaim, .aging): .available
        default: throw .conflict("NUMBER_STATE", "A number that is \(state.words) cannot be \(verb).")
        }
    }

    private var verb: String {
        switch self {
        case .route: "changed; reclaim it first, or enter it anew"
        case .portOut: "ported out"
        case .release, .endRest: "released"
        case .reclaim: "reclaimed"
        }
    }

    /// The second part of the audit entry's name.
    var action: String {
        switch self {
        case .route: "update_number"
        case .portOut: "port_out_number"
        case .release, .endRest: "release_number"
        case .reclaim: "reclaim_number"
        }
    }
}

/// Why a step is taken, and on what state it was decided.
package struct NumberStepCause: Sendable {
    package var reason: String
    package var expecting: ExpectedRevision

    package init(reason: String = "", expecting: ExpectedRevision = .anything) {
        self.reason = reason
        self.expecting = expecting
    }
}

extension NumberState {
    var words: String { rawValue.replacing("_", with: " ") }
}
