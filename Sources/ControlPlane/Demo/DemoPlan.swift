import Billing
import Foundation
import Kernel
import Rating

/// What the demo consists of: `demo.json`, in the same terms as the API.
struct DemoPlan: Decodable {
    struct Party: Decodable {
        let displayName: String
        let legalName: String
        let country: String
        var vat: String?
        var address: String?
        var billingEmail: String?
        var publicSector: Bool?
        var criticalInfrastructure: Bool?
    }

    struct Stack: Decodable {
        let displayName: String
        let host: String
        let region: String
        let version: String
    }

    /// Several tenants of one kind, which share the turns evenly.
    struct TenantGroup: Decodable {
        let slug: String
        let displayName: String
        let count: Int
        /// Of the whole group in the demo's month.
        let turns: Int
        var kind: String?
        var keySource: String?
        /// One figure per tenant; with it the tenants have voice.
        var voiceMilliseconds: [Int]?
    }

    struct Partner: Decodable {
        let organisation: Party
        let agreement: String
        let startsOn: CalendarDate
        let terms: TermsDocument
        /// Without one, tenants live on the vendor's platform.
        var instance: Stack?
        var endCustomer: Party?
        let tenants: [TenantGroup]
        /// Disclosed for every month since the start; without it nothing is disclosed.
        var arr: String?
        var disclosedBy: String?
    }

    /// The month that is left to be closed.
    let month: BillingMonth
    let provisionedAt: Timestamp
    let vendor: Party
    let platform: Stack
    let partners: [Partner]

    static func shipped() throws -> DemoPlan {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(DemoPlan.self, from: Data(PackageResources.demo_json))
    }
}
