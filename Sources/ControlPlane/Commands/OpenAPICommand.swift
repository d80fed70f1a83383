import ArgumentParser
import Kernel
import Logging
import Web

/// The API's description, from the same table as its routes.
struct OpenAPICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openapi", abstract: "Print the OpenAPI 3.1 document.",
        discussion: "docs/openapi.json is this output; a test compares them.")

    func run() throws {
        let configuration = try Configuration([.databaseURL: "", .databaseSystemURL: ""])
        let application = Application(configuration, logger: Logger(label: "openapi"))
        print(try application.document().prettyText)
    }
}
