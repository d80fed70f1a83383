import Kernel
import Tenancy
import Testing

/// Which texts become names.
@Suite struct FieldChecksTests {
    private func message(_ text: String) -> String? {
        var (checks, name) = (FieldChecks(), "")
        checks.set(&name, text, "display_name", 1...20)
        do throws(Problem) {
            try checks.throwIfAny()
            return nil
        } catch {
            return error.errors.first?.message
        }
    }

    @Test(arguments: [
        "a\u{200B}b", "a\u{200F}", "\u{202E}gnp.exe", "a\u{2066}b\u{2069}", "\u{FEFF}a", "a\u{2028}b", "a\u{2060}b",
    ])
    func namesReadAsTheyAreStored(text: String) {
        #expect(message(text)?.contains("invisible characters") == true)
    }

    @Test(arguments: ["Müller & Söhne", "שלום", "日本語", "Café ☕️", "O’Neill – 1"])
    func namesOfAllLanguagesAreTaken(text: String) {
        #expect(message(text) == nil)
    }

    @Test func controlCharactersAreRefused() {
        #expect(message("a\u{7}b") == "must not contain control characters")
    }
}
