import Web

struct ConsoleSite {
    let application: Application
    var pages: [PageRoute] { [] }
    var assets: [Asset] { [] }
    var console: Console? { nil }
}
