import Billing
import Kernel
import Postgres
import Rating
import Tenancy
import TestSupport
import Testing

/// A close is repeatable, safe beside another one, gapless and final.
@Suite struct MonthCloseSafetyTests {
    /// Partners that owe the turn floor.
    private func partners(_ count: Int, in world: BillingWorld) async throws -> [ContractID] {
        var contracts: [ContractID] = []
        for index in 0..<count {
            let partner = try await world.partner("Partner \(index)")
            let contract = try await world.contract(partner, from: "2025-01-01", .solution(SolutionTerms()))
            let tenant = try await world.tenants(1, of: partner, host: "vendor")[0]
            try await world.use(Int64(20_000 + index), of: tenant, in: partner)
            try await world.disclose(contract, "2026-10", "0")
            contracts.append(contract)
        }
        return contracts
    }

    private func numbers(_ world: BillingWorld) async throws -> [Int64] {
        try await world.test.database.transaction(for: PlatformScope()) { tx in
            try tx.all("select number from app.invoice where number is not null order by number", as: (Int64).self)
        }
    }

    @Test func twoClosesAtOnceMakeOneInvoiceEach() async throws {
        try await withBillingWorld { world in
            let contracts = try await partners(12, in: world)
            async let one = world.close.close(BillingWorld.october, as: world.principal)
            async let two = world.close.close(BillingWorld.october, as: world.principal)
            let outcomes = try await (one.contracts + two.contracts).map(\.outcome.name)
            #expect(outcomes.count { $0 == "finalised" } == 12)
            #expect(outcomes.count { $0 == "already_final" } == 12)
            #expect(try await numbers(world) == Array(1...12))
            for contract in contracts { #expect(try await world.invoice(contract)?.lines.count == 1) }
        }
    }

    @Test func aFailureParksOneContractAndLeavesNoGap() async throws {
        try await withBillingWorld { world in
            let contracts = try await partners(5, in: world)
            let broken = contracts[2]
            // The second-last step of one contract's transaction fails, after its number was drawn.
            try await world.test.asSuperuser { connection in
                try connection.execute(
                    """
                    create function public.fail() returns trigger language plpgsql as $$ begin
                        if new.detail ->> 'facts' like '%C-2026-0003%' then raise exception 'planted'; end if;
                        return new; end $$
                    """)
                try connection.execute(
                    """
                    create trigger fail before insert on app.audit_event for each row execute function public.fail()
                    """)
            }
            let report = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(report.parked.map(\.contract.id) == [broken])
            #expect(try await numbers(world) == Array(1...4))
            #expect(try await world.invoice(broken) == nil)
            try await world.test.asSuperuser { try $0.execute("drop trigger fail on app.audit_event") }
            let again = try await world.close.close(BillingWorld.october, as: world.principal)
            #expect(again.contracts.count { $0.outcome.name == "finalised" } == 1)
            #expect(try await numbers(world) == Array(1...5))
        }
    }

    @Test func finalInvoicesCannotBeChangedByAnyRole() async throws {
        try await withBillingWorld { world in
            let contract = try await partners(1, in: world)[0]
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            let id = try #require(try await world.invoice(contract)).invoice.id
            let changes: [SQL] = [
                "update app.invoice set net = 1, gross = 1, vat = 0 where invoice_id = \(id)",
                "update app.invoice set state = 'draft', number = null where invoice_id = \(id)",
                "delete from app.invoice_line where invoice_id = \(id)",
                "delete from app.invoice where invoice_id = \(id)",
                """
                insert into app.invoice_line (invoice_id, position, organisation_id, contract_id, charge, period_start,
                    period_end, reason, description, quantity, unit_price, net, sentence, explanation)
                select invoice_id, 99, organisation_id, contract_id, 'x', period_start, period_end, 'regular', '', '', '',
                    1, '', '{}' from app.invoice_line where invoice_id = \(id) limit 1
                """,
            ]
            for change in changes {
                await #expect(throws: DatabaseError.self) {
                    try await world.test.database.transaction(for: PlatformScope()) { tx in try tx.execute(change) }
                }
            }
            // Not even whoever passes row-level security: the owner sees no row at all, the superuser meets the trigger.
            let statements: [SQL] = [
                "update app.invoice set net = 1 where number = 1", "delete from app.invoice_line",
                "truncate app.invoice cascade",
            ]
            for statement in statements {
                await #expect(throws: DatabaseError.self) {
                    try await world.test.asSuperuser { try $0.execute(statement) }
                }
            }
            #expect(try await world.invoice(contract)?.invoice.amounts.net.description == "700.00")
        }
    }

    @Test func aLineNeverMovesIntoOrOutOfAFinalInvoice() async throws {
        try await withBillingWorld(now: moment("2026-11-05T08:00:00Z")) { world in
            let contract = try await partners(1, in: world)[0]
            let waiting = try await world.contract(
                try await world.partner(), from: "2025-01-01", .solution(SolutionTerms()))
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            let final = try #require(try await world.invoice(contract)).invoice
            let draft = try #require(try await world.invoice(waiting)).invoice
            #expect(final.state == .finalised && draft.state == .draft)
            for (from, to) in [(draft.id, final.id), (final.id, draft.id)] {
                let move: SQL = """
                    update app.invoice_line set invoice_id = \(to), position = 99 where invoice_id = \(from)
                    """
                do {
                    try await world.test.asSuperuser { try $0.execute(move) }
                    Issue.record("a line moved")
                } catch DatabaseError.statement(let sqlstate, _) {
                    #expect(sqlstate == "CP001")
                }
            }
            #expect(try await world.invoice(contract)?.lines.count == 1)
            #expect(try await world.invoice(waiting)?.lines.count == 1)
        }
    }

    @Test func theRunningMonthIsPreviewedButNotClosed() async throws {
        try await withBillingWorld { world in
            _ = try await partners(1, in: world)
            await #expect(throws: Problem.self) {
                try await world.close.close(month("2026-11"), as: world.principal)
            }
            let running = try await world.close.preview(month("2026-11"), in: .platform)
            #expect(running.count == 1 && running[0].draft?.missing == .arr)
            let before = try await world.close.preview(BillingWorld.october, in: .platform)
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            let after = try await world.close.preview(BillingWorld.october, in: .platform)
            #expect(before[0].draft?.lines == after[0].record?.lines)
            #expect(before[0].draft?.hashes == after[0].record?.invoice.basis.hashes)
        }
    }

    @Test func partnersPreviewTheirOwnContractsOnly() async throws {
        try await withBillingWorld { world in
            let contracts = try await partners(2, in: world)
            let own = try await world.work.read(in: .platform) { tx in
                try ContractService.get(contracts[0], tx).contract.organisationID
            }
            let previews = try await world.close.preview(BillingWorld.october, in: .organisation(own))
            #expect(previews.map(\.contract.id) == [contracts[0]])
            #expect(previews[0].draft?.total.net.description == "700.00")
            await #expect(throws: (any Error).self) {
                try await world.work.read(in: .organisation(own)) { tx in _ = try ContractService.get(contracts[1], tx)
                }
            }
        }
    }

    @Test func usageAfterTheCloseIsLate() async throws {
        try await withBillingWorld { world in
            let partner = try await world.partner()
            _ = try await world.contract(partner, from: "2025-01-01", .solution(SolutionTerms()))
            let tenant = try await world.tenants(1, of: partner, host: "vendor")[0]
            _ = try await world.close.close(BillingWorld.october, as: world.principal)
            let usage = UsageService(
                database: world.test.database, time: .fixed(BillingWorld.now), isDistributed: false)
            let event: JSON = [
                "id": "1", "source": "s", "type": "turn", "time": "2026-10-31T22:59:59Z",
                "tenant": .string(tenant.description), "data": ["key_source": "partner"],
            ]
            let answer = try await usage.ingest([UsageEventReader.item(event)], as: .organisation(partner))
            #expect(answer.outcomes.map(\.word) == ["MONTH_FINALISED"])
        }
    }

    @Test func vatByBuyer() async throws {
        try await withBillingWorld { world in
            let cases: [(String, String?, String, String)] = [
                ("AT", nil, "S", "140.00"), ("DE", "DE136695976", "AE", "0.00"), ("DE", nil, "S", "140.00"),
                ("CH", nil, "outside_scope_or_export", "0.00"),
            ]
            for (country, vatID, category, vat) in cases {
                let partner = try await world.partner(country: country, vatID: vatID)
                let contract = try await world.contract(partner, from: "2025-01-01", .solution(SolutionTerms()))
                let tenant = try await world.tenants(1, of: partner, host: "vendor")[0]
                try await world.use(20_000, of: tenant, in: partner)
                _ = try await world.close.close(BillingWorld.october, as: world.principal)
                let amounts = try #require(try await world.invoice(contract)).invoice.amounts
                #expect(amounts.category.rawValue == category && amounts.vat.description == vat)
                #expect((amounts.note.isEmpty) == (category == "S"))
            }
        }
    }
}
