import Crypto
import Foundation
import Kernel

extension TenantPlan {
    /// The plan as JSON. Equal plans have equal canonical bytes.
    package func document() throws -> JSON { try JSON(parsing: Array(JSONEncoder().encode(self))) }

    /// The plan with the name of its content, which is the same in every process.
    package func entry() throws -> VoicePlan.Entry {
        let digest = SHA256.hash(data: try withoutSecrets.document().canonicalBytes)
        return VoicePlan.Entry(revision: String(digest.hexadecimal.prefix(32)), plan: self)
    }

    /// The same with fingerprints in place of secrets, for everything that is named, stored or shown: a difference still
    /// shows that a secret was replaced.
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
            id: id, name: name, digests: [], fingerprints: fingerprints, displayName: displayName,
            callerNumber: callerNumber, siteID: siteID, isEnabled: isEnabled, forward: forward)
    }
}

extension Trunk {
    fileprivate var withoutSecrets: Trunk {
        guard case .registration(let username, _, let realm) = identification else { return self }
        return Trunk(
            id: id, displayName: displayName, proxy: proxy,
            identification: .registration(username: username, secret: "", realm: realm), fingerprint: fingerprint,
            allowedAddresses: allowedAddresses, use: use, format: format, transport: transport)
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

    /// 2: the names of plans say nothing about secrets any more, so the file has a sum of its own.
    static let format = 2

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
        /// Of the canonical JSON of `plans`.
        let sha256: String?
    }

    /// The file's bytes.
    package func encoded() throws -> [UInt8] {
        let items = plans.map { Document.Item(revision: $0.revision, plan: $0.plan) }
        let sum = Self.sum(try JSON(parsing: Array(JSONEncoder().encode(items))))
        let document = Document(format: Self.format, madeAt: madeAt, plans: items, sha256: sum)
        return try JSON(parsing: Array(JSONEncoder().encode(document))).canonicalBytes + [0x0A]
    }

    /// Reads a file and compares it with its sum, so that a torn or edited one is not taken.
    package init(decoding bytes: [UInt8]) throws {
        guard let json = try? JSON(parsing: bytes),
            let document = try? JSONDecoder().decode(Document.self, from: Data(bytes))
        else { throw Invalid(description: "this is no plan file; make one with 'controlplane voice plan-file'") }
        guard document.format == Self.format else {
            throw Invalid(description: "the plan file has format \(document.format), this program knows \(Self.format)")
        }
        guard let items = json["plans"], Self.sum(items) == document.sha256 else {
            throw Invalid(description: "the plans are not the ones that were written")
        }
        madeAt = document.madeAt
        plans = document.plans.map { VoicePlan.Entry(revision: $0.revision, plan: $0.plan) }
    }

    private static func sum(_ plans: JSON) -> String { SHA256.hash(data: plans.canonicalBytes).hexadecimal }
}
