import Kernel
import Voice
import Web

/// The minutes that an organisation's tenants share: the gauge of the month, and the form.
struct MinutePoolPage: Sendable {
    let organisationID: String
    let name: String
    let pool: MinutePoolResource
    /// `November 2026`
    let month: String
    let state: FormState
    let mayEdit: Bool

    var page: ConsolePage {
        let path = "/organisations/\(organisationID)"
        let form = Form(
            action: "\(path)/minute_pool", submit: "Save changes", cancel: path,
            note: "Counts from the next grant on. Running calls keep what they were granted.",
            sections: [
                Form.Section(
                    "Pool", "Shared by all tenants of \(name) in each month, beside each tenant’s own bounds.",
                    [
                        Field(
                            "minutes", "Minutes", .number(unit: "min"), hint: "Empty: there is no pool.",
                            isRequired: false)
                    ], note: .hiddenField("revision", state.value("revision")))
            ])
        let editor: HTML = mayEdit ? form.html(state) : ""
        var page = ConsolePage("Minute pool", section: "/organisations", body: "\(gauge)\(editor)")
        page.frame = .narrow
        page.lede = "A call needs minutes of its tenant and of the pool. Emergency and internal calls need none."
        page.crumbs = [.init("Organisations", "/organisations"), .init(name, path), .init("Minute pool")]
        return page
    }

    private var gauge: HTML {
        var facts = [
            Fact("Used", text: "\(minutes(pool.usedMs)) min"),
            Fact("Granted to calls under way", text: "\(minutes(pool.reservedMs)) min"),
        ]
        guard let whole = pool.minutes, let left = pool.leftMs else {
            return Card("Minutes in \(month)", lede: "There is no pool.", body: .facts(facts, wide: true)).html
        }
        facts.append(Fact("Left", text: "\(minutes(left)) min"))
        let total = max(whole * 60_000, pool.usedMs + pool.reservedMs, 1)
        func share(_ value: Int64) -> String { hundredths(Int64(Int128(value) * 10_000 / Int128(total))) }
        let meter: HTML = #"""
            <div class="gauge"><div class="row between"><p><span class="figure">\#(minutes(pool.usedMs))</span> \#
            <span class="muted">of \#(DisplayText.count(whole)) minutes</span></p>\#(pill(left))</div>
            <svg class="meter tall" role="img" aria-label="\#(minutes(pool.usedMs)) of \#(DisplayText.count(whole)) minutes \#
            used; \#(minutes(left)) left"><rect class="track" width="100%" height="100%" rx="3"/>\#
            <rect class="db ghost" width="\#(share(pool.usedMs + pool.reservedMs))%" height="100%" rx="3"/>\#
            <rect class="db" width="\#(share(pool.usedMs))%" height="100%" rx="3"/></svg></div>

            """#
        return Card("Minutes in \(month)", body: "\(meter)\(HTML.facts(facts, wide: true))").html
    }

    private func pill(_ left: Int64) -> HTML {
        left == 0 ? .pill("Used up: calls are refused", .bad) : .pill("\(minutes(left)) left", .ok)
    }

    private func minutes(_ milliseconds: Int64) -> String { VoiceMinutesCard.minutes(milliseconds) }
}
