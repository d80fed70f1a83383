import Kernel
import Testing

@Suite struct IDTests {
    @Test func idsOfSeveralTasksAreDifferent() async {
        let ids = await withTaskGroup(of: [TenantID].self) { group in
            for _ in 0..<8 { group.addTask { (0..<5_000).map { _ in IDSource.timeOrdered.new() } } }
            return await group.reduce(into: Set<TenantID>()) { $0.formUnion($1) }
        }
        #expect(ids.count == 40_000)
    }

    @Test func theWrittenFormIsReadBack() throws {
        let id = IDSource.timeOrdered.new(TenantID.self)
        #expect(TenantID(id.description) == id)
        #expect(OrganisationID(id.description) == nil)
        #expect(id.uuid.bytes[6] >> 4 == 7)
        #expect(id.uuid.bytes[8] >> 6 == 2)
    }
}
