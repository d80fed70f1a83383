import Crypto
import Foundation
import Testing

@testable import Billing
@testable import ControlPlane
@testable import Rating

/// The printable invoice for programs.
@Suite struct InvoicePrintTests {
    @Test func anInvoiceIsAPageForItsParty() async throws {
        try await MatrixWorld.with { world in
            let path = "/v1/invoices/\(try #require(world.victim.ids["invoice_id"]))/print"
            let answer = try await world.client.send(
                "GET", path, headers: ["Authorization: Bearer \(world.victim.callers[0].key)"])
            #expect(answer.status == 200 && answer.header("content-type") == "text/html; charset=utf-8")
            #expect(answer.body.hasPrefix("<!doctype html>") && answer.body.contains("CF-2026-"))
            #expect(!answer.body.contains("sheet-bar"), "a program needs no way back")
            let external = /<(?:link|script|img|iframe|base)\b|\b(?:src|href)=|url\(|@import/
            #expect(answer.body.firstMatch(of: external) == nil, "it needs no other file")
            let style = try #require(answer.body.firstMatch(of: /<style>([^<]*)<\/style>/)).1
            let hash = Data(SHA256.hash(data: Data(style.utf8))).base64EncodedString()
            let policy = try #require(answer.header("content-security-policy"))
            #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-\(hash)'; "), "\(policy)")
            let rival = try await world.client.send(
                "GET", path, headers: ["Authorization: Bearer \(world.rival.callers[0].key)"])
            #expect(rival.status == 404)
        }
    }

    @Test(arguments: [
        ("voice_overage:t", "31234567", "0.08/60000", "31,234,567 ms", "0.08 per 60,000 ms"),
        ("voice_overage:t", "1", "1234.50", "1", "1,234.50"),
        ("annual_licence", "1", "120000 −10 %", "1", "120000 −10 %"),
    ])
    func quantitiesAndPricesHaveTheirUnits(
        charge: String, quantity: String, price: String, shown: String, shownPrice: String
    ) throws {
        let day = try #require(CalendarDate("2026-10-01"))
        let line = DraftLine(
            charge: charge, periodStart: day, periodEnd: day, description: "Voice", quantity: quantity,
            unitPrice: price, net: .zero, explanation: Explanation(rule: "r", inputs: [:], sentence: "s"))
        let printed = InvoiceDocument.Line(line, vat: "20 %")
        #expect(printed.quantity == shown && printed.unitPrice == shownPrice)
    }
}
