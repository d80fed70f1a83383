import Kernel
import Postgres
import Web

/// What Tenancy asks of modules that it does not know; the composition root hands them in.
package struct TenancyRules: Sendable {
    /// The form and checksum of a VAT ID of a country.
    package var checkVATID: @Sendable (String, CountryCode) -> VATIDCheck
    /// The programs in which an organisation holds a contract.
    package var programs: ProgramsOf
    /// Whether an organisation's tenants of a program can have voice.
    package var voiceRefusal: VoiceRefusalOf
    /// What an organisation's Deployment orders hold.
    package var orderedLicences: OrderedLicencesOf = { _, _ in [:] }
    /// Whether an organisation's production tenants of a program may go live.
    package var goLiveRefusal: GoLiveRefusalOf = { _, _ in nil }

    package init(
        checkVATID: @escaping @Sendable (String, CountryCode) -> VATIDCheck, programs: @escaping ProgramsOf,
        voiceRefusal: @escaping VoiceRefusalOf = { _, _, program in VoiceRule.refusal(for: program) }
    ) {
        self.checkVATID = checkVATID
        self.programs = programs
        self.voiceRefusal = voiceRefusal
    }
}

/// The services of this module, put together once.
package struct TenancyServices: Sendable {
    package let work: UnitOfWork
    package let authenticator: Authenticator
    package let organisations: OrganisationService
    package let instances: InstanceService
    package let tenants: TenantService
    package let apiKeys = APIKeyService()
    package let sessions: SessionService
    package let audit = AuditService()

    package init(work: UnitOfWork, rules: TenancyRules) {
        self.work = work
        authenticator = Authenticator(database: work.database, time: work.time)
        organisations = OrganisationService(checkVATID: rules.checkVATID)
        instances = InstanceService(programs: rules.programs, ordered: rules.orderedLicences)
        tenants = TenantService(
            programs: rules.programs, voiceRefusal: rules.voiceRefusal, goLiveRefusal: rules.goLiveRefusal)
        sessions = SessionService(work: work, authenticator: authenticator)
    }
}

/// Every operation of this module's part of the API.
package func tenancyEndpoints(_ services: TenancyServices) -> [Endpoint] {
    organisationEndpoints(services.organisations, services.work)
        + instanceEndpoints(services.instances, services.work)
        + tenantEndpoints(services.tenants, services.work)
        + apiKeyEndpoints(services.apiKeys, services.authenticator, services.work)
        + auditEndpoints(services.audit, services.work)
}
