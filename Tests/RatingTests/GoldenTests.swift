import Testing

@testable import Rating

/// Every golden vector goes through the quote, once as a question of inputs alone and once as it stands.
@Suite(.enabled(if: Specification.isPresent, "the specification is not beside the package"))
struct GoldenTests {
    @Test(arguments: QuoteKind.allCases.filter { $0 != .comparison })
    func vectorsComeOutExactly(kind: QuoteKind) throws {
        let vectors = try Specification.golden(kind.rawValue)
        #expect(vectors.count >= 6)
        for vector in vectors {
            guard case .object(let members) = vector else {
                Issue.record("a vector is an object")
                continue
            }
            // A commission's and an enterprise's `lines` differ: an input there, a result here.
            let inputs = members.filter { kind.inputs.contains($0.name) }
            #expect(inputs.count < members.count)
            let question = [JSONValue.Member(name: "kind", value: .string(kind.rawValue))]
            for asked in [inputs, members] {
                let (answer, failed) = try ask(JSONValue.object(question + asked).text)
                #expect(!failed, "\(answer.text)")
                for member in members {
                    #expect(answer[member.name] == member.value, "\(member.name) of \(vector.text)")
                }
            }
        }
    }

    @Test func theOracleAgreesWithTheSolutionVectors() throws {
        for vector in try Specification.golden("solution") {
            let node = JSONNode(path: "", value: vector)
            let usage = SolutionUsage(
                contractMonth: try node.member("contract_month").count(1...1000), arr: try node.member("arr").money(),
                activeTenants: try node.member("active_tenants").count(0...100_000),
                turns: try node.member("turns").count(0...1_000_000_000))
            #expect(Oracle.solution(usage).charge.description == vector["charge"]?.string)
        }
    }

    @Test func theShippedPriceBookIsTheSpecifiedOne() throws {
        let shared = try Specification.bytes("pricebook-2.1.json")
        #expect(try JSONParser.parse(shared) == JSONParser.parse(PriceBook.json2_1))
        #expect(try PriceBook(json: shared) == PriceBook.v2_1)
    }
}
