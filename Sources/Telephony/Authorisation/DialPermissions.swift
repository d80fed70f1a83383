import Kernel

extension Inquiry {
    /// What a sign of fraud closed stays closed, whatever the permissions say.
    mutating func checkBlocks(_ destination: Destination) throws(Refusal) {
        for block in plan.blocks ?? [] where leg.now < block.until && block.destinations.match(destination) {
            if let open = block.openUntil, leg.now < open {
                pass(
                    .permission, "Calls there are blocked until \(block.until), and opened again until \(open).",
                    at: .fraud)
                continue
            }
            throw refusal(
                .permission, .destinationBlocked,
                "\(destination.words): blocked until \(block.until) after a sign of fraud. \(block.sentence)")
        }
    }

    mutating func checkPermission(_ destination: Destination, payer: CallRoute.Payer) throws(Refusal) {
        let caller: SIPUser? = if case .user(let id) = payer { user(id) } else { nil }
        let verdict = plan.permission(for: destination, user: caller, at: leg.now)
        switch verdict {
        case .allowed(let rule):
            pass(.permission, "A permission of \(rule.scopeWords) allows it\(rule.expiryWords).", at: .permissions)
        case .allowedByDefault:
            pass(
                .permission, "Ordinary numbers of \(homeWords) are allowed unless a permission denies them.",
                at: .permissions)
        case .denied(let rule):
            throw refusal(
                .permission, .destinationDenied, "A permission of \(rule.scopeWords) denies \(destination.words).")
        case .notAllowed:
            throw refusal(
                .permission, .destinationNotAllowed,
                "Nothing allows \(destination.words); such numbers are denied until a permission opens them.")
        }
    }

    private var homeWords: String { "the tenant's country and the EU" }
}

extension TenantPlan {
    /// What the permissions say to a destination.
    package enum Verdict: Sendable, Hashable {
        case allowed(DialPermission)
        case allowedByDefault
        case denied(DialPermission)
        /// Nothing speaks of it, and it is not one of the ordinary numbers that everybody may call.
        case notAllowed
    }

    /// The most specific scope that says anything decides; in it the longest prefix, and between equals denial.
    package func permission(for destination: Destination, user: SIPUser?, at now: Timestamp) -> Verdict {
        let matching = permissions.filter { rule in
            rule.expiresAt.map { now < $0 } ?? true && rule.applies(to: user) && rule.speaks(of: destination)
        }
        guard let scope = matching.map(\.scopeRank).max() else {
            return isOrdinary(destination) ? .allowedByDefault : .notAllowed
        }
        let closest = matching.filter { $0.scopeRank == scope }
        let longest = closest.map(\.prefixLength).max() ?? 0
        let deciding = closest.filter { $0.prefixLength == longest }
        if let denial = deciding.first(where: { !$0.isAllowed }) { return .denied(denial) }
        return deciding.first.map(Verdict.allowed) ?? .notAllowed
    }

    private func isOrdinary(_ destination: Destination) -> Bool {
        guard !destination.kind.isSpecialService, let code = destination.country else { return false }
        if code == identity.country { return true }
        return destination.risk == .low && Country.with(code)?.isAllowedByDefault == true
    }
}

extension DialPermission.Destinations {
    /// Whether a destination has every given part.
    func match(_ destination: Destination) -> Bool {
        (country == nil || country == destination.country) && (kind == nil || kind == destination.kind)
            && destination.number.digits.hasPrefix(prefix ?? "")
    }
}

extension DialPermission {
    /// Whether it decides about some number of high risk: premium services, satellites, and destinations that are abused.
    package var concernsHighRisk: Bool {
        DestinationTable.standard.samples(beginning: destinations.prefix ?? "")
            .contains { $0.risk == .high && speaks(of: $0) }
    }

    fileprivate func applies(to user: SIPUser?) -> Bool {
        switch scope {
        case .tenant: true
        case .site(let site): user?.siteID == site
        case .user(let id): user?.id == id
        }
    }

    fileprivate var scopeRank: Int {
        switch scope {
        case .tenant: 0
        case .site: 1
        case .user: 2
        }
    }

    fileprivate var prefixLength: Int { destinations.prefix?.utf8.count ?? 0 }

    /// Whether it matches, and, when it allows, whether it is explicit enough: a special service is opened only by name or
    /// by a prefix, a destination of high risk only by its country or a prefix. A denial needs no such care.
    fileprivate func speaks(of destination: Destination) -> Bool {
        guard destinations.match(destination) else { return false }
        guard isAllowed, destinations.prefix == nil else { return true }
        if destination.kind.isSpecialService, destinations.kind == nil { return false }
        return destination.risk != .high || destinations.country != nil || destination.country == nil
    }

    fileprivate var scopeWords: String {
        switch scope {
        case .tenant: "the tenant"
        case .site: "the site"
        case .user: "the user"
        }
    }

    fileprivate var expiryWords: String { expiresAt.map { " until \($0)" } ?? "" }
}
