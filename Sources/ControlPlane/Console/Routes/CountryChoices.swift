import Kernel
import Rating
import Web

/// The countries of the form: those of the Union and its neighbours first by name, the others by their code.
enum CountryChoices {
    static let all: [Field.Choice] = named.map { Field.Choice($0.code, $0.name) }

    private static let named: [(code: String, name: String)] = [
        ("AT", "Austria"), ("DE", "Germany"), ("CH", "Switzerland"), ("LI", "Liechtenstein"), ("BE", "Belgium"),
        ("BG", "Bulgaria"), ("HR", "Croatia"), ("CY", "Cyprus"), ("CZ", "Czechia"), ("DK", "Denmark"),
        ("EE", "Estonia"), ("FI", "Finland"), ("FR", "France"), ("GR", "Greece"), ("HU", "Hungary"),
        ("IE", "Ireland"), ("IT", "Italy"), ("LV", "Latvia"), ("LT", "Lithuania"), ("LU", "Luxembourg"),
        ("MT", "Malta"), ("NL", "Netherlands"), ("PL", "Poland"), ("PT", "Portugal"), ("RO", "Romania"),
        ("SK", "Slovakia"), ("SI", "Slovenia"), ("ES", "Spain"), ("SE", "Sweden"), ("AU", "Australia"),
        ("BR", "Brazil"), ("CA", "Canada"), ("IS", "Iceland"), ("IN", "India"), ("IL", "Israel"), ("JP", "Japan"),
        ("MX", "Mexico"), ("NZ", "New Zealand"), ("NO", "Norway"), ("RS", "Serbia"), ("SG", "Singapore"),
        ("ZA", "South Africa"), ("KR", "South Korea"), ("TR", "Türkiye"), ("UA", "Ukraine"),
        ("AE", "United Arab Emirates"), ("GB", "United Kingdom"), ("US", "United States"),
    ]
}
