extension Explanation {
    /// The same with further facts and a further sentence: what the caller knows and the rule does not.
    package func adding(_ facts: KeyValuePairs<String, String>, sentence more: String = "") -> Explanation {
        Explanation(
            rule: rule, inputs: inputs + facts.map { Fact(name: $0.key, value: $0.value) }, candidates: candidates,
            winners: winners, changes: changes, sentence: more.isEmpty ? sentence : "\(sentence) \(more)")
    }

    /// The explanation of the difference between this figure and what was billed earlier.
    package func adjusting(_ facts: KeyValuePairs<String, String>, sentence first: String) -> Explanation {
        Explanation(
            rule: "adjustment",
            inputs: facts.map { Fact(name: $0.key, value: $0.value) } + [Fact(name: "adjusted_rule", value: rule)]
                + inputs,
            candidates: candidates, winners: winners, changes: changes, sentence: "\(first) \(sentence)")
    }

    private init(
        rule: String, inputs: [Fact], candidates: [Candidate], winners: [String], changes: [Change], sentence: String
    ) {
        self.rule = rule
        self.inputs = inputs
        self.candidates = candidates
        self.winners = winners
        self.changes = changes
        self.sentence = sentence
    }
}
