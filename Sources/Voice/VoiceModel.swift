import Kernel
import Logging
import Postgres
import Telephony
import Tenancy
import Web

/// What a tenant's voice is made of: the services of this module's model, put together once.
package struct VoiceModel: Sendable {
    package let work: UnitOfWork
    package let links: VoiceLinks
    package let domains: SIPDomainService
    package let users: SIPUserService
    package let groups = CallGroupService()
    package let sites = SiteService()
    package let trunks: TrunkService
    /// What is known of nodes without asking the database.
    package let directory: NodeDirectory
    package let numbers = PhoneNumberService()
    package let schedules = ScheduleService()
    package let permissions = DialPermissionService()
    package let settings = VoiceSettingsService()
    package let revisions = PlanRevisionService()
    package let whatIf: WhatIfService
    package let fraud: FraudService
    package let proposals: ProposalService
    package let pools = MinutePoolService()
    let purging: VoicePurgeService
    /// What nodes are answered from; a service of the process.
    package let plans: PlanCache

    /// - Parameter listening: where notifications of the database are heard.
    package init(
        work: UnitOfWork, tenants: TenantService, box: SecretBox, links: VoiceLinks, listening: String, logger: Logger
    ) {
        self.work = work
        self.links = links
        users = SIPUserService(box: box)
        directory = NodeDirectory(work: work)
        trunks = TrunkService(box: box, nodes: directory)
        purging = VoicePurgeService(numbers: numbers, box: box)
        domains = SIPDomainService(tenants: tenants, links: links, users: users)
        plans = PlanCache(
            database: work.database, connectionString: listening, links: links,
            compiler: PlanCompiler(trunks: trunks), time: work.time, logger: logger)
        let plans = plans
        let plan: @Sendable (TenantID) -> VoicePlan.Entry? = { plans.current.entry(tenant: $0) }
        whatIf = WhatIfService(work: work, plan: plan)
        fraud = FraudService(work: work, plan: plan)
        proposals = ProposalService(work: work, plan: plan, permissions: permissions)
    }

    /// Every operation on the model.
    /// - Parameter live: what nodes tell of its trunks.
    package func endpoints(_ live: LiveNodes) -> [Endpoint] {
        sipDomainEndpoints(domains, work) + sipUserEndpoints(users, work) + callGroupEndpoints(groups, work)
            + siteEndpoints(sites, work) + trunkEndpoints(trunks, live, work) + phoneNumberEndpoints(numbers, work)
            + scheduleEndpoints(schedules, work) + dialPermissionEndpoints(permissions, work)
            + voiceSettingsEndpoints(settings, work) + planRevisionEndpoints(revisions, work)
            + [whatIfEndpoint(whatIf, work)] + fraudEndpoints(fraud, work) + proposalEndpoints(proposals, work)
            + minutePoolEndpoints(pools, work)
    }

    /// Ends old secrets and rested numbers whose time is over. A bounded batch; call again while it is not empty.
    package func endWhatIsDue() async throws -> Int {
        try await work.perform(job: "end old voice secrets and rested numbers") { tx, actor in
            try users.retireExpired(tx, actor) + numbers.releaseRested(tx, actor)
        }
    }

    /// Ends the voice of purged tenants and shreds their secrets. A bounded batch; call again while it is not empty.
    package func endPurged() async throws -> Int {
        try await work.perform(job: "end the voice of purged tenants") { tx, actor in try purging.purge(tx, actor) }
    }
}
