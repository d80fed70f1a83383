import Crypto
import Kernel

/// The digest of a phone's login (RFC 2617, MD5, which is what SIP phones speak).
enum PhoneDigest {
    /// Whether a phone that sent `proof` knows the secret behind `digest`, the MD5 of `user:realm:secret`.
    static func matches(_ digest: String, _ proof: PhoneAuthentication.Proof, method: String) -> Bool {
        response(digest, proof, method: method) == proof.response.lowercased()
    }

    static func response(_ digest: String, _ proof: PhoneAuthentication.Proof, method: String) -> String {
        let request = md5("\(method):\(proof.uri)")
        guard let quality = proof.quality else { return md5("\(digest):\(proof.nonce):\(request)") }
        return md5(
            "\(digest):\(proof.nonce):\(quality.count):\(quality.clientNonce):\(quality.name):\(request)")
    }

    static func md5(_ text: String) -> String {
        var result = ""
        for byte in Insecure.MD5.hash(data: Array(text.utf8)) {
            result += byte < 16 ? "0" : ""
            result += String(byte, radix: 16)
        }
        return result
    }
}
