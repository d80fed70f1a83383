import Kernel
import Web

@testable import ControlPlane

extension PageSamples {
    /// Forms that change what is there; one as it comes back when somebody else was faster.
    static var editing: [(name: String, page: ConsolePage)] {
        let conflict = Submission(
            values: ["display_name": "Hotel Beispiel", "kind": "sandbox", "revision": "6"],
            problem: Problem(status: 412, reason: "PRECONDITION_FAILED", title: "", detail: ""))
        let customers = [Field.Choice("org_3", "Hotel Beispiel GmbH")]
        return [
            (
                "instance-edit",
                InstanceEditPage(
                    id: instanceID, name: "shared-eu-2",
                    state: FormState(values: ["display_name": "shared-eu-2", "region": "eu-central", "revision": "3"])
                ).page
            ),
            (
                "tenant-edit",
                TenantEditPage(
                    id: tenantID, name: "Hotel Beispiel",
                    state: FormState(values: [
                        "display_name": "Hotel Beispiel", "kind": "production", "end_customer_id": "org_3",
                        "revision": "7",
                    ]), customers: customers, hasCustomer: true
                ).page
            ),
            (
                "tenant-edit-conflict",
                TenantEditPage(
                    id: tenantID, name: "Hotel Beispiel", state: FormState(conflict, presentRevision: 7),
                    customers: customers, hasCustomer: false
                ).page
            ),
            (
                "tenant-purge",
                TenantPurgePage(
                    id: tenantID, name: "Hotel Beispiel", slug: "hotel-beispiel", purgeDay: "18 Dec 2026",
                    state: FormState(
                        values: ["slug": "hotel", "revision": "8"],
                        errors: [
                            .init(field: "slug", message: "must be typed exactly as it is: hotel-beispiel")
                        ])
                ).page
            ),
            (
                "contract-order",
                ContractOrderPage(
                    contractID: contractID, contract: "DP-2026-003", organisation: "Kontor Integration",
                    state: FormState(values: [
                        "starts_on": "2026-12-01", "term_years": "1", "payment": "prepaid", "revision": "4",
                    ])
                ).page
            ),
        ]
    }
}
