import Testing

@testable import ControlPlane

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
            let rival = try await world.client.send(
                "GET", path, headers: ["Authorization: Bearer \(world.rival.callers[0].key)"])
            #expect(rival.status == 404)
        }
    }
}
