import Testing

@testable import Voice

@Suite struct RowGroupsTests {
    @Test func everyRowIsInOneGroupOfAKnownSize() {
        for count in 0...100 {
            let groups = RowGroups.of(Array(0..<count))
            #expect(Array(groups.joined()) == Array(0..<count))
            #expect(groups.allSatisfy { [1, 2, 4, 8, 16, 32].contains($0.count) })
        }
        #expect(RowGroups.of(Array(0..<77)).map(\.count) == [32, 32, 8, 4, 1])
    }
}
