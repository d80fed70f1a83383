import Crypto
import FoundationEssentials
import Kernel
import Postgres
import Synchronization

/// Seals secrets for the database and opens them again: a key encryption key wraps one data key per owner, the data key
/// seals (AES-256-GCM), and the place of the secret is bound to it. The one way of every secret of the product that has to
/// be read back.
package struct SecretBox: Sendable {
    /// `nil` when the service was started without one: nothing is sealed then, and nothing opens.
    private let keys: KeyRing?
    private let unwrapped = UnwrappedKeys()

    package init(_ keys: KeyRing?) { self.keys = keys }

    private static let format: UInt8 = 1
    private static let headerLength = 17

    /// The secret as a column keeps it. Makes the owner's data key in the same transaction when there is none yet.
    ///
    /// Throws 503 `SECRETS_UNAVAILABLE` without a key encryption key.
    package func seal(
        _ secret: PlainSecret, _ context: SecretContext, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> SealedSecret {
        guard let keys else { throw Self.unavailable }
        let (id, key) = try activeKey(of: context.owner, keys, tx, actor)
        let header = [Self.format] + id.uuid.bytes
        let box = try AES.GCM.seal(secret.bytes, using: key, authenticating: header + context.bytes)
        guard let combined = box.combined else { throw Self.unavailable }
        return SealedSecret(header + combined)
    }

    /// The secret, or why it has to be entered again; throws only for what is wrong with the database.
    package func open(
        _ sealed: SealedSecret, _ context: SecretContext, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> OpenedSecret {
        let bytes = sealed.bytes
        guard bytes.count > Self.headerLength, bytes[0] == Self.format else { return .needsReentry(.unknownFormat) }
        let id = SealingKeyID(UUID(bytes: Array(bytes[1..<Self.headerLength])))
        let key: SymmetricKey
        do {
            guard let known = try self.key(id, context.owner, tx) else { return .needsReentry(.dataKeyGone) }
            key = known
        } catch let loss as SecretLoss {
            return .needsReentry(loss)
        }
        do {
            let box = try AES.GCM.SealedBox(combined: bytes.dropFirst(Self.headerLength))
            let aad = Array(bytes[..<Self.headerLength]) + context.bytes
            return .value(PlainSecret(Array(try AES.GCM.open(box, using: key, authenticating: aad))))
        } catch {
            return .needsReentry(.damaged)
        }
    }

    /// Deletes every data key of an owner: no secret that they sealed opens again, wherever a copy of it lies. A named job
    /// of the platform; says how many keys there were.
    package func shred(_ owner: SecretOwner, _ tx: borrowing Transaction<ScopeNode>) throws -> Int {
        let gone = try SealingKeyStore.delete(owner, tx)
        forgetKeys()
        return gone
    }

    /// Drops every key from memory, for example after an owner was shredded.
    package func forgetKeys() { unwrapped.removeAll() }

    private static let unavailable = Problem(
        status: 503, reason: "SECRETS_UNAVAILABLE", title: "Secrets cannot be stored now",
        detail: "This service runs without its key encryption key. Set CONTROLPLANE_KEK_FILE (or CONTROLPLANE_KEK) to "
            + "32 random bytes in base64 and start it again.")

    // MARK: Data keys

    private func activeKey(
        of owner: SecretOwner, _ keys: KeyRing, _ tx: borrowing Transaction<ScopeNode>, _ actor: Actor
    ) throws -> (SealingKeyID, SymmetricKey) {
        if let row = try SealingKeyStore.active(owner, tx) { return (row.id, try usable(row, owner)) }
        let id = actor.ids.new(SealingKeyID.self)
        let wrapped = try keys.current.wrap(SymmetricKey(size: .bits256), for: Self.binding(id, owner))
        try SealingKeyStore.insert(
            WrappedKey(id: id, kekID: keys.current.id, wrapped: wrapped), for: owner, tx, actor)
        // Another transaction may have been quicker; its key counts for both.
        guard let row = try SealingKeyStore.active(owner, tx) else { throw DatabaseError.serialization }
        return (row.id, try usable(row, owner))
    }

    /// For sealing: with a key that this service cannot unwrap it must not go on.
    private func usable(_ row: WrappedKey, _ owner: SecretOwner) throws -> SymmetricKey {
        do throws(SecretLoss) { return try unwrap(row, owner) } catch { throw Self.unavailable }
    }

    /// `nil` when the row is gone.
    private func key(
        _ id: SealingKeyID, _ owner: SecretOwner, _ tx: borrowing Transaction<ScopeNode>
    ) throws -> SymmetricKey? {
        if let key = unwrapped[id] { return key }
        guard let row = try SealingKeyStore.find(id, tx) else { return nil }
        return try unwrap(row, owner)
    }

    private func unwrap(_ row: WrappedKey, _ owner: SecretOwner) throws(SecretLoss) -> SymmetricKey {
        if let key = unwrapped[row.id] { return key }
        guard let keys else { throw .noKeyEncryptionKey }
        guard let kek = keys[row.kekID] else { throw .unknownKeyEncryptionKey }
        let key = try kek.unwrap(row.wrapped, for: Self.binding(row.id, owner))
        unwrapped[row.id] = key
        return key
    }

    /// A wrapped key is good for its own row and owner only.
    private static func binding(_ id: SealingKeyID, _ owner: SecretOwner) -> [UInt8] {
        Array("data key \(id) of \(owner.text)".utf8)
    }
}

/// Unwrapped keys in memory, so that a list of secrets costs no query and no unwrapping each.
private final class UnwrappedKeys: Sendable {
    /// Beyond that all are forgotten.
    private static let capacity = 10_000
    private let keys = Mutex<[SealingKeyID: SymmetricKey]>([:])

    subscript(id: SealingKeyID) -> SymmetricKey? {
        get { keys.withLock { $0[id] } }
        set {
            keys.withLock { keys in
                if keys.count >= Self.capacity { keys.removeAll() }
                keys[id] = newValue
            }
        }
    }

    func removeAll() { keys.withLock { $0.removeAll() } }
}
