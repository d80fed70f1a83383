import Kernel
import Telephony
import Web

/// Lets nodes in, and nobody else. It needs nothing but the header, because the first request of a digest exchange has
/// an empty body.
package struct NodeGate: Sendable {
    private let directory: NodeDirectory
    private let nonces = NonceMint()

    package init(_ directory: NodeDirectory) { self.directory = directory }

    /// Whether somebody may go on.
    package enum Answer: Sendable {
        case admitted(KnownNode)
        /// 401 with what to try; 503 while the service does not know its nodes yet, because a node that is turned away
        /// gives up where one that finds the service away asks the next.
        case refused(RawReply)
    }

    func noteSeen(_ id: VoiceNodeID, core: String?) { directory.noteSeen(id, core: core) }

    /// Which node a request comes from, by the password for `purpose`.
    package func admit(_ call: ProtocolCall, for purpose: NodeCredentials.Purpose) -> Answer {
        guard let proof = call.authorization.flatMap(NodeProof.init) else { return .refused(challenge(call)) }
        guard directory.isRead else { return .refused(Self.notReady("The nodes")) }
        switch proof {
        case .basic(let username, let password):
            let hash = NodeCredential.hash(of: password)
            guard let known = node(named: username, for: purpose),
                known.credentials[purpose].contains(where: { ConstantTime.isEqual($0.hash, hash) })
            else { return .refused(challenge(call)) }
            return .admitted(known)
        case .digest(let digest):
            guard let known = node(named: digest.username, for: purpose),
                known.credentials[purpose].contains(where: {
                    digest.matches($0.digest, method: call.method, target: call.target)
                })
            else { return .refused(challenge(call)) }
            guard nonces.isFresh(digest.nonce, at: call.now) else { return .refused(challenge(call, isStale: true)) }
            return .admitted(known)
        }
    }

    /// A retired node asks no more questions, but its last records must not be lost.
    private func node(named name: String, for purpose: NodeCredentials.Purpose) -> KnownNode? {
        guard let known = directory.node(named: name) else { return nil }
        return known.node.state == .active || purpose == .records ? known : nil
    }

    /// What is said while the service has not read yet what it needs to answer: not "not there", but "ask again".
    static func notReady(_ what: String) -> RawReply {
        var reply = RawReply(Array("\(what) are still being read.\n".utf8), mediaType: "text/plain; charset=utf-8")
        reply.status = 503
        return reply
    }

    /// Both schemes; a client takes the better one that it was told to use.
    private func challenge(_ call: ProtocolCall, isStale: Bool = false) -> RawReply {
        var reply = RawReply(Array("Credentials are needed.\n".utf8), mediaType: "text/plain; charset=utf-8")
        reply.status = 401
        let nonce = nonces.nonce(at: call.now)
        let stale = isStale ? ", stale=true" : ""
        reply.headers = [
            Header(
                "www-authenticate",
                "Digest realm=\"\(NodeCredential.realm)\", nonce=\"\(nonce)\", qop=\"auth\", algorithm=MD5\(stale)"),
            Header("www-authenticate", "Basic realm=\"\(NodeCredential.realm)\""),
        ]
        return reply
    }
}
