import Kernel
import Postgres
import Telephony
import Tenancy
import TestSupport
import Testing

@testable import Voice

/// A name that means help where a tenant's phones are is nobody's name.
@Suite struct EmergencyNameTests {
    private func country(_ code: String) throws -> CountryCode { try #require(CountryCode(code)) }

    private func site(_ code: String, of world: VoiceWorld) async throws -> SiteID {
        let country = try country(code)
        return try await world.change(world.alpha) { tx, actor in
            try world.model.sites.create(
                SiteFields(displayName: code, address: "Some Street 1, Somewhere", country: country),
                of: world.alpha.tenant.id, tx, actor
            ).value.id
        }
    }

    private func group(_ name: String, of world: VoiceWorld) async throws -> CallGroupID {
        try await world.change(world.alpha) { tx, actor in
            try world.model.groups.create(
                CallGroupFields(name: name, displayName: "Group", strategy: .simultaneous, members: []),
                of: world.alpha.tenant.id, tx, actor
            ).value.id
        }
    }

    /// 112 counts everywhere; the number reader takes separators for nothing.
    @Test(arguments: ["112", "1-1-2", "1.12", "11.2", "133", "1.44"])
    func namesThatMeanHelpInTheTenantsCountry(name: String) async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            for refused in [
                try await problem { try await world.user(name, of: world.alpha) },
                try await problem { try await group(name, of: world) },
            ] {
                #expect(refused?.status == 422 && refused?.errors.map(\.field) == ["name"], "\(name)")
            }
        }
    }

    @Test func namesThatMeanHelpAtASite() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            _ = try await site("TH", of: world)
            for name in ["1669", "1-669"] {
                let refused = try await problem { try await world.user(name, of: world.alpha) }
                #expect(refused?.errors.map(\.field) == ["name"] && refused?.detail.contains("Thailand") == true)
            }
            let refused = try await problem { try await group("1669", of: world) }
            #expect(refused?.errors.map(\.field) == ["name"])
            // a change of the name is looked at as well
            let user = try await world.user("1001", of: world.alpha).stored.value.id
            let renamed = try await problem {
                try await world.change(world.alpha) { tx, actor in
                    try world.model.users.update(
                        user, SIPUserFields(name: "1669", displayName: "Reception"), of: world.alpha.tenant.id,
                        expecting: .anything, tx, actor)
                }
            }
            #expect(renamed?.errors.map(\.field) == ["name"])
            _ = try await world.user("1670", of: world.alpha)
        }
    }

    /// Nobody gets help when a place comes later in which a name that is there means it.
    @Test func aCountryInWhichANameMeansHelp() async throws {
        try await VoiceWorld.with { world in
            try await world.switchOn(world.alpha, domain: "alpha.voice.test")
            _ = try await world.user("1669", of: world.alpha)
            let refused = try await problem { try await site("TH", of: world) }
            #expect(refused?.errors.map(\.field) == ["country"] && refused?.detail.contains("1669") == true)
            let here = try await site("AT", of: world)
            let thailand = try country("TH")
            let moved = try await problem {
                try await world.change(world.alpha) { tx, actor in
                    try world.model.sites.update(
                        here, SiteFields(displayName: "x", address: "Some Street 1, Somewhere", country: thailand),
                        of: world.alpha.tenant.id, expecting: .anything, tx, actor)
                }
            }
            #expect(moved?.errors.map(\.field) == ["country"])
            let changed = try await problem {
                try await world.change(world.alpha) { tx, actor in
                    try world.model.domains.update(
                        world.alpha.tenant.id, SIPDomainFields(domain: "alpha.voice.test", country: thailand),
                        expecting: .anything, tx, actor)
                }
            }
            #expect(changed?.errors.map(\.field) == ["country"])
        }
    }
}
