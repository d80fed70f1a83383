import Crypto
import Foundation
import Kernel

extension TenantPlan {
    /// The plan as JSON. Equal plans have equal canonical bytes.
    package func document() throws -> JSON { try JSON(parsing: Array(JSONEncoder().encode(self))) }

    /// The plan with the name of its content: the first 32 hexadecimal characters of the SHA-256 of its canonical JSON.
    package func entry() throws -> VoicePlan.Entry {
        let digest = SHA256.hash(data: try document().canonicalBytes)
        return VoicePlan.Entry(revision: String(digest.hexadecimal.prefix(32)), plan: self)
    }

    /// The same with fingerprints in place of secrets, for everything that is stored or shown. A fingerprint changes with
    /// its secret, so a difference still shows that one was replaced.
    package var withoutSecrets: TenantPlan {
        var directory = self.directory
        directory.users = directory.users.map(\.withoutSecrets)
        var routing = self.routing
        routing.trunks = routing.trunks.map(\.withoutSecrets)
        return TenantPlan(identity, barred: barred, directory: directory, routing: routing, policy: policy)
    }
}

extension SIPUser {
    fileprivate var withoutSecrets: SIPUser {
        SIPUser(
            id: id, name: name, digests: digests.map { Fingerprint.text(of: $0, "\(id)") }, displayName: displayName,
            callerNumber: callerNumber, siteID: siteID, isEnabled: isEnabled, forward: forward)
    }
}

extension Trunk {
    fileprivate var withoutSecrets: Trunk {
        guard case .registration(let username, let secret, let realm) = identification else { return self }
        return Trunk(
            id: id, displayName: displayName, proxy: proxy,
            identification: .registration(
                username: username, secret: Fingerprint.text(of: secret, "\(id)"), realm: realm),
            allowedAddresses: allowedAddresses, use: use, format: format, transport: transport)
    }
}

/// Tells whether two secrets of one object are the same, and nothing else.
enum Fingerprint {
    static func text(of secret: String, _ owner: String) -> String {
        "fingerprint:" + SHA256.hash(data: Array("\(owner) \(secret)".utf8)).hexadecimal.prefix(12)
    }
}

extension SHA256.Digest {
    fileprivate var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// The plans of an instance as a file, for a process without a database that answers nodes. It holds secrets in the clear:
/// who writes it keeps it from others.
package struct PlanFile: Sendable {
    /// Why a file is not taken.
    package struct Invalid: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    static let format = 1

    package let madeAt: Timestamp
    package let plans: [VoicePlan.Entry]

    package init(madeAt: Timestamp, plans: [VoicePlan.Entry]) {
        self.madeAt = madeAt
        self.plans = plans
    }

    /// What answers are looked up in.
    package var plan: VoicePlan { VoicePlan(plans) }

    private struct Document: Codable {
        struct Item: Codable {
            let revision: String
            let plan: TenantPlan
        }

        let format: Int
        let madeAt: Timestamp
        let plans: [Item]
    }

    /// The file's bytes.
    package func encoded() throws -> [UInt8] {
        let items = plans.map { Document.Item(revision: $0.revision, plan: $0.plan) }
        let document = Document(format: Self.format, madeAt: madeAt, plans: items)
        return try JSON(parsing: Array(JSONEncoder().encode(document))).canonicalBytes + [0x0A]
    }

    /// Reads a file and compares every plan with its name, so that a torn or edited one is not taken.
    package init(decoding bytes: [UInt8]) throws {
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)) else {
            throw Invalid(description: "this is no plan file; make one with 'controlplane voice plan-file'")
        }
        guard document.format == Self.format else {
            throw Invalid(description: "the plan file has format \(document.format), this program knows \(Self.format)")
        }
        madeAt = document.madeAt
        plans = try document.plans.map { item in
            let entry = try item.plan.entry()
            guard entry.revision == item.revision else {
                throw Invalid(description: "the plan of \(item.plan.domain) is not the one that was written")
            }
            return entry
        }
    }
}
