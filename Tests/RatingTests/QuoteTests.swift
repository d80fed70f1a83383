import Testing

@testable import Rating

struct QuoteTests {
    private let solution =
        #"{"kind":"solution","contract_month":1,"arr":"172800.00","active_tenants":12,"turns":100000}"#

    @Test func answersOnOneLineAndRepeatsTheQuestion() throws {
        let (line, failed) = Quote.answer(line: solution)
        #expect(!failed && !line.contains("\n"))
        #expect(line.hasPrefix(solution.dropLast()))
        let answer = try JSONParser.parse(Array(line.utf8))
        #expect(answer["charge"] == "5475.00" && answer["winners"] == .array(["revenue_share"]))
        #expect(answer["explanation"]?["rule"] == "solution.month")
    }

    @Test(arguments: ["150000", #""150000""#, #""150000.00""#, "150000.5", "150000.00"])
    func readsAmountsAsNumbersAndStrings(arr: String) throws {
        let text = #"{"kind":"solution","contract_month":13,"arr":\#(arr),"active_tenants":"1","turns":"1"}"#
        let (answer, failed) = try ask(text)
        #expect(!failed && answer["charge"]?.string?.hasPrefix("5000.0") == true, "\(answer.text)")
    }

    /// Each line is refused with the field to look at.
    @Test(arguments: [
        ("", "line"), ("   ", "line"), ("[]", "line"), ("null", "line"), ("{", "line"), ("{}x", "line"), ("{}", "kind"),
        (#"{"kind":"barter"}"#, "kind"), (#"{"kind":7}"#, "kind"), (#"{"kind":"vat","kind":"vat"}"#, "line"),
        (#"{"kind":"solution","contract_month":1,"arr":"0","active_tenants":0}"#, "turns"),
        (#"{"kind":"solution","contract_month":0,"arr":"0","active_tenants":0,"turns":0}"#, "contract_month"),
        (#"{"kind":"solution","contract_month":1,"arr":"0.001","active_tenants":0,"turns":0}"#, "arr"),
        (#"{"kind":"solution","contract_month":1,"arr":0.001,"active_tenants":0,"turns":0}"#, "arr"),
        (#"{"kind":"solution","contract_month":1,"arr":1e3,"active_tenants":0,"turns":0}"#, "arr"),
        (#"{"kind":"solution","contract_month":1,"arr":"-1","active_tenants":0,"turns":0}"#, "arr"),
        (#"{"kind":"solution","contract_month":1,"arr":null,"active_tenants":0,"turns":0}"#, "arr"),
        (#"{"kind":"solution","contract_month":1,"arr":"0","active_tenants":-1,"turns":0}"#, "active_tenants"),
        (#"{"kind":"solution","contract_month":1,"arr":"0","active_tenants":1.5,"turns":0}"#, "active_tenants"),
        (#"{"kind":"solution","contract_month":1,"arr":"0","active_tenants":0,"turns":9223372036854775807}"#, "turns"),
        (#"{"kind":"solution","contract_month":1,"arr":"0","active_tenants":0,"turns":0,"tunrs":1}"#, "tunrs"),
        (#"{"kind":"wholesale","turns":1,"committed":499999,"price":"0.03"}"#, "committed"),
        (#"{"kind":"wholesale","turns":1,"committed":500000,"price":"0.024"}"#, "price"),
        (#"{"kind":"wholesale","turns":1,"committed":500000,"price":"0.0300001"}"#, "price"),
        (#"{"kind":"wholesale","turns":1000000000000,"committed":500000,"price":"999999999"}"#, "price"),
        (
            #"{"kind":"enterprise","peak_billable_tenants":1,"voice_ms_by_tenant":[1,-2],"sla":null}"#,
            "voice_ms_by_tenant[1]"
        ),
        (#"{"kind":"enterprise","peak_billable_tenants":1,"voice_ms_by_tenant":{},"sla":null}"#, "voice_ms_by_tenant"),
        (#"{"kind":"enterprise","peak_billable_tenants":1,"voice_ms_by_tenant":[],"sla":"gold"}"#, "sla"),
        (#"{"kind":"enterprise","peak_billable_tenants":1,"voice_ms_by_tenant":[]}"#, "sla"),
        (
            #"{"kind":"enterprise","peak_billable_tenants":1,"voice_ms_by_tenant":[],"sla":null,"sector":"public_sector"}"#,
            "sla"
        ),
        (
            #"{"kind":"deployment","instances":{"large":1},"tier":"certified","term_years":1,"payment":"prepaid","contract_year":1}"#,
            "instances.large"
        ),
        (
            #"{"kind":"deployment","instances":{"compact":1},"tier":"gold","term_years":1,"payment":"prepaid","contract_year":1}"#,
            "tier"
        ),
        (
            #"{"kind":"deployment","instances":{"compact":1},"tier":"certified","term_years":0,"payment":"prepaid","contract_year":1}"#,
            "term_years"
        ),
        (
            #"{"kind":"deployment","instances":{"compact":1},"tier":"certified","term_years":1,"payment":"barter","contract_year":1}"#,
            "payment"
        ),
        (#"{"kind":"enterprise_revenue_share","percent":"21","mrr_by_month":[]}"#, "percent"),
        (#"{"kind":"enterprise_revenue_share","percent":"20","mrr_by_month":["1","-1"]}"#, "mrr_by_month[1]"),
        (#"{"kind":"vat","net_lines":["1.001"],"buyer_country":"AT","vat_id_valid":true}"#, "net_lines[0]"),
        (#"{"kind":"vat","net_lines":[],"buyer_country":"Austria","vat_id_valid":true}"#, "buyer_country"),
        (#"{"kind":"vat","net_lines":[],"buyer_country":"AT","vat_id_valid":"yes"}"#, "vat_id_valid"),
        (#"{"kind":"commission","lines":[{"platform_fee":"1"}],"percent":"20"}"#, "lines[0].overage"),
        (#"{"kind":"commission","lines":[],"percent":"101"}"#, "percent"),
    ])
    func namesTheFieldAndTheWayOut(line: String, field: String) throws {
        let (answer, failed) = try ask(line)
        #expect(failed)
        #expect(answer["field"]?.string == field, "\(answer.text)")
        #expect(answer["error"]?.string?.contains(field) == true && answer["reason"]?.string?.isEmpty == false)
    }

    @Test func largeAndDeepLinesAreRefused() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(Quote.answer(line: deep).failed)
        #expect(Quote.answer(line: String(repeating: " ", count: 2 << 20)).failed)
        #expect(Quote.answer(bytes: [0xFF, 0xFE, 0x00]).failed)
        let zeros = Array(repeating: "0", count: 10_001).joined(separator: ",")
        let (answer, failed) = try ask(
            #"{"kind":"vat","net_lines":[\#(zeros)],"buyer_country":"AT","vat_id_valid":true}"#)
        #expect(failed && answer["field"]?.string == "net_lines")
    }

    @Test func negativeLinesAreCredits() throws {
        let (answer, failed) = try ask(
            #"{"kind":"commission","lines":[{"platform_fee":"-10.03","overage":0}],"percent":"50"}"#)
        #expect(!failed && answer["commission"] == "-5.02")
    }

    /// Seeded damage to good lines: every answer is one JSON object, a failed one names a field.
    @Test func noDamageTraps() throws {
        let good = [
            solution,
            #"{"kind":"enterprise","peak_billable_tenants":61,"voice_ms_by_tenant":[120003750,0],"sla":"premium"}"#,
            #"{"kind":"deployment","instances":{"compact":7,"standard":2,"premium":3},"tier":"certified","term_years":1,"#
                + #""payment":"prepaid","contract_year":1}"#,
            #"{"kind":"enterprise_revenue_share","percent":"17.5","mrr_by_month":["62716.20","113271.56"]}"#,
            #"{"kind":"wholesale","turns":2636016,"committed":750000,"price":"0.03"}"#,
            #"{"kind":"vat","net_lines":["97778.39","-1"],"buyer_country":"IT","vat_id_valid":true}"#,
            #"{"kind":"commission","lines":[{"platform_fee":"227.80","overage":"591.34"}],"percent":"20"}"#,
            #"{"kind":"comparison","tenants":12,"turns_month":100000,"revenue_tenant_month":"1200","governance_year":"0","#
                + #""direct_model_cost_year":"14400.00"}"#,
        ]
        let pieces = [
            "9", "-", ".", "e", "\"", "{", "}", "[", "]", ",", ":", "null", "true", "99999999999999999999", "\\u",
            "\\ud800", "0", " ", "\u{0}", "é",
        ].map { Array($0.utf8) }
        var random = SeededGenerator(state: 2026)
        for round in 0..<6_000 {
            var bytes = Array(good[round % good.count].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
                case 1 where place < bytes.count: bytes.remove(at: place)
                case 2 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &random)
                default: bytes.removeSubrange(place..<min(bytes.count, place + 5))
                }
            }
            let (line, failed) = Quote.answer(bytes: bytes)
            let answer = try JSONParser.parse(Array(line.utf8))
            #expect((answer["field"] != nil) == failed)
        }
    }
}
