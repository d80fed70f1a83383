import Kernel
import Testing
import Web

@Suite struct HTMLTests {
    @Test func textIsInertInElementsAndAttributes() {
        let evil = #"<script>alert("x")</script>' onload='y' & co"#
        let html: HTML = #"<p title="\#(evil)">\#(evil)</p>"#
        let inert = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39; onload=&#39;y&#39; &amp; co"
        #expect(html.markup == #"<p title="\#(inert)">\#(inert)</p>"#)
    }

    @Test func markupPassesOnceAndOnlyOnce() {
        let inner: HTML = "<b>\("a & b")</b>"
        let list: [HTML] = ["<i>1</i>", "<i>2</i>"]
        let none: HTML? = nil
        let html: HTML = "<p>\(inner)\(list)\(none)\(42)\(-7 as Int64)</p>"
        #expect(html.markup == "<p><b>a &amp; b</b><i>1</i><i>2</i>42-7</p>")
    }

    @Test func everyUnicodeTextSurvivesUnescapedParts() {
        let text = "Gemüse <é> 👩‍👩‍👧 & Ωmega"
        #expect(HTML(text: text).markup == "Gemüse &lt;é&gt; 👩‍👩‍👧 &amp; Ωmega")
        #expect(("\(text.dropFirst(7))" as HTML).markup == "&lt;é&gt; 👩‍👩‍👧 &amp; Ωmega")
    }

    @Test func conditionsAndAttributes() {
        let missing: String? = nil
        let html: HTML =
            #"<a\#(attribute: "href", "/x?a=1&b=2")\#(attribute: "class", missing)\#(" hidden", when: true)\#(" open", when: false)>"#
        #expect(html.markup == #"<a href="/x?a=1&amp;b=2" hidden>"#)
    }

    /// Whatever bytes a person types, the result has no character that could end the text or the attribute.
    @Test func randomTextNeverBreaksOut() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array(#"<>&"'/=-! abcé👩\u{0}\n"#)
        for _ in 0..<2_000 {
            let text = String(
                (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                    alphabet.randomElement(using: &generator) ?? "x"
                })
            let markup = HTML(text: text).markup
            #expect(!markup.contains { "<>\"'".contains($0) })
            let back = markup.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
                .replacing("&#39;", with: "'").replacing("&amp;", with: "&")
            #expect(back == text)
        }
    }

    @Test func tokenReachesEveryFormAndNothingElse() {
        let typed = HTML.csrfField.markup
        let html: HTML = "<form>\(HTML.csrfField)</form><p>\(typed)</p><form>\(HTML.csrfField)</form>"
        let filled = html.filling(csrfToken: "t\"1").markup
        #expect(filled.ranges(of: #"value="t&quot;1""#).count == 2)
        #expect(filled.contains("&lt;input"))
    }
}

@Suite struct DisplayTextTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (1_284_310, "1,284,310"), (-98, "−98"), (-1000, "−1,000"),
    ])
    func counts(number: Int, text: String) {
        #expect(DisplayText.count(number) == text)
    }

    @Test(arguments: [
        ("2026-11-18T13:02:00Z", "18 Nov 2026, 14:02"), ("2026-10-31T22:59:59Z", "31 Oct 2026, 23:59"),
        ("2026-03-29T00:59:59Z", "29 Mar 2026, 01:59"), ("2026-03-29T01:00:00Z", "29 Mar 2026, 03:00"),
        ("2026-10-25T00:59:00Z", "25 Oct 2026, 02:59"), ("2026-10-25T01:00:00Z", "25 Oct 2026, 02:00"),
        ("2025-12-31T23:00:00Z", "1 Jan 2026, 00:00"), ("2024-02-29T12:00:00Z", "29 Feb 2024, 13:00"),
        ("1969-12-31T22:59:00Z", "31 Dec 1969, 23:59"),
    ])
    func minutesInVienna(utc: String, text: String) throws {
        #expect(DisplayText.minute(try #require(Timestamp(utc))) == text)
    }

    @Test func decimalsAreGroupedAndNothingElse() {
        #expect(DisplayText.decimal("172800.00") == "172,800.00")
        #expect(DisplayText.decimal("100000") == "100,000")
        #expect(DisplayText.decimal("certified") == "certified")
        #expect(DisplayText.decimal("1.2.3") == "1.2.3")
    }
}

@Suite struct ChartTests {
    private func chart(_ values: [Int64], unit: ChartUnit = .count) -> String {
        BarChart(
            "Turns", axis: "Day", unit: unit,
            categories: values.indices.map { .init("\($0)", name: "day \($0)") }, series: [ChartSeries("Turns", values)]
        ).html.markup
    }

    @Test func theTableRepeatsTheFigures() {
        let html = chart([1_204, 0, 3])
        #expect(html.contains(#"<td class="num">1,204</td>"#))
        #expect(html.contains(#"<td class="num">1,207</td>"#))
        #expect(html.ranges(of: "<rect").count == 2)
    }

    @Test(arguments: [[Int64](), [0, 0], [1], [Int64.max / 4], [7, 12, 999_999]])
    func anyValuesMakeAChart(values: [Int64]) {
        #expect(chart(values).contains("</svg>"))
    }

    @Test func amountsKeepTheirCents() {
        #expect(chart([547_500, 5], unit: .cents).contains("day 0: 5,475.00"))
        #expect(chart([547_500, 5], unit: .cents).contains("0.05"))
    }
}

@Suite struct FormTests {
    private let form = Form(
        action: "/x", submit: "Save", cancel: "/",
        sections: [Form.Section("A", "b", [Field("vat_id", "VAT ID"), Field("name", "Name", hint: "As registered.")])])

    @Test func errorsAreSummedUpAndTiedToTheirFields() {
        let state = FormState(
            values: ["vat_id": "\"><x>", "name": "N"],
            errors: [.init(field: "/vat_id", message: "The check digit does not match.")])
        let html = form.html(state).markup
        #expect(html.contains(##"<a href="#vat_id">VAT ID: The check digit does not match.</a>"##))
        #expect(html.contains(#"aria-invalid="true" aria-describedby="vat_id-error""#))
        #expect(html.contains(#"value="&quot;&gt;&lt;x&gt;""#))
        #expect(html.contains(#"aria-describedby="name-hint""#))
    }

    @Test func aProblemWithoutAFieldIsShownAbove() {
        let state = FormState(values: [:], problem: .conflict("SLUG_TAKEN", "This slug is in use."))
        #expect(form.html(state).markup.contains("<li>This slug is in use.</li>"))
    }
}
