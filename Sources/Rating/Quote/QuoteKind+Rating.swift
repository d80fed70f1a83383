extension JSONValue {
    fileprivate static func members(_ pairs: KeyValuePairs<String, JSONValue>) -> [Member] {
        pairs.map { Member(name: $0.key, value: $0.value) }
    }

    /// An object with one more member.
    fileprivate func adding(_ name: String, _ value: JSONValue) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members + [Member(name: name, value: value)])
    }

    fileprivate init(_ line: RatedLine) {
        self.init([
            "kind": .string(line.kind.description), "quantity": JSONValue(line.quantity),
            "unit_price": .string(line.unitPrice.description), "net": JSONValue(line.net),
        ])
    }

    fileprivate init(_ explanation: Explanation) {
        self.init([
            "rule": .string(explanation.rule),
            "inputs": .object(explanation.inputs.map { Member(name: $0.name, value: .string($0.value)) }),
            "candidates": .object(explanation.candidates.map { Member(name: $0.name, value: JSONValue($0.amount)) }),
            "winners": JSONValue(explanation.winners),
            "changes": .array(
                explanation.changes.map {
                    JSONValue([
                        "candidate": .string($0.candidate), "input": .string($0.input), "from": .string($0.from),
                    ])
                }),
            "sentence": .string(explanation.sentence),
        ])
    }
}

extension QuoteKind {
    static func solution(_ root: JSONNode, _ book: PriceBook) throws(Refusal) -> [JSONValue.Member] {
        let usage = SolutionUsage(
            contractMonth: try root.member("contract_month").count(1...Decided.contractMonthLimit),
            arr: try root.member("arr").positiveMoney(limit: Decided.inputLimit),
            activeTenants: try root.member("active_tenants").count(0...Decided.countLimit),
            turns: try root.member("turns").count(0...Decided.countLimit))
        let month = try SolutionMonth(usage, book: book.solution)
        let explanation = month.explanation(book.solution)
        return JSONValue.members([
            "candidates": .object(
                explanation.candidates.map { JSONValue.Member(name: $0.name, value: JSONValue($0.amount)) }),
            "charge": JSONValue(month.charge), "winners": JSONValue(explanation.winners),
            "explanation": JSONValue(explanation),
        ])
    }

    static func enterprise(_ root: JSONNode, _ book: PriceBook) throws(Refusal) -> [JSONValue.Member] {
        var voice: [Int64] = []
        for tenant in try root.member("voice_ms_by_tenant").elements(limit: Decided.listLimit) {
            voice.append(try tenant.count(0...Decided.countLimit))
        }
        let sla = try root.member("sla")
        let month = try EnterpriseMonth(
            EnterpriseUsage(
                peakBillableTenants: root.member("peak_billable_tenants").count(0...Decided.countLimit),
                voiceMillisecondsByTenant: voice,
                serviceLevel: sla.isNull ? nil : sla.choice(ServiceLevelName.self),
                sector: root.optional("sector")?.choice(Sector.self) ?? .privateSector),
            book: book.enterprise)
        return JSONValue.members([
            "lines": .array(month.lines.map { JSONValue($0) }), "total": JSONValue(month.total),
            "explanations": .array(month.lines.map { JSONValue($0.explanation) }),
        ])
    }

    static func deployment(_ root: JSONNode, _ book: PriceBook) throws(Refusal) -> [JSONValue.Member] {
        let instances = try root.member("instances")
        let counts = try instances.members(Set(InstanceSize.allCases.map(\.rawValue)))
        let order = DeploymentOrder(
            compact: try counts["compact"]?.count(0...Decided.countLimit) ?? 0,
            standard: try counts["standard"]?.count(0...Decided.countLimit) ?? 0,
            premium: try counts["premium"]?.count(0...Decided.countLimit) ?? 0,
            tier: try root.member("tier").choice(PartnerTier.self),
            termYears: try root.member("term_years").count(1...Decided.contractYearLimit),
            payment: try root.member("payment").choice(PaymentTerms.self))
        let contractYear = try root.member("contract_year").count(1...Decided.contractYearLimit)
        let year = try DeploymentYear(order, contractYear: contractYear, book: book.deployment)
        var results = JSONValue.members([
            "discount_percent": .string(year.bundle.discount.description), "licences_year": JSONValue(year.licences),
            "tier_year": JSONValue(year.tierYear), "onboarding_once": JSONValue(year.onboardingOnce),
            "total": JSONValue(year.total),
            "lines": .array(
                year.lines.map {
                    JSONValue($0).adding("discount_percent", .string($0.discount.description))
                }),
        ])
        if let first = year.lines.first {
            results.append(JSONValue.Member(name: "explanation", value: JSONValue(first.explanation)))
        }
        return results
    }

