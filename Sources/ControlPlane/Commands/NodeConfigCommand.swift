import ArgumentParser
import Foundation
import Kernel
import Telephony
import Tenancy
import Voice

/// The files with which a FreeSWITCH joins.
struct NodeConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node-config", abstract: "Write the complete configuration of a FreeSWITCH node.",
        discussion: """
            Gives the node new passwords; those of before work on until the next time. Copy the directory to the node, \
            start FreeSWITCH with its start.sh or the unit in its systemd folder, and run its self-check.sh.
            """)

    @OptionGroup var settings: SettingsOptions
    @Argument(help: "The node's name.") var name: String
    @Option(help: "The directory to make; it must not exist yet.") var out: String
    @Option(help: "Where the files will lie on the node.") var nodeDirectory = NodeBundle.usualDirectory
    @Option(help: "How the node reaches the control plane; give two. PUBLIC_URL by default.") var url: [String] = []
    @Option(help: "A file on the node with the certificate authority; the system's by default.") var authority: String?
    @Option(help: "The node's address for the event socket.") var eventSocketAddress = "127.0.0.1"
    @Option(help: "The port of the event socket.") var eventSocketPort = 8021

    func run() async throws {
        let directory = URL(fileURLWithPath: out)
        guard !FileManager.default.fileExists(atPath: directory.path) else {
            throw ValidationError("'\(out)' is there already; the node may be running with it.")
        }
        try await settings.withApplication { application in
            let urls = (url.isEmpty ? [application.configuration.publicURL] : url).map(Self.withoutSlash)
            let issued = try await application.voice.nodes.issueBundle(
                named: name,
                socket: VoiceNode.EventSocket(host: eventSocketAddress, port: eventSocketPort))
            let bundle = NodeBundle(
                switchname: issued.node.switchname, settings: issued.node.settings,
                endpoints: NodeBundle.Endpoints(
                    controlPlanes: urls, authorityFile: authority, eventSocketAddress: eventSocketAddress,
                    eventSocketPort: eventSocketPort),
                credentials: issued.credentials, directory: Self.withoutSlash(nodeDirectory))
            let files = try bundle.files()
            try NodeFiles.write(files, to: directory)
            Output.line("\(files.count) files for the node '\(name)' are in \(out).")
            Output.line("secrets.xml is readable by its owner alone; keep it so on the node.")
            Self.next(bundle.directory).forEach(Output.line)
            if urls.count < 2 { Output.line("With a second --url an outage of one control plane ends no call.") }
            if urls.contains(where: { !$0.hasPrefix("https://") }) {
                Output.line("An address is not https: passwords and calls travel in the clear.")
            }
        }
    }

    /// What is left to do on the node.
    static func next(_ directory: String) -> [String] {
        [
            "Copy them to \(directory) on the node, for the user freeswitch to own, and start it there as root:",
            "  cp \(directory)/systemd/* /etc/systemd/system/ && systemctl daemon-reload",
            "  systemctl enable --now voice-node.service voice-sweep.timer",
            "or without systemd, as that user: \(directory)/start.sh, and every five minutes \(directory)/sweep.sh",
            "Then run \(directory)/self-check.sh as that user.",
        ]
    }

    private static func withoutSlash(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }
}

/// Files of a bundle on disk.
enum NodeFiles {
    /// Nobody else may read a secret from its first byte on.
    static func write(_ files: [NodeBundle.File], to directory: URL) throws {
        let mask = umask(0o077)
        defer { umask(mask) }
        let manager = FileManager.default
        try manager.createDirectory(
            at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        for file in files {
            let target = directory.appending(path: file.path)
            try manager.createDirectory(
                at: target.deletingLastPathComponent(), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o750])
            let mode =
                switch file.kind {
                case .plain: 0o640
                case .secret: 0o600
                case .script: 0o750
                }
            guard
                manager.createFile(
                    atPath: target.path, contents: Data(file.text.utf8), attributes: [.posixPermissions: mode])
            else { throw ValidationError("'\(target.path)' cannot be written.") }
        }
    }
}
