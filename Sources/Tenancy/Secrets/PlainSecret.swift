import Crypto
import FoundationEssentials
import Kernel
import Postgres

/// A secret in the clear. It prints as nothing, so that no log, message or test output ever shows one.
package struct PlainSecret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package init(_ text: String) { bytes = Array(text.utf8) }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package var description: String { "(secret)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A secret as it lies in a column of type `bytea`: a format, the id of its data key, then AES-256-GCM.
package struct SealedSecret: Sendable, Equatable, SQLEncodable, SQLDecodable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package init(sqlText: String) throws(DatabaseError) { bytes = try [UInt8].init(sqlText: sqlText) }

    /// What is shown in place of the secret: 16 hexadecimal digits, the same in every process, others with every sealing.
    /// They are made of the ciphertext, so nobody can try guesses of the secret with them.
    package var fingerprint: String { SHA256.hash(data: bytes).prefix(8).hexadecimalText }

    package var sqlText: String? { bytes.sqlText }
}

/// Whose key seals a secret; it can be shredded with its owner.
package enum SecretOwner: Sendable, Hashable {
    case platform
    case organisation(OrganisationID)
    case tenant(TenantID, of: OrganisationID)

    var organisationID: OrganisationID? {
        switch self {
        case .platform: nil
        case .organisation(let id), .tenant(_, let id): id
        }
    }

    var tenantID: TenantID? {
        if case .tenant(let id, _) = self { id } else { nil }
    }

    var text: String {
        switch self {
        case .platform: "platform"
        case .organisation(let id): "\(id)"
        case .tenant(let id, _): "\(id)"
        }
    }
}

/// Where a secret belongs. It is bound to its ciphertext, so a value that is copied into another row, column or tenant
/// does not open there.
package struct SecretContext: Sendable, Hashable {
    package let owner: SecretOwner
    package let table: String
    package let column: String
    /// The row, and for a row of several keys what tells it from its siblings.
    package let row: String

    package init(_ owner: SecretOwner, table: String, column: String, row: String) {
        self.owner = owner
        self.table = table
        self.column = column
        self.row = row
    }

    /// Each part with its length before it: no two contexts have one text.
    var bytes: [UInt8] {
        [table, column, row, owner.text].flatMap { part in
            let bytes = Array(part.utf8)
            return Array("\(bytes.count):".utf8) + bytes
        }
    }
}

/// What opening gives: the secret, or why somebody has to enter it again.
package enum OpenedSecret: Sendable, Equatable {
    case value(PlainSecret)
    case needsReentry(SecretLoss)

    /// The secret, where it could be opened.
    package var secret: PlainSecret? {
        if case .value(let secret) = self { secret } else { nil }
    }
}

/// Why a sealed secret does not open. Nothing of this is an error of the request that meets it: lists show the value as
/// one to be entered again.
package enum SecretLoss: String, Error, Sendable, Equatable, Codable, CaseIterable {
    /// The service runs without any key encryption key.
    case noKeyEncryptionKey = "no_key_encryption_key"
    /// The data key is wrapped by a key that this service does not have.
    case unknownKeyEncryptionKey = "unknown_key_encryption_key"
    /// Its data key was deleted: shredded, or lost.
    case dataKeyGone = "data_key_gone"
    /// Changed, or moved from another place.
    case damaged
    /// Written by a newer version.
    case unknownFormat = "unknown_format"
}

package enum SealingKeyKind: IdentifierKind { package static let prefix = "sealkey" }
package typealias SealingKeyID = ID<SealingKeyKind>