    static func revenueShare(_ root: JSONNode, _ book: PriceBook) throws(Refusal) -> [JSONValue.Member] {
        let agreement = try RevenueShareAgreement(
            percent: root.member("percent").percent(), resells: true, book: book.enterprise)
        var revenues: [Money] = []
        for month in try root.member("mrr_by_month").elements(limit: Decided.monthsPerYear) {
            revenues.append(try month.positiveMoney(limit: Decided.inputLimit))
        }
        let months = try agreement.year(revenues)
        return JSONValue.members([
            "billed_beyond_guarantee": .array(months.map { JSONValue($0.billed) }),
            "shares": .array(months.map { JSONValue($0.share) }), "guarantee": JSONValue(agreement.guarantee),
            "guarantee_left": JSONValue(months.last?.guaranteeLeftAfter ?? agreement.guarantee),
            "total_billed": JSONValue(try Money.sum(months.lazy.map(\.billed))),
            "explanations": .array(months.map { JSONValue($0.explanation) }),
        ])
    }

    static func wholesale(_ root: JSONNode, _ book: PriceBook) throws(Refusal) -> [JSONValue.Member] {
        let turns = try root.member("turns").count(0...Decided.countLimit)
        let agreement = try WholesaleAgreement(
            committedTurns: root.member("committed").count(0...Decided.countLimit),
            price: root.member("price").rate(), book: book.solution)
        let month = try WholesaleMonth(turns: turns, agreement: agreement)
        return JSONValue.members([
            "charge": JSONValue(month.charge), "explanation": JSONValue(month.explanation),
        ])
    }

    static func vat(_ root: JSONNode, _ book: PriceBook) throws(Refusal) -> [JSONValue.Member] {
        var lines: [Money] = []
        for line in try root.member("net_lines").elements(limit: Decided.listLimit) {
            lines.append(try line.money(limit: Decided.inputLimit))
        }
        let decision = VATDecision(
            buyer: try root.member("buyer_country").country(), vatIDValid: try root.member("vat_id_valid").bool(),
            book: book)
        let total = try decision.total(of: lines)
        return JSONValue.members([
            "category": .string(decision.category.rawValue), "rate_percent": .string(decision.rate.description),
            "net": JSONValue(total.net), "vat": JSONValue(total.vat), "gross": JSONValue(total.gross),
            "note": decision.note.map { .string($0) } ?? .null,
            "reminder": decision.reminder.map { .string($0) } ?? .null,
            "explanation": JSONValue(decision.explanation),
        ])
    }

    static func commission(_ root: JSONNode) throws(Refusal) -> [JSONValue.Member] {
        var lines: [Commission.Line] = []
        for line in try root.member("lines").elements(limit: Decided.listLimit) {
            _ = try line.members(["platform_fee", "overage"])
            lines.append(
                Commission.Line(
                    platformFee: try line.member("platform_fee").money(limit: Decided.inputLimit),
                    overage: try line.member("overage").money(limit: Decided.inputLimit)))
        }
        let commission = try Commission(lines, percent: root.member("percent").percent())
        return JSONValue.members([
            "commission": JSONValue(commission.amount), "revenue": JSONValue(commission.revenue),
            "explanation": JSONValue(commission.explanation),
        ])
    }

    static func comparison(_ root: JSONNode, _ book: PriceBook) throws(Refusal) -> [JSONValue.Member] {
        let scenario = Comparison.Scenario(
            tenants: try root.member("tenants").count(0...Decided.countLimit),
            turnsMonth: try root.member("turns_month").count(1...Decided.countLimit),
            revenueTenantMonth: try root.member("revenue_tenant_month").positiveMoney(limit: Decided.inputLimit),
            governanceYear: try root.member("governance_year").positiveMoney(limit: Decided.inputLimit),
            directModelCostYear: try root.member("direct_model_cost_year").positiveMoney(limit: Decided.inputLimit))
        let rows = try Comparison(scenario, book: book).rows.map { row in
            JSONValue([
                "program": .string(row.program), "year": JSONValue(row.year), "first_year": JSONValue(row.firstYear),
                "per_turn": .string(row.perTurn.description),
                "vendor_model_cost_year": JSONValue(row.vendorModelCostYear),
            ])
        }
        return JSONValue.members(["programs": .array(rows)])
    }
}
