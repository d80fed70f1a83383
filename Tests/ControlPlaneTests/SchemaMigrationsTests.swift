import Foundation
import Testing

@testable import ControlPlane

@Suite struct SchemaMigrationsTests {
    @Test func theExecutableCarriesEveryMigrationUnchanged() throws {
        let folder = PagesTests.root.appending(path: "migrations")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
            .filter { $0.hasSuffix(".sql") }.sorted()
        #expect(SchemaMigrations.all.map { "\($0.name).sql" } == names)
        for migration in SchemaMigrations.all {
            let text = try String(contentsOf: folder.appending(path: "\(migration.name).sql"), encoding: .utf8)
            #expect(migration.sql == text, "\(migration.name) is stale; build again")
        }
    }
}
