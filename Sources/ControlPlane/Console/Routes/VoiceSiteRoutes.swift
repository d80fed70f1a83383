import Kernel
import Telephony
import Tenancy
import Voice
import Web

/// Pages of a tenant's sites.
struct VoiceSiteRoutes: Sendable {
    let services: ConsoleServices

    struct SiteForm: Codable, Sendable {
        let displayName: String?
        let address: String?
        let country: CountryCode
        let callbackNumberID: PhoneNumberID?

        var fields: SiteFields {
            var fields = SiteFields(displayName: displayName ?? "", address: address ?? "", country: country)
            fields.callbackNumberID = callbackNumberID
            return fields
        }
    }

    private var sites: VoiceItemRoutes<SiteKind, SiteForm> {
        let service = services.voice.sites
        return VoiceItemRoutes(
            services: services, kind: ("sites", "site"), blank: ["country": "AT"],
            sections: { choices, _, _ in Self.siteSections(choices) },
            get: { id, choices, tx in
                let stored = try service.get(id, of: choices.tenantID, tx)
                return .init(item: Self.item(stored, choices), values: stored.value.formValues)
            },
            create: { form, choices, tx, actor in
                let stored = try service.create(form.fields, of: choices.tenantID, tx, actor)
                return .init(id: stored.value.id, name: stored.value.displayName)
            },
            update: { id, form, expected, choices, tx, actor in
                let stored = try service.update(
                    id, form.fields, of: choices.tenantID, expecting: expected, tx, actor)
                return .init(id: id, name: stored.value.displayName)
            },
            delete: { id, tenant, expected, tx, actor in
                try service.delete(id, of: tenant, expecting: expected, tx, actor)
            })
    }

    var all: [PageRoute] {
        let sites = sites
        let service = services.voice.sites
        return sites.all + [
            sites.step(
                "verify", "has a verified address", returningTo: { place, id in "\(place.path)/sites/\(id)" },
                { id, input, tx, actor in
                    _ = try service.verify(
                        id, of: input.tenantID, expecting: ExpectedRevision(form: input.revision), tx, actor)
                })
        ]
    }

    private static func siteSections(_ choices: VoiceChoices) -> [Form.Section] {
        [
            Form.Section(
                "Site", "Where phones stand. The emergency centre gets this address.",
                [
                    Field("display_name", "Name"),
                    Field("country", "Country", .select(CountryChoices.everywhere)),
                    Field(
                        "address", "Address", .area(rows: 3),
                        hint:
                            "Street, house number, postal code and place: what an ambulance needs. A changed address has to be verified again."
                    ),
                    Field(
                        "callback_number_id", "Called back at",
                        .select([.init("", "The caller’s own number")] + choices.numberChoices), isRequired: false),
                ])
        ]
    }

    private static func item(_ stored: Stored<Telephony.Site>, _ choices: VoiceChoices) -> VoiceItemPage.Item {
        let site = stored.value
        let step = VoiceStepCard.Step(
            path: "verify", verb: "Verify address",
            effect: "You have checked that an ambulance finds the place with this address.")
        let notice = "Nobody has verified the address. Emergency calls go out all the same, and are flagged."
        return VoiceItemPage.Item(
            id: "\(site.id)", name: site.displayName, revision: stored.revision,
            notices: site.verifiedAt == nil ? [notice] : [],
            beside: VoiceStepCard(
                title: "Emergency address",
                facts: [Fact("Verified", text: site.verifiedAt.map { DisplayText.minute($0) } ?? "not yet")],
                path: "\(choices.place.path)/sites/\(site.id)", revision: stored.revision,
                steps: site.verifiedAt == nil ? [step] : []
            ).html)
    }
}

extension Telephony.Site {
    fileprivate var formValues: [String: String] {
        [
            "display_name": displayName, "address": address, "country": country.code,
            "callback_number_id": callbackNumber?.description ?? "",
        ]
    }
}
