/// One question, one answer, each a JSON object on one line, for `controlplane quote`.
///
/// A question names its `kind` and the inputs of that kind as the golden vectors do. The answer repeats them and adds the
/// results; the fields of an answer are ignored when they come back as a question. A bad question is answered with
/// `error`, which names the field, `field` (the input's path, `line` for the whole) and `reason`.
package enum Quote {
    /// Longest line that is read.
    static let byteLimit = 1 << 20

    /// Never traps and never throws, whatever the line holds.
    package static func answer(
        line: some StringProtocol, book: PriceBook = .v2_1
    ) -> (line: String, failed: Bool) {
        answer(bytes: Array(line.utf8), book: book)
    }

    /// The same for bytes that may not even be UTF-8.
    package static func answer(bytes: [UInt8], book: PriceBook = .v2_1) -> (line: String, failed: Bool) {
        do {
            return (try result(bytes, book: book).text, false)
        } catch {
            let object = JSONValue([
                "error": .string(sentence(error)), "field": .string(error.field.isEmpty ? "line" : error.field),
                "reason": .string(error.reason),
            ])
            return (object.text, true)
        }
    }

    /// Names the field where the message does not begin with it.
    private static func sentence(_ refusal: Refusal) -> String {
        let isNamed = ["", "line"].contains(refusal.field) || refusal.message.hasPrefix("\(refusal.field) ")
        return isNamed ? refusal.message : refusal.description
    }

    private static func result(_ bytes: [UInt8], book: PriceBook) throws(Refusal) -> JSONValue {
        guard bytes.count <= byteLimit else {
            throw Refusal(field: "line", reason: "too_long", message: "a line has at most \(byteLimit) bytes; split it")
        }
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw Refusal(
                field: "line", reason: "not_json",
                message: "the line must be one JSON object: \(error.message) (byte \(error.position + 1))")
        }
        guard case .object(let members) = value else {
            throw Refusal(
                field: "line", reason: "wrong_type",
                message: "the line must be a JSON object with a kind, not \(value.kindName)")
        }
        let root = JSONNode(path: "", value: value)
        let kind = try root.member("kind").choice(QuoteKind.self)
        try kind.checkNames(members)
        let results: [JSONValue.Member]
        do {
            results = try kind.rate(root, book)
        } catch  where error.field == Refusal.result {
            throw error.about(kind.principalInput)
        }
        let question = members.filter { $0.name == "kind" || kind.inputs.contains($0.name) }
        return .object(question + results)
    }
}

/// The kinds of questions with their inputs.
enum QuoteKind: String, CaseIterable {
    case solution, enterprise, deployment, wholesale, vat, commission, comparison
    case enterpriseRevenueShare = "enterprise_revenue_share"

    var inputs: Set<String> {
        switch self {
        case .solution: ["contract_month", "arr", "active_tenants", "turns"]
        case .enterprise: ["peak_billable_tenants", "voice_ms_by_tenant", "sla", "sector"]
        case .deployment: ["instances", "tier", "term_years", "payment", "contract_year"]
        case .enterpriseRevenueShare: ["percent", "mrr_by_month"]
        case .wholesale: ["turns", "committed", "price"]
        case .vat: ["net_lines", "buyer_country", "vat_id_valid"]
        case .commission: ["lines", "percent"]
        case .comparison:
            ["tenants", "turns_month", "revenue_tenant_month", "governance_year", "direct_model_cost_year"]
        }
    }

    /// What an answer adds; accepted in a question and ignored.
    private var outputs: Set<String> {
        switch self {
        case .solution: ["candidates", "charge", "winners", "explanation"]
        case .enterprise: ["lines", "total", "explanations"]
        case .deployment:
            [
                "discount_percent", "licences_year", "tier_year", "onboarding_once", "total", "lines", "explanation",
            ]
        case .enterpriseRevenueShare:
            ["billed_beyond_guarantee", "shares", "guarantee", "guarantee_left", "total_billed", "explanations"]
        case .wholesale: ["charge", "explanation"]
        case .vat: ["category", "rate_percent", "net", "vat", "gross", "note", "reminder", "explanation"]
        case .commission: ["commission", "revenue", "explanation"]
        case .comparison: ["programs"]
        }
    }

    /// The input to look at when the result as a whole is too large.
    var principalInput: String {
        switch self {
        case .solution: "arr"
        case .enterprise: "voice_ms_by_tenant"
        case .deployment: "instances"
        case .enterpriseRevenueShare: "mrr_by_month"
        case .wholesale: "price"
        case .vat: "net_lines"
        case .commission: "lines"
        case .comparison: "revenue_tenant_month"
        }
    }

    func checkNames(_ members: [JSONValue.Member]) throws(Refusal) {
        for member in members
        where member.name != "kind" && !inputs.contains(member.name) && !outputs.contains(member.name) {
            throw Refusal(
                field: member.name, reason: "unknown_field",
                message: "\(member.name) is not an input of \(rawValue); use "
                    + inputs.sorted().joined(separator: ", "))
        }
    }

    func rate(_ root: JSONNode, _ book: PriceBook) throws(Refusal) -> [JSONValue.Member] {
        switch self {
        case .solution: try QuoteKind.solution(root, book)
        case .enterprise: try QuoteKind.enterprise(root, book)
        case .deployment: try QuoteKind.deployment(root, book)
        case .enterpriseRevenueShare: try QuoteKind.revenueShare(root, book)
        case .wholesale: try QuoteKind.wholesale(root, book)
        case .vat: try QuoteKind.vat(root, book)
        case .commission: try QuoteKind.commission(root)
        case .comparison: try QuoteKind.comparison(root, book)
        }
    }
}
