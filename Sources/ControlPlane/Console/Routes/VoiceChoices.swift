import Kernel
import Postgres
import Telephony
import Tenancy
import Voice
import Web

/// What forms of a tenant's voice offer, and names of what pages mention.
struct VoiceChoices: Sendable {
    let tenantID: TenantID
    let place: VoicePlace
    let country: CountryCode
    let users: [SIPUser]
    let groups: [CallGroup]
    let sites: [Telephony.Site]
    let trunks: [TrunkView]
    let numbers: [NumberRecord]
    let schedules: [Schedule]

    /// 404 without the tenant, 409 `VOICE_OFF` without voice.
    init(_ services: ConsoleServices, _ id: TenantID, _ tx: borrowing Transaction<ScopeNode>) throws {
        let voice = services.voice
        tenantID = id
        place = VoicePlace(id: "\(id)", name: try services.tenancy.tenants.get(id, tx).settings.displayName)
        country = try voice.domains.get(id, tx).value.country
        users = try Self.all { try voice.users.list(of: id, $0, tx) }.map(\.stored.value)
        groups = try Self.all { try voice.groups.list(of: id, $0, tx) }.map(\.value)
        sites = try Self.all { try voice.sites.list(of: id, $0, tx) }.map(\.value)
        trunks = try Self.all { try voice.trunks.list(of: id, $0, tx) }
        numbers = try Self.all { try voice.numbers.list(of: id, $0, tx) }.map(\.value)
        schedules = try Self.all { try voice.schedules.list(of: id, $0, tx) }.map(\.value)
    }

    /// Every page of a list, as far as a person would scroll.
    static func all<Item: Sendable>(_ list: (PageRequest) throws -> Page<Item>) rethrows -> [Item] {
        var items: [Item] = []
        var cursor: String?
        repeat {
            let page = try list(PageRequest(limit: Limits.pageMaximum, cursor: cursor))
            items += page.items
            cursor = page.nextCursor
        } while cursor != nil && items.count < 1000
        return items
    }

    // MARK: Pickers

    var numberChoices: [Field.Choice] {
        numbers.filter { $0.state.isInService }.sorted { $0.number.e164 < $1.number.e164 }
            .map { record in
                let number = PhoneWords.spaced("\(record.number.e164)")
                return Field.Choice("\(record.number.id)", "\(number) · \(record.number.displayName)")
            }
    }

    var siteChoices: [Field.Choice] { sites.map { Field.Choice("\($0.id)", $0.displayName) } }

    var trunkChoices: [Field.Choice] {
        trunks.map { Field.Choice("\($0.stored.value.id)", $0.stored.value.displayName) }
    }

    var scheduleChoices: [Field.Choice] { schedules.map { Field.Choice("\($0.id)", $0.displayName) } }

    /// Where a call may go: what is chosen alone, and what needs a name or a number beside it.
    var targetChoices: [Field.Choice] {
        [.init("", "–"), .init("agent", "Agent, by its name"), .init("external", "Another number")]
            + users.map { .init("\($0.id)", "User \($0.name), \($0.displayName)") }
            + groups.map { .init("\($0.id)", "Group \($0.name), \($0.displayName)") } + [
                .init("reject", "Refuse the call")
            ]
    }

    /// Whose calls a permission decides about.
    var scopeChoices: [Field.Choice] {
        [.init("", "The whole tenant")] + sites.map { .init("\($0.id)", "Site \($0.displayName)") }
            + users.map { .init("\($0.id)", "User \($0.name), \($0.displayName)") }
    }

    // MARK: Names

    func name(of id: SIPUserID?) -> String? { users.first { $0.id == id }?.name }
    func name(of id: SiteID?) -> String? { sites.first { $0.id == id }?.displayName }
    func name(of id: ScheduleID?) -> String? { schedules.first { $0.id == id }?.displayName }
    func name(of id: TrunkID?) -> String? {
        trunks.first { $0.stored.value.id == id }?.stored.value.displayName
    }
    func number(of id: PhoneNumberID?) -> String? { numbers.first { $0.number.id == id }.map { "\($0.number.e164)" } }

    /// `Group all, Monday`, in words.
    func words(_ entry: RouteEntry) -> String {
        let target =
            switch entry.target {
            case .agent(let name): "Agent \(name)"
            case .user(let id): "User \(name(of: id) ?? DisplayText.nothing)"
            case .group(let id): "Group \(groups.first { $0.id == id }?.name ?? DisplayText.nothing)"
            case .external(let number): PhoneWords.spaced("\(number)")
            case .reject: "refused"
            }
        return entry.scheduleID.map { "\(target) during \(name(of: $0) ?? DisplayText.nothing)" } ?? target
    }
}

/// Lists that people type, one entry a line or separated by commas.
enum TypedList {
    static func entries(_ text: String?) -> [String] {
        (text ?? "").split { $0.isNewline || $0 == "," || $0 == ";" }.map { String($0).trimmed }.filter { !$0.isEmpty }
    }

    static func lines(_ entries: [String]) -> String { entries.joined(separator: "\n") }
}

extension CountryChoices {
    /// Every country and territory that can be called, by name.
    static let everywhere: [Field.Choice] = Telephony.Country.all.compactMap { country in
        country.code.map { Field.Choice($0.code, country.name) }
    }
    .sorted { $0.label < $1.label }
}
