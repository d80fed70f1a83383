import Foundation
import Logging
import Testing

@testable import ControlPlane
@testable import Web

/// The committed document is the one that this program serves.
@Suite struct OpenAPIDriftTests {
    @Test func theDocumentIsTheCommittedOne() throws {
        let configuration = try Configuration([.databaseURL: "", .databaseSystemURL: ""])
        let application = Application(configuration, logger: Logger(label: "test"))
        let document = try application.document().prettyText
        let file = PagesTests.root.appending(path: "docs/openapi.json")
        let committed = try String(contentsOf: file, encoding: .utf8)
        // No #expect on the texts themselves: nobody reads two of them side by side.
        let isSame = committed == document + "\n"
        #expect(isSame, "docs/openapi.json is stale: swift run controlplane openapi > docs/openapi.json")
    }

    @Test func everyReferenceIsDefinedAndEveryOperationIsNamedOnce() throws {
        let configuration = try Configuration([.databaseURL: "", .databaseSystemURL: ""])
        let application = Application(configuration, logger: Logger(label: "test"))
        let text = try application.document().prettyText
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let document = try #require(object)
        let components = document["components"] as? [String: Any] ?? [:]
        for match in text.matches(of: /"#\/components\/(\w+)\/([^"]+)"/) {
            let section = components[String(match.1)] as? [String: Any]
            #expect(section?[String(match.2)] != nil, "\(match.0)")
        }
        let operations = text.matches(of: /"operationId": "([^"]+)"/).map { String($0.1) }
        #expect(operations.count == application.endpoints.count + 1 && Set(operations).count == operations.count)
    }
}
