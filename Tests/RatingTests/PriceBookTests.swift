import Foundation
import Testing

@testable import Rating

struct PriceBookTests {
    @Test func readsEveryPrice() throws {
        let book = PriceBook.v2_1
        #expect(book.version == "2.1" && book.validFrom.description == "2026-05-06" && book.sellerCountry.code == "AT")
        #expect(book.enterprise.voice.overage.description == "0.08/60000")
        #expect(book.enterprise.voice.includedMilliseconds == 120_000_000)
        #expect(book.solution.revenueShareTiers.map(\.percent.description) == ["40", "25", "15"])
        #expect(book.deployment.bundles.map(\.instances) == [5, 10, 25])
        #expect(book.deployment.premium.turnsMonth == nil && book.deployment.certified.demoLicences == 4)
        #expect(book.sales.promotion.description == "50" && book.sales.promotionSlots == 3)
    }

    /// One wrong figure each; the refusal names its path.
    @Test(arguments: [
        (#""turn": "0.035""#, #""turn": "0""#, "solution.turn"),
        (#""turn": "0.035""#, #""turn": "0.0350001""#, "solution.turn"),
        (#""turn": "0.035""#, #""turn": 0.035e0"#, "solution.turn"),
        (#""turn": "0.035","#, "", "solution.turn"),
        (#""up_to_arr": "600000.00""#, #""up_to_arr": "150000.00""#, "solution.revenue_share_tiers[1].up_to_arr"),
        (#""up_to_arr": "600000.00""#, #""up_to_arr": null"#, "solution.revenue_share_tiers[1].up_to_arr"),
        (#""up_to_arr": null"#, #""up_to_arr": "900000.00""#, "solution.revenue_share_tiers[2].up_to_arr"),
        (#""instances": 10"#, #""instances": 5"#, "deployment.bundles[1].instances"),
        (#""instances": 10"#, #""instances": 26"#, "deployment.bundles[2].instances"),
        (#""discount_percent": "25""#, #""discount_percent": "101""#, "deployment.bundles[1].discount_percent"),
        (#""annual_licence": "120000.00""#, #""annual_licence": "-1.00""#, "enterprise.annual_licence"),
        (#""included_tenants": 25"#, #""included_tenants": 25.5"#, "enterprise.included_tenants"),
        (#""percent_min": "15""#, #""percent_min": "21""#, "enterprise.revenue_share_alternative.percent_min"),
        (#""currency": "EUR""#, #""currency": "USD""#, "currency"),
        (#""seller_country": "AT""#, #""seller_country": "DE""#, "vat"),
        (#""valid_from": "2026-05-06""#, #""valid_from": "2026-05-32""#, "valid_from"),
        (#""prepaid","#, #""cash","#, "deployment.bundle_payment[0]"),
        (#""version": "2.1""#, #""version": "2.1", "discount": "5""#, "discount"),
    ])
    func refusesAWrongBook(found: String, replacement: String, path: String) throws {
        let text = String(decoding: PriceBook.json2_1, as: UTF8.self)
        let changed = try #require(text.range(of: found).map { text.replacingCharacters(in: $0, with: replacement) })
        let refusal = #expect(throws: Refusal.self) { try PriceBook(json: Array(changed.utf8)) }
        #expect(refusal?.field == path, "\(refusal?.description ?? "")")
    }

    @Test func refusesWhatIsNotJSON() {
        #expect(throws: Refusal.self) { try PriceBook(json: []) }
        #expect(throws: Refusal.self) { try PriceBook(json: Array("[]".utf8)) }
    }
}
