extension PriceBook {
    /// Reads and checks a price book; the refusal's `field` is the JSON path, for example
    /// `solution.revenue_share_tiers[1].up_to_arr`. Unknown members are refused: a price nobody reads is a mistake.
    package init(json: [UInt8]) throws(Refusal) {
        let root: JSONNode
        do {
            root = JSONNode(path: "", value: try JSONParser.parse(json))
        } catch {
            throw Refusal(
                field: "", reason: "not_json",
                message: "the price book is not JSON: \(error.message) (byte \(error.position))")
        }
        _ = try root.members([
            "version", "valid_from", "currency", "prices", "seller_country", "enterprise", "solution", "deployment",
            "sales", "direct_reference", "vat",
        ])
        version = try root.member("version").string()
        guard let date = CalendarDate(try root.member("valid_from").string()) else {
            throw try root.member("valid_from").refusal("not_a_day", "valid_from must be a day such as 2026-05-06")
        }
        validFrom = date
        try root.member("currency").mustBe("EUR")
        try root.member("prices").mustBe("net of VAT")
        sellerCountry = try root.member("seller_country").country()
        enterprise = try Enterprise(root.member("enterprise"))
        solution = try Solution(root.member("solution"))
        deployment = try Deployment(root.member("deployment"))
        sales = try Sales(root.member("sales"))
        direct = try Direct(root.member("direct_reference"))
        vatRates = try PriceBook.vatRates(root.member("vat"), seller: sellerCountry)
    }

    private static func vatRates(_ node: JSONNode, seller: Country) throws(Refusal) -> [Country: Percent] {
        guard case .object(let members) = node.value else { throw node.refusal("wrong_type", "vat must be an object") }
        var rates: [Country: Percent] = [:]
        for member in members {
            let country = try JSONNode(path: "vat.\(member.name)", value: .string(member.name)).country()
            rates[country] = try JSONNode(path: "vat.\(member.name)", value: member.value).percent()
        }
        guard rates[seller] != nil else {
            throw node.refusal("missing_field", "vat.\(seller.code) is missing: the seller's own rate")
        }
        return rates
    }
}

extension JSONNode {
    func mustBe(_ text: String) throws(Refusal) {
        guard try string() == text else { throw refusal("unsupported", "\(path) must be \"\(text)\"") }
    }

    func positiveRate() throws(Refusal) -> Rate {
        let rate = try rate()
        guard rate.micros > 0 else { throw refusal("not_positive", "\(path) must be a positive price") }
        return rate
    }

    /// A price that is billed as a whole amount: positive, in cents.
    func price() throws(Refusal) -> Money {
        let amount = try positiveMoney(limit: Decided.inputLimit)
        guard amount > .zero else { throw refusal("not_positive", "\(path) must be a positive price") }
        return amount
    }

    func positiveCount() throws(Refusal) -> Int64 { try count(1...Decided.countLimit) }

    func countOrNull() throws(Refusal) -> Int64? { isNull ? nil : try positiveCount() }
}

extension PriceBook.Enterprise {
    fileprivate init(_ node: JSONNode) throws(Refusal) {
        _ = try node.members([
            "annual_licence", "included_tenants", "tenant_month", "planning_turns_per_tenant_month", "voice",
            "implementation_once", "sla", "revenue_share_alternative",
        ])
        annualLicence = try node.member("annual_licence").price()
        includedTenants = try node.member("included_tenants").positiveCount()
        tenantMonth = try node.member("tenant_month").positiveRate()
        planningTurnsPerTenantMonth = try node.member("planning_turns_per_tenant_month").positiveCount()
        voice = try PriceBook.Voice(node.member("voice"))
        implementationOnce = try node.member("implementation_once").price()
        let levels = try node.member("sla")
        _ = try levels.members(["business", "premium"])
        businessSLA = try PriceBook.ServiceLevel(levels.member("business"))
        let premium = try levels.member("premium")
        premiumSLA = try PriceBook.ServiceLevel(premium)
        var sectors: Set<Sector> = []
        for sector in try premium.member("mandatory_for").elements(limit: 10) {
            sectors.insert(try sector.choice(Sector.self))
        }
        premiumMandatoryFor = sectors
        let share = try node.member("revenue_share_alternative")
        _ = try share.members(["percent_min", "percent_max", "minimum_guarantee", "requires"])
        sharePercentMinimum = try share.member("percent_min").percent()
        sharePercentMaximum = try share.member("percent_max").percent()
        try share.member("minimum_guarantee").mustBe("annual_licence")
        try share.member("requires").mustBe("resale")
        guard sharePercentMinimum > .zero, sharePercentMinimum <= sharePercentMaximum else {
            throw try share.member("percent_min").refusal(
                "out_of_order", "percent_min must be positive and not above percent_max")
        }
    }
}

