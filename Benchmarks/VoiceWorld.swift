import Billing
import Foundation
import Kernel
import Postgres
import Rating
import Telephony
import Tenancy
import Voice

/// An installation with telephony: one Enterprise partner, its tenants with phones, and a node with its passwords.
struct VoiceWorld: Sendable {
    static let partner: OrganisationID = BenchWorld.id(0, 2)
    static let instance: InstanceID = BenchWorld.id(0, 1)

    let tenants: [TenantID]
    let users: Int
    let node: VoiceNodeID
    let secrets: NodeSecrets

    static func make(in database: Database, tenants: Int, users: Int) async throws -> VoiceWorld {
        let work = UnitOfWork(database: database, time: .system, ids: .timeOrdered)
        try await PriceBookService.publishShipped(work)
        let ids: [TenantID] = (0..<tenants).map { BenchWorld.id($0, 3) }
        let nodes = NodeService(box: SecretBox(try KeyRing(text: KeyEncryptionKey.generatedText())))
        let terms = try JSONDecoder().decode(EnterpriseTerms.self, from: Data("{}".utf8))
        let options = TransactionOptions(deadline: .seconds(600))
        try await database.transaction(for: ScopeNode.platform, options: options) { tx in
            try VoiceBenchStore.insert(
                ids, users: users, at: instance, of: partner, now: TimeSource.system.now, tx)
        }
        let issued = try await work.perform(job: "benchmark") { tx, actor in
            _ = try Bootstrap.ensureVendor(.vendorOfBenchmarks, tx, actor)
            guard let month = BillingMonth(containing: actor.now.microseconds) else {
                throw BenchClient.Failure(description: "the clock shows no month")
            }
            let start = month.previous.firstDay
            _ = try ContractService.signMasterAgreement(of: partner, reference: "MA", on: start, tx, actor)
            let new = NewContract(organisationID: partner, startsOn: start, terms: .enterprise(terms))
            _ = try ContractService.create(new, tx, actor)
            return try nodes.create(named: "fs1", at: instance, NodeChanges(), tx, actor)
        }
        return VoiceWorld(tenants: ids, users: users, node: issued.node.id, secrets: issued.secrets)
    }

    func domain(_ tenant: Int) -> String { "t\(tenant + 1).voice.bench" }

    func authorization(_ secret: String) -> String {
        "Authorization: Basic \(Data("fs1:\(secret)".utf8).base64EncodedString())\r\n"
    }
}
