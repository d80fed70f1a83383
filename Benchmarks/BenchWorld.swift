import FoundationEssentials
import Kernel
import Postgres
import Rating
import Tenancy

/// Who takes part: the vendor, partners and their tenants, and a key.
struct BenchWorld: Sendable {
    let partners: [OrganisationID]
    /// Tenants of the first partner first.
    let tenants: [TenantID]
    let key: String

    static func id<Kind>(_ number: Int, _ space: UInt8) -> ID<Kind> {
        var bytes: [UInt8] = [0x01, 0x9A, 0x2B, 0x3C, 0x4D, space, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]
        bytes[13] = UInt8(number >> 16 & 255)
        bytes[14] = UInt8(number >> 8 & 255)
        bytes[15] = UInt8(number & 255)
        return ID(UUID(bytes: bytes))
    }

    /// - Parameter tenants: per partner.
    static func make(in database: Database, partners: Int, tenants: Int) async throws -> BenchWorld {
        let work = UnitOfWork(database: database, time: .system, ids: .timeOrdered)
        let partnerIDs: [OrganisationID] = (0..<partners).map { id($0, 2) }
        let tenantIDs: [TenantID] = (0..<partners * tenants).map { id($0, 3) }
        let key = try await work.perform(job: "benchmark") { tx, actor in
            let profile = OrganisationProfile.vendorOfBenchmarks
            let vendor = try Bootstrap.ensureVendor(profile, tx, actor)
            try BenchStore.insert(partners: partnerIDs, tenants: tenantIDs, vendor: vendor.id, now: actor.now, tx)
            let new = NewAPIKey(role: .partnerAdmin, displayName: "benchmark", organisationID: partnerIDs[0])
            return try APIKeyService().create(new, tx, actor).token.text
        }
        return BenchWorld(partners: partnerIDs, tenants: tenantIDs, key: key)
    }
}

extension OrganisationProfile {
    static let vendorOfBenchmarks = OrganisationProfile(
        displayName: "Vendor", legalName: "Vendor GmbH", country: .austria)
}
