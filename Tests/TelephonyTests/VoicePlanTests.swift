import FoundationEssentials
import Kernel
import Telephony
import Testing

@Suite struct VoicePlanTests {
    private let tenant = TenantID(UUID(bytes: [UInt8](repeating: 7, count: 16)))

    private func entry(
        _ domain: String, _ numbers: [String], of tenant: TenantID? = nil, on instance: InstanceID? = nil
    ) throws -> VoicePlan.Entry {
        let organisation = OrganisationID(UUID(bytes: [UInt8](repeating: 8, count: 16)))
        var routing = TenantPlan.Routing()
        routing.numbers = try numbers.enumerated().map { index, text in
            PhoneNumber(
                id: PhoneNumberID(UUID(bytes: [UInt8](repeating: UInt8(index), count: 16))),
                e164: try #require(E164(text)), displayName: "", routes: [])
        }
        let identity = TenantPlan.Identity(
            tenantID: tenant ?? self.tenant, organisationID: organisation, domain: domain, country: .austria,
            instanceID: instance)
        return VoicePlan.Entry(revision: "r", plan: TenantPlan(identity, routing: routing))
    }

    @Test func aNewPlanTakesThePlaceOfTheOldOne() throws {
        var plan = VoicePlan([try entry("a.example", ["+43720000001", "+43720000002"])])
        plan.set(try entry("b.example", ["+43720000002"]))
        let kept = try #require(E164("+43720000002"))
        #expect(plan.entry(domain: "a.example") == nil)
        #expect(plan.entry(number: try #require(E164("+43720000001"))) == nil)
        #expect(plan.entry(number: kept)?.plan.domain == "b.example")
        plan.remove(tenant)
        #expect(plan.entries.isEmpty && plan.entry(number: kept) == nil)
    }

    /// Whoever has seen the name and the plan without its secrets can try no guess of a secret with them.
    @Test func theNameOfAPlanSaysNothingAboutItsSecrets() throws {
        func plan(_ secret: String, _ fingerprint: String) throws -> TenantPlan {
            var fixture = try PlanFixture()
            fixture.users = [
                SIPUser(
                    id: PlanFixture.id(1), name: "1001", digests: [secret], fingerprints: [fingerprint],
                    displayName: "", callerNumber: nil, siteID: nil)
            ]
            fixture.trunks = [
                Trunk(
                    id: PlanFixture.id(2), displayName: "", proxy: "carrier.example",
                    identification: .registration(username: "u", secret: secret, realm: "r"),
                    fingerprint: fingerprint, allowedAddresses: [], use: Trunk.Use())
            ]
            return fixture.plan
        }
        let (one, other) = (try plan("guess-1", "f1"), try plan("guess-2", "f1"))
        #expect(one != other)
        #expect(try one.entry().revision == other.entry().revision)
        #expect(try one.entry().revision != plan("guess-1", "f2").entry().revision)
        let shown = try one.withoutSecrets.document()
        #expect(try shown.canonicalBytes == other.withoutSecrets.document().canonicalBytes)
        #expect(!shown.text.contains("guess") && shown.text.contains("f1"))
        #expect(try one.entry().plan == one, "nodes need the secrets")
    }

    @Test func domainsAreCountedForEachInstance() throws {
        func id<Kind>(_ byte: UInt8) -> ID<Kind> { ID(UUID(bytes: [UInt8](repeating: byte, count: 16))) }
        let (first, second): (InstanceID, InstanceID) = (id(1), id(2))
        var plan = VoicePlan([
            try entry("a.example", [], of: id(11), on: first), try entry("b.example", [], of: id(12), on: second),
        ])
        #expect(plan.domainCount(of: nil) == 2 && plan.domainCount(of: id(3)) == 0)
        #expect(plan.onlyEntry(of: first)?.plan.domain == "a.example")
        // it moves, under another name
        plan.set(try entry("c.example", [], of: id(11), on: second))
        #expect(plan.domainCount(of: first) == 0 && plan.onlyEntry(of: first) == nil)
        #expect(plan.domainCount(of: second) == 2 && plan.onlyEntry(of: second) == nil)
        plan.remove(id(12))
        #expect(plan.onlyEntry(of: second)?.plan.domain == "c.example" && plan.domainCount(of: nil) == 1)
    }

    @Test func aDomainIsFoundInItsOwnSpellingOnly() throws {
        let plan = VoicePlan([try entry("a.example", [])])
        #expect(plan.entry(domain: "A.EXAMPLE") == nil)
    }

    @Test(arguments: ["43720123456", "+0720123456", "+43 720", "+43", "+1234567890123456", "+43720x"])
    func notANumber(_ text: String) { #expect(E164(text) == nil) }
}
