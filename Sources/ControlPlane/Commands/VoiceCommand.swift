import ArgumentParser
import Foundation
import Kernel
import Telephony

/// Voice from the operator's shell.
struct VoiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "voice", abstract: "Work with voice.",
        subcommands: [NodeConfigCommand.self, WritePlanFile.self, SweepCommand.self, ReceiptCommand.self])

    /// The plans of one instance for a process without a database.
    struct WritePlanFile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "plan-file", abstract: "Write the compiled voice plans of an instance into a file.",
            discussion: """
                A process beside the instance answers FreeSWITCH nodes from it as this service does, without a database. \
                The file holds the secrets of trunks and the digests of users: it is readable for its owner alone.
                """)

        @OptionGroup var settings: SettingsOptions
        @Option(help: "The instance, such as inst_….") var instance: String
        @Option(help: "The file to write; it is replaced at once when it is complete.") var out: String

        func run() async throws {
            guard let id = InstanceID(instance) else {
                throw ValidationError("--instance must be like \(InstanceKind.prefix)_….")
            }
            let file = try await settings.withApplication { application in
                try await application.voice.model.plans.file(of: id)
            }
            try Self.write(try file.encoded(), to: out)
            print("\(file.plans.count) tenants with voice, \(file.madeAt).")
        }

        /// Complete or not at all, and nobody else's to read from its first byte on.
        static func write(_ bytes: [UInt8], to path: String) throws {
            let partial = "\(path).partial"
            try? FileManager.default.removeItem(atPath: partial)
            guard FileManager.default.createFile(atPath: partial, contents: nil, attributes: [.posixPermissions: 0o600])
            else { throw ValidationError("'\(partial)' cannot be written.") }
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: partial))
            try handle.write(contentsOf: Data(bytes))
            try handle.synchronize()
            try handle.close()
            guard rename(partial, path) == 0 else { throw ValidationError("'\(path)' cannot be written.") }
        }
    }
}
