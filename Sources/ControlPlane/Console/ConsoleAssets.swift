import Crypto
import Foundation

/// The console's own files, part of the executable. Each is served under a path with a hash of its content, so browsers
/// may keep it for ever and never see an old one. Nothing comes from another origin.
struct ConsoleAssets: Sendable {
    /// One file as it is served.
    struct Asset: Sendable {
        /// `/assets/console.<16 hexadecimal digits>.css`
        let path: String
        let contentType: String
        let bytes: [UInt8]
    }

    /// A year, and no question whether it changed.
    static let cacheControl = "public, max-age=31536000, immutable"

    let stylesheet: Asset
    let script: Asset
    let icon: Asset
    /// The stylesheet of documents that stand alone. It is written into them, so that a saved one looks right.
    let sheetStyle: String
    /// What such a document may load: nothing but exactly this stylesheet, by its hash.
    let sheetPolicy: String

    init() {
        stylesheet = Self.asset("console", "css", "text/css; charset=utf-8", PackageResources.console_css)
        script = Self.asset("console", "js", "text/javascript; charset=utf-8", PackageResources.console_js)
        icon = Self.asset("favicon", "svg", "image/svg+xml", PackageResources.favicon_svg)
        sheetStyle = String(decoding: PackageResources.sheet_css, as: UTF8.self)
        let hash = Data(SHA256.hash(data: PackageResources.sheet_css)).base64EncodedString()
        sheetPolicy =
            "default-src 'none'; style-src 'sha256-\(hash)'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    }

    /// All files, for the routes.
    var all: [Asset] { [stylesheet, script, icon] }

    private static func asset(_ name: String, _ suffix: String, _ contentType: String, _ bytes: [UInt8]) -> Asset {
        let digest = SHA256.hash(data: bytes).prefix(8)
        let hash = digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        return Asset(path: "/assets/\(name).\(hash).\(suffix)", contentType: contentType, bytes: bytes)
    }
}
