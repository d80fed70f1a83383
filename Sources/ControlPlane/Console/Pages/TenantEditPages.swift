import Kernel
import Web

/// The form that changes a tenant. Slug, organisation and instance never change.
struct TenantEditPage: Sendable {
    let id: String
    let name: String
    let state: FormState
    /// End-customers that are known as legal parties.
    let customers: [Field.Choice]
    /// Whether it has one, which can be another but not nobody.
    let hasCustomer: Bool

    var page: ConsolePage {
        let path = "/tenants/\(id)"
        let choices = hasCustomer ? customers : [.init("", "–")] + customers
        let form = Form(
            action: "\(path)/edit", submit: "Save changes", cancel: path,
            note: "Kind and voice count in the month of the change; final invoices stay as they are.",
            sections: [
                Form.Section(
                    "Tenant", "Short name, organisation and instance stay for ever.",
                    [
                        Field("display_name", "Name"),
                        Field("end_customer_id", "End-customer", .select(choices), isRequired: hasCustomer),
                        Field("kind", "Kind", .radios(TenantFormPage.kinds)),
                        Field(
                            "voice_enabled", "Voice enabled", .check,
                            hint: "Billed per tenant and month where the contract has the voice add-on."),
                    ], note: .hiddenField("revision", state.value("revision")))
            ])
        var page = ConsolePage("Edit \(name)", section: "/tenants", body: form.html(state))
        page.frame = .narrow
        page.crumbs = [.init("Tenants", "/tenants"), .init(name, path), .init("Edit")]
        return page
    }
}

/// The form that deletes an archived tenant's content before its time. The short name is typed again, because nothing
/// brings the content back.
struct TenantPurgePage: Sendable {
    let id: String
    let name: String
    let slug: String
    /// "21 Dec 2026"
    let purgeDay: String
    let state: FormState

    var page: ConsolePage {
        let path = "/tenants/\(id)"
        var form = Form(
            action: "\(path)/purge", submit: "Purge tenant", cancel: path,
            note: "This cannot be undone.",
            sections: [
                Form.Section(
                    "Purge", "On \(purgeDay) the content is deleted by itself. Purge now only when it must not wait.",
                    [
                        Field("slug", "Short name", hint: "Type \(slug) to confirm."),
                        Field("reason", "Reason", hint: "For the audit log."),
                    ], note: .hiddenField("revision", state.value("revision")))
            ])
        form.style = .danger
        let note: HTML = .callout(
            .warn, "The content is gone at once.",
            "Invoices, usage counts and the audit log stay. The short name stays taken.")
        var page = ConsolePage("Purge \(name)", section: "/tenants", body: "\(note)\(form.html(state))")
        page.frame = .narrow
        page.crumbs = [.init("Tenants", "/tenants"), .init(name, path), .init("Purge")]
        return page
    }
}
