import ArgumentParser
import Billing
import Foundation
import Kernel
import Rating
import Tenancy

/// The month end from the operator's shell.
struct BillingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "billing", abstract: "Preview and close months.", subcommands: [Preview.self, Close.self])

    /// What a month comes to now; writes nothing.
    struct Preview: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a month comes to now. Nothing is written.",
            discussion: "Any month that has begun, also the running one. A final month shows its invoices.")

        @OptionGroup var settings: SettingsOptions
        @Argument(help: "The month, such as 2026-10.") var month: String
        @Option(help: "Only this organisation's contracts.") var organisation: String?
        @Flag(help: "Also show every line with its reason.") var lines = false

        func run() async throws {
            let month = try BillingCommand.month(month)
            var filter = ContractFilter()
            if let organisation {
                guard let id = OrganisationID(organisation) else {
                    throw ValidationError("--organisation must be like \(OrganisationKind.prefix)_….")
                }
                filter.organisationID = id
            }
            let asked = filter
            try await settings.withApplication { application in
                let previews = try await application.billing.monthClose.preview(month, of: asked, in: .platform)
                for line in table(previews, month: month) { print(line) }
                if previews.contains(where: { if case .parked = $0.state { true } else { false } }) {
                    throw ExitCode(1)
                }
            }
        }

        private func table(_ previews: [ContractPreview], month: BillingMonth) -> [String] {
            guard !previews.isEmpty else { return ["No contract runs in \(month)."] }
            var table = TextTable(["Contract", "Organisation", "Program", "State", "Net", "Gross"], right: [4, 5])
            for preview in previews {
                let amounts = preview.record?.invoice.amounts
                let total = preview.draft?.total
                let state = preview.record?.invoice.issue?.number.description ?? preview.reason ?? "open"
                table.add([
                    preview.contract.number, preview.buyer, preview.contract.program.rawValue, state,
                    (amounts?.net ?? total?.net)?.display ?? "", (amounts?.gross ?? total?.gross)?.display ?? "",
                ])
            }
            return table.lines + (lines ? previews.flatMap(details) : [])
        }

        private func details(_ preview: ContractPreview) -> [String] {
            ["", "\(preview.contract.number) \(preview.buyer)"]
                + (preview.record?.lines ?? preview.draft?.lines ?? []).flatMap { line in
                    ["  \(line.net.display)  \(line.description)", "    \(line.explanation.sentence)"]
                }
                + preview.notices.map { "  Note: \($0)" }
        }
    }

    /// Makes a month's invoices final. Exit code 1 when a contract was parked.
    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a month's invoices final.",
            discussion: """
                From the 3rd of the next month, 06:00 in Vienna; --early closes a month that is over before that, and the \
                audit log says so. Safe to repeat and to run twice at once: what is final stays as it is. A Solution month without its \
                disclosure stays a draft until the 11th of the next month, 06:00 in Vienna, and is then billed on an \
                estimate. A contract that still has an earlier month open is left out and named. The exit code is 1 when a \
                contract could not be computed.
                """)

        @OptionGroup var settings: SettingsOptions
        @Argument(help: "The month, such as 2026-10.") var month: String
        @Flag(help: "Before the 3rd of the next month, 06:00 in Vienna: usage that still comes is an adjustment then.")
        var early = false

        func run() async throws {
            let (month, early) = (try BillingCommand.month(month), early)
            try await settings.withApplication { application in
                let report = try await application.billing.monthClose.close(
                    month, early: early, as: .system("billing close"))
                guard !report.contracts.isEmpty else { return print("No contract runs in \(month).") }
                var table = TextTable(
                    ["Contract", "Organisation", "Program", "Result", "Net", "Gross"], right: [4, 5])
                for closed in report.contracts {
                    table.add([
                        closed.contract.number, closed.buyer, closed.contract.program.rawValue, closed.outcome.words,
                        closed.total?.net.display ?? "", closed.total?.gross.display ?? "",
                    ])
                }
                for line in table.lines { print(line) }
                print(BillingCommand.summary(report))
                for open in report.openBefore { print("\(open.sentence).") }
                if !report.parked.isEmpty { throw ExitCode(1) }
            }
        }
    }

    private static func month(_ text: String) throws -> BillingMonth {
        guard let month = BillingMonth(text) else { throw ValidationError("The month must be like 2026-10.") }
        return month
    }

    private static func summary(_ report: CloseReport) -> String {
        let counts = report.contracts.reduce(into: [:]) { $0[$1.outcome.name, default: 0] += 1 }
        let words = counts.sorted { $0.key < $1.key }.map {
            "\($0.value) \($0.key.replacingOccurrences(of: "_", with: " "))"
        }
        return "\(report.month): \(words.joined(separator: ", ")).\(report.isEarly ? " Closed early." : "")"
    }
}

extension CloseOutcome {
    fileprivate var words: String {
        switch self {
        case .finalised(_, let number, let estimated): "\(number)\(estimated ? " (estimated)" : "")"
        case .alreadyFinal(let number): number.map { "\($0), final before" } ?? "nothing due, final before"
        case .nothingDue: "nothing due"
        case .waits(let reason): "waits for \(reason)"
        case .blocked(let open): "left out: \(open.month) is open"
        case .parked(let reason): "PARKED: \(reason)"
        case .over: "over"
        }
    }
}

/// Columns of plain text, as wide as their widest cell.
struct TextTable {
    private var rows: [[String]]
    private let right: Set<Int>

    /// `right` names the columns whose cells end at the same place.
    init(_ header: [String], right: Set<Int> = []) {
        rows = [header]
        self.right = right
    }

    mutating func add(_ row: [String]) { rows.append(row) }

    var lines: [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return right.contains(column) ? space + cell : cell + space
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
