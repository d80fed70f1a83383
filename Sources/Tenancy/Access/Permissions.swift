import Kernel

/// Every permission of the product, in one place: `resource.verb`.
extension Permission {
    package static let organisationRead = Permission("organisation.read")
    package static let organisationWrite = Permission("organisation.write")
    package static let instanceRead = Permission("instance.read")
    package static let instanceWrite = Permission("instance.write")
    package static let tenantRead = Permission("tenant.read")
    package static let tenantWrite = Permission("tenant.write")
    /// Activate, suspend, resume, archive, purge.
    package static let tenantTransition = Permission("tenant.transition")
    package static let apiKeyRead = Permission("api_key.read")
    package static let apiKeyWrite = Permission("api_key.write")
    package static let auditRead = Permission("audit.read")
    package static let contractRead = Permission("contract.read")
    package static let contractWrite = Permission("contract.write")
    package static let disclosureRead = Permission("disclosure.read")
    package static let disclosureWrite = Permission("disclosure.write")
    package static let usageRead = Permission("usage.read")
    package static let usageWrite = Permission("usage.write")
    package static let invoiceRead = Permission("invoice.read")
    package static let billingPreview = Permission("billing.preview")
    /// Finalise the invoices of a month.
    package static let billingClose = Permission("billing.close")
    package static let voiceRead = Permission("voice.read")
    package static let voiceWrite = Permission("voice.write")
    /// End, transfer or announce into running calls.
    package static let voiceControl = Permission("voice.control")
    /// FreeSWITCH nodes and what they send: credentials, configuration bundles, quarantined records.
    package static let voiceNode = Permission("voice.node")

    /// What only looks.
    package static let reading: Set<Permission> = [
        .organisationRead, .instanceRead, .tenantRead, .apiKeyRead, .auditRead, .contractRead, .disclosureRead,
        .usageRead, .invoiceRead, .billingPreview, .voiceRead,
    ]

    package static let all: Set<Permission> = reading.union([
        .organisationWrite, .instanceWrite, .tenantWrite, .tenantTransition, .apiKeyWrite, .contractWrite,
        .disclosureWrite, .usageWrite, .billingClose, .voiceWrite, .voiceControl, .voiceNode,
    ])
}
