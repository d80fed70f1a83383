import ArgumentParser
import Foundation
import Kernel
import Telephony
import Voice

/// Delivers the error folder of a node, for the operator's shell and for a timer.
struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep", abstract: "Book the call records that a node could not deliver.",
        discussion: """
            FreeSWITCH writes a record that nobody took into its err-log-dir and never looks at it again. Every file is \
            deleted when its record is durable; files that could not be booked stay, and the exit code is 1. Sweeping \
            twice, or sweeping what was delivered, books nothing twice.
            """)

    @OptionGroup var settings: SettingsOptions
    @Argument(help: "The node's err-log-dir.") var folder: String
    @Option(help: "The name of the node that wrote the files.") var node: String

    func run() async throws {
        let outcome = try await settings.withApplication { application in
            let (service, name) = (application.voice.nodes.service, node)
            let node = try await application.tenancy.work.read(in: .platform) { tx in try service.get(named: name, tx) }
            let source = RecordSource(
                nodeID: node.id, organisationID: node.organisationID, instanceID: node.instanceID)
            return try await application.voice.calls.sweeper(source).sweep(folder)
        }
        Output.line(
            "\(outcome.stored) booked, \(outcome.duplicate) known, \(outcome.dismissed) dismissed, \(outcome.quarantined) quarantined, "
                + "\(outcome.failed.count) left, \(outcome.skipped) skipped.")
        for name in outcome.failed.prefix(20) { Output.line("left: \(name)") }
        if !outcome.isClean { throw ExitCode(1) }
    }
}

/// Price receipts from the operator's or a customer's shell.
struct ReceiptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt", abstract: "Work with price receipts of calls.", subcommands: [Verify.self])

    /// Works receipts out again.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Work out the receipts of a month again.",
            discussion: """
                With --file no database is needed: the file holds a month's receipts of one tenant, as a list of receipts \
                or as GET /v1/voice/tenants/{tenant_id}/receipts answers. With the database their sums are compared with \
                the metered usage and with the invoice, computed as the month is closed. Exit code 1 when something does \
                not agree.
                """)

        @OptionGroup var settings: SettingsOptions
        @Option(help: "The month, such as 2026-11.") var month: String?
        @Option(help: "Only this tenant.") var tenant: String?
        @Option(help: "Receipts to check without a database.") var file: String?

        func run() async throws {
            let isSound = if let file { try Self.check(file: file) } else { try await checkStored() }
            if !isSound { throw ExitCode(1) }
        }

        private func checkStored() async throws -> Bool {
            guard let month = month.flatMap({ CallMonth($0) }) else {
                throw ValidationError("--month must be like 2026-11.")
            }
            let only = try tenant.map { text in
                guard let id = TenantID(text) else { throw ValidationError("--tenant must be like tenant_….") }
                return id
            }
            return try await settings.withApplication { application in
                let receipts = application.voice.calls.receipts
                var isSound = true
                let tenants = if let only { [only] } else { try await receipts.tenants(of: month) }
                for tenant in tenants {
                    let check = try await receipts.verify(tenant, month, in: .platform)
                    Self.print(check.verification, of: "\(tenant) \(month)", isSound: check.isSound)
                    for difference in check.differences { Output.line("  \(difference)") }
                    if !check.isSound { isSound = false }
                }
                return isSound
            }
        }

        /// A list of receipts, or of items with their documents.
        static func documents(_ bytes: [UInt8]) throws -> [JSON] {
            let content = try JSON(parsing: bytes)
            return try (content.array ?? content["items"]?.array ?? []).map { item in
                guard let document = item["document"]?.string else { return item }
                return try JSON(parsing: document)
            }
        }

        private static func check(file: String) throws -> Bool {
            let verification = Verification(try documents([UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))))
            print(verification, of: file, isSound: verification.isSound)
            return verification.isSound
        }

        private static func print(_ verification: Verification, of what: String, isSound: Bool) {
            Output.line(
                "\(what): \(verification.receipts) receipts, \(verification.milliseconds) ms, of which "
                    + "\(verification.overageMilliseconds) ms overage; \(isSound ? "sound" : "NOT SOUND")")
            for finding in verification.findings { Output.line("  receipt \(finding.sequence): \(finding.sentence)") }
        }
    }
}
