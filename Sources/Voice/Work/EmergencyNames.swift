import Kernel
import Postgres
import Telephony

/// Emergency numbers are nobody's name: where a tenant's phones are, dialling one means help, and a user or a group of that
/// name could never be reached.
enum EmergencyNames {
    /// Refuses a name that a phone of the tenant would take for an emergency number: of the tenant's country or of any of
    /// its sites', written with or without separators.
    static func check(_ name: String, of tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>) throws {
        for country in [tenant.country] + (try SiteStore.countries(of: tenant.id, tx)) {
            guard let place = Self.place(where: name, meansHelpIn: country) else { continue }
            throw Problem.invalid(
                "name",
                "'\(name)' is dialled like an emergency number in \(place), where this tenant has phones. Choose another, "
                    + "for example 1001.")
        }
    }

    /// Refuses a country in which the name of a user or group of the tenant is an emergency number.
    static func check(
        _ country: CountryCode, of tenant: VoiceTenant, _ tx: borrowing Transaction<ScopeNode>
    ) throws {
        for name in try ExtensionStore.names(of: tenant.id, tx) {
            guard let place = Self.place(where: name, meansHelpIn: country) else { continue }
            throw Problem.invalid(
                "country",
                "has the emergency number '\(name)' (\(place)), and a user or group of this tenant is called so. Rename it "
                    + "first.")
        }
    }

    /// The country's name when the number reader takes the text for one of its emergency numbers.
    private static func place(where name: String, meansHelpIn country: CountryCode) -> String? {
        guard let reader = NumberReader(country), case .emergency = reader.read(name) else { return nil }
        return reader.country.name
    }
}
