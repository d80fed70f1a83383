extension PriceBook.Deployment {
    init(_ node: JSONNode) throws(Refusal) {
        _ = try node.members(["sizes", "bundles", "bundle_payment", "tiers", "licence"])
        let sizes = try node.member("sizes")
        _ = try sizes.members(["compact", "standard", "premium"])
        compact = try PriceBook.Size(sizes.member("compact"))
        standard = try PriceBook.Size(sizes.member("standard"))
        premium = try PriceBook.Size(sizes.member("premium"))
        bundles = try PriceBook.Deployment.bundles(node.member("bundles"))
        var payments: Set<PaymentTerms> = []
        for payment in try node.member("bundle_payment").elements(limit: 10) {
            payments.insert(try payment.choice(PaymentTerms.self))
        }
        bundlePayments = payments
        let tiers = try node.member("tiers")
        _ = try tiers.members(["authorized", "certified"])
        authorized = try PriceBook.Tier(tiers.member("authorized"))
        certified = try PriceBook.Tier(tiers.member("certified"))
        licence = try PriceBook.Licence(node.member("licence"))
    }

    private static func bundles(_ node: JSONNode) throws(Refusal) -> [PriceBook.Bundle] {
        var bundles: [PriceBook.Bundle] = []
        for bundle in try node.elements(limit: 100) {
            _ = try bundle.members(["instances", "discount_percent", "term_years"])
            let instances = try bundle.member("instances").positiveCount()
            let discount = try bundle.member("discount_percent").percent()
            if let before = bundles.last {
                guard instances > before.instances else {
                    throw try bundle.member("instances").refusal(
                        "out_of_order", "bundles are distinct and ascending by instances")
                }
                guard discount > before.discount else {
                    throw try bundle.member("discount_percent").refusal(
                        "out_of_order", "a larger bundle has a larger discount")
                }
            }
            let term = try bundle.member("term_years").count(1...Decided.contractYearLimit)
            bundles.append(PriceBook.Bundle(instances: instances, discount: discount, termYears: term))
        }
        return bundles
    }
}

extension PriceBook.Size {
    fileprivate init(_ node: JSONNode) throws(Refusal) {
        _ = try node.members(["year", "turns_month", "agent_graphs", "features"])
        year = try node.member("year").positiveRate()
        turnsMonth = try node.member("turns_month").countOrNull()
        agentGraphs = try node.member("agent_graphs").countOrNull()
        var names: [String] = []
        for feature in try node.member("features").elements(limit: 100) { names.append(try feature.string()) }
        features = names
    }
}

extension PriceBook.Tier {
    fileprivate init(_ node: JSONNode) throws(Refusal) {
        _ = try node.members(["once", "year", "white_label", "bundles", "demo_licences"])
        once = try node.member("once").price()
        year = try node.member("year").positiveMoney(limit: Decided.inputLimit)
        whiteLabel = try node.member("white_label").bool()
        bundles = try node.member("bundles").bool()
        demoLicences = try node.optional("demo_licences")?.count(0...Decided.countLimit) ?? 0
    }
}

extension PriceBook.Licence {
    fileprivate init(_ node: JSONNode) throws(Refusal) {
        _ = try node.members([
            "phone_home_default_hours", "phone_home_max_days", "grace_days", "offline_validity_days",
            "quarterly_report_due_days", "audit_notice_days",
        ])
        phoneHomeDefaultHours = try node.member("phone_home_default_hours").positiveCount()
        phoneHomeMaximumDays = try node.member("phone_home_max_days").positiveCount()
        graceDays = try node.member("grace_days").positiveCount()
        offlineValidityDays = try node.member("offline_validity_days").positiveCount()
        quarterlyReportDueDays = try node.member("quarterly_report_due_days").positiveCount()
        auditNoticeDays = try node.member("audit_notice_days").positiveCount()
    }
}