extension PriceBook.Voice {
    fileprivate init(_ node: JSONNode) throws(Refusal) {
        _ = try node.members(["tenant_month", "included_minutes", "minute"])
        tenantMonth = try node.member("tenant_month").positiveRate()
        includedMinutes = try node.member("included_minutes").positiveCount()
        minute = try node.member("minute").positiveRate()
    }
}

extension PriceBook.ServiceLevel {
    fileprivate init(_ node: JSONNode) throws(Refusal) {
        _ = try node.members(["month", "availability_percent", "mandatory_for"])
        month = try node.member("month").positiveRate()
        availabilityPercent = try node.member("availability_percent").percent()
    }
}

extension PriceBook.Solution {
    fileprivate init(_ node: JSONNode) throws(Refusal) {
        _ = try node.members([
            "onboarding_once", "active_tenant_month", "turn", "revenue_share_tiers", "first_year_minimum_month",
            "first_year_months", "wholesale",
        ])
        onboardingOnce = try node.member("onboarding_once").price()
        activeTenantMonth = try node.member("active_tenant_month").positiveRate()
        turn = try node.member("turn").positiveRate()
        revenueShareTiers = try PriceBook.Solution.tiers(node.member("revenue_share_tiers"))
        firstYearMinimumMonth = try node.member("first_year_minimum_month").price()
        firstYearMonths = try node.member("first_year_months").positiveCount()
        let wholesale = try node.member("wholesale")
        _ = try wholesale.members(["turn_min", "turns_month_min"])
        wholesaleTurnMinimum = try wholesale.member("turn_min").positiveRate()
        wholesaleTurnsMonthMinimum = try wholesale.member("turns_month_min").positiveCount()
    }

    /// Each tier begins where the one before ends, so ascending ends make them contiguous; only the last is open.
    private static func tiers(_ node: JSONNode) throws(Refusal) -> [PriceBook.ShareTier] {
        let nodes = try node.elements(limit: 100)
        guard !nodes.isEmpty else { throw node.refusal("empty", "\(node.path) needs at least one tier") }
        var tiers: [PriceBook.ShareTier] = []
        for (index, tier) in nodes.enumerated() {
            _ = try tier.members(["up_to_arr", "percent"])
            let end = try tier.member("up_to_arr")
            let percent = try tier.member("percent").percent()
            guard percent > .zero else {
                throw try tier.member("percent").refusal("not_positive", "\(tier.path).percent must be positive")
            }
            guard end.isNull == (index == nodes.count - 1) else {
                throw end.refusal("tier_not_open", "the last tier, and only the last, has null as its end")
            }
            let upTo = end.isNull ? nil : try end.price()
            if let upTo, let before = tiers.last?.upTo, upTo <= before {
                throw end.refusal("out_of_order", "\(end.path) must be above the tier before")
            }
            tiers.append(PriceBook.ShareTier(upTo: upTo, percent: percent))
        }
        return tiers
    }
}

extension PriceBook.Sales {
    fileprivate init(_ node: JSONNode) throws(Refusal) {
        _ = try node.members(["commission_percent", "promotion", "active_new_tenants_per_year", "lock"])
        commission = try node.member("commission_percent").percent()
        let promotion = try node.member("promotion")
        _ = try promotion.members(["percent", "slots"])
        self.promotion = try promotion.member("percent").percent()
        promotionSlots = try promotion.member("slots").positiveCount()
        activeNewTenantsPerYear = try node.member("active_new_tenants_per_year").positiveCount()
        let lock = try node.member("lock")
        _ = try lock.members(["tenants", "years"])
        lockTenants = try lock.member("tenants").positiveCount()
        lockYears = try lock.member("years").positiveCount()
    }
}

extension PriceBook.Direct {
    fileprivate init(_ node: JSONNode) throws(Refusal) {
        _ = try node.members(["business_month", "setup_once_per_tenant"])
        businessMonth = try node.member("business_month").positiveRate()
        setupOncePerTenant = try node.member("setup_once_per_tenant").positiveRate()
    }
}
