import Postgres
import Testing

@Suite struct ScriptTests {
    private func texts(_ script: String) -> [String] { SQLScript.statements(of: script).map(\.text) }

    @Test(arguments: [
        ("", []),
        (" ;; ; ", []),
        ("select 1", ["select 1"]),
        ("select 1; select 2;", ["select 1", "select 2"]),
        ("select ';'; select ''';'", ["select ';'", "select ''';'"]),
        (#"select E'\';'; select 2"#, [#"select E'\';'"#, "select 2"]),
        (#"select '\'; select 2"#, [#"select '\'"#, "select 2"]),
        (#"select "a;b""c;d"; select 2"#, [#"select "a;b""c;d""#, "select 2"]),
        ("-- a; b\nselect 1 -- c;\n; select 2", ["select 1 -- c;", "select 2"]),
        ("/* a; /* b; */ c; */ select 1; select 2", ["select 1", "select 2"]),
        ("do $$ begin; end; $$; select 2", ["do $$ begin; end; $$", "select 2"]),
        ("do $a$ $$ ; $b$ ; $a$; select 2", ["do $a$ $$ ; $b$ ; $a$", "select 2"]),
        ("select $1; select a$b$ ; select c$b$", ["select $1", "select a$b$", "select c$b$"]),
        (
            "create rule r as on insert to t do (select 1; select 2); select 3",
            ["create rule r as on insert to t do (select 1; select 2)", "select 3"]
        ),
        (
            "create or replace function f() returns int begin atomic select case 1 when 1 then 2 end; select 3; end; select 4",
            [
                "create or replace function f() returns int begin atomic select case 1 when 1 then 2 end; select 3; end",
                "select 4",
            ]
        ),
        ("begin; end; select 1", ["begin", "end", "select 1"]),
        ("select 'open; never closed", ["select 'open; never closed"]),
        ("do $x$ open; never closed", ["do $x$ open; never closed"]),
        ("/* open; never closed", []),
        (#"select E'ends in \"#, [#"select E'ends in \"#]),
        ("select 'ä;€'; select 2", ["select 'ä;€'", "select 2"]),
    ])
    func semicolonsThatAreHiddenDoNotSplit(script: String, expected: [String]) {
        #expect(texts(script) == expected)
    }

    @Test func statementsKnowTheLineOfTheirFirstWord() {
        let script = "-- a\n\nselect 1;\n/* x\n y */\n  select 2\n where true;select 3"
        #expect(SQLScript.statements(of: script).map(\.line) == [3, 6, 7])
    }

    @Test func theProductsOwnTextIsNeverLost() {
        // Whatever the splitter makes of arbitrary characters, it ends and keeps them in order.
        let alphabet = Array("a';\"$-/*()\n\\E ")
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let script = String(
                (0..<Int.random(in: 0..<60, using: &generator)).map { _ in
                    alphabet.randomElement(using: &generator) ?? "a"
                })
            var rest = script[...]
            for text in texts(script) {
                guard let range = rest.firstRange(of: text) else {
                    Issue.record("\(text) is not part of \(script)")
                    return
                }
                rest = rest[range.upperBound...]
            }
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
