import Kernel
import Tenancy
import Testing

/// Every state against every transition.
@Suite struct TenantStateTests {
    static let now = Timestamp(seconds: 1_790_000_000)
    static let later = now.advanced(by: TenantState.retention)
    static let states: [TenantState] = [
        .provisioning, .active, .suspended(reason: "s"), .archived(reason: "a", purgeAt: now), .purged(reason: "p"),
    ]
    static let transitions: [TenantTransition] = [
        .activate, .suspend(reason: "new"), .resume, .archive(reason: "new"), .purge(reason: "", early: false),
    ]
    /// Rows are states, columns transitions, in the order above; `nil` is a refusal.
    static let table: [[TenantState?]] = [
        [.active, nil, nil, .archived(reason: "new", purgeAt: later), nil],
        [nil, .suspended(reason: "new"), nil, .archived(reason: "new", purgeAt: later), nil],
        [nil, nil, .active, .archived(reason: "new", purgeAt: later), nil],
        [nil, nil, nil, nil, .purged(reason: "a")],
        [nil, nil, nil, nil, nil],
    ]

    @Test(arguments: states.indices, transitions.indices)
    func everyStep(state: Int, transition: Int) throws {
        let from = Self.states[state]
        let step = Self.transitions[transition]
        if let expected = Self.table[state][transition] {
            #expect(try from.after(step, at: Self.now) == expected)
        } else {
            #expect(try reason { try from.after(step, at: Self.now) } == "TENANT_STATE")
        }
        #expect(from.allowedVerbs.contains(step.verb) == (Self.table[state][transition] != nil))
    }

    @Test(arguments: [TenantTransition.suspend(reason: " "), .archive(reason: ""), .suspend(reason: "a\u{0}b")])
    func stepsThatNeedAReasonInsistOnOne(step: TenantTransition) throws {
        #expect(try reason { try TenantState.active.after(step, at: Self.now) } == "INVALID_FIELD")
    }

    @Test func contentIsKeptForTheRetentionUnlessSomebodySaysWhyNot() throws {
        let archived = try TenantState.active.after(.archive(reason: "gone"), at: Self.now)
        #expect(archived.purgeAt == Self.later)
        let day = Self.now.advanced(by: .seconds(86_400))
        #expect(try reason { try archived.after(.purge(reason: "x", early: false), at: day) } == "TENANT_RETENTION")
        #expect(try reason { try archived.after(.purge(reason: "", early: true), at: day) } == "INVALID_FIELD")
        #expect(try archived.after(.purge(reason: "erasure", early: true), at: day) == .purged(reason: "erasure"))
        #expect(try archived.after(.purge(reason: "", early: false), at: Self.later) == .purged(reason: "gone"))
    }
}
