import Kernel
import Web

/// Who looks at a page, as far as the shell shows it.
struct ConsoleViewer: Sendable {
    /// The name behind the avatar.
    let name: String
    /// "Vendor administrator", "API key of Nordlicht Agentur".
    let role: String
    /// Whose workspace this is.
    let organisation: String
    let navigation: ConsoleNavigation
    /// The session's anti-forgery token.
    let csrfToken: String
    /// Where the viewer is, to come back after a change of looks.
    var path = "/"
}

/// The colours a person chose; without a choice the browser decides.
enum ColourScheme: String, Sendable, Codable, CaseIterable {
    case light, dark

    /// The cookie that keeps the choice; read by the server so that a page never flashes in the wrong colours.
    static let cookie = "scheme"
}

/// Puts the shell around a page: head, sidebar, top bar, heading, tabs. No inline script and no inline style, so the
/// content security policy needs neither a nonce nor an exception.
struct ConsoleLayout: Sendable {
    let product: String
    let assets: ConsoleAssets

    /// The whole document of a page for somebody who is signed in.
    func render(
        _ page: ConsolePage, for viewer: ConsoleViewer, flash: Flash? = nil, scheme: ColourScheme? = nil
    ) -> HTML {
        switch page.frame {
        case .bare, .print: return render(page, scheme: scheme, csrfToken: viewer.csrfToken)
        case .shell, .narrow: break
        }
        let body: HTML = #"""
            <body class="app">
            <a class="skip" href="#main">Skip to content</a>
            \#(sidebar(page, viewer))\#(topBar(page, viewer, scheme))\#
            <main class="main\#(" narrow", when: page.frame == .narrow)" id="main">
            \#(flash.map(banner))\#(heading(page))\#(tabs(page))\#(page.body)</main>
            </body>
            """#
        return document(title: page.title, scheme: scheme, body: body).filling(csrfToken: viewer.csrfToken)
    }

    /// The whole document of a page without shell: sign-in, problems of people who are not signed in, sheets for paper.
    func render(_ page: ConsolePage, scheme: ColourScheme? = nil, csrfToken: String = "") -> HTML {
        document(title: page.title, scheme: scheme, body: #"<body class="public">\#(page.body)</body>"#)
            .filling(csrfToken: csrfToken)
    }

    /// A document that needs nothing else: it may be saved, sent and printed.
    func renderAlone(_ page: ConsolePage) -> RawReply {
        var reply = RawReply(
            html: #"""
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <title>\#(page.title) · \#(product)</title>
                <style>\#(HTML(unsafeMarkup: assets.sheetStyle))</style>
                </head>
                <body>\#(page.body)</body>
                </html>

                """#)
        reply.headers = [Header("content-security-policy", assets.sheetPolicy)]
        return reply
    }

    private func document(title: String, scheme: ColourScheme?, body: HTML) -> HTML {
        #"""
        <!doctype html>
        <html lang="en"\#(attribute: "data-theme", scheme?.rawValue)>
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\#(title) · \#(product)</title>
        <link rel="stylesheet" href="\#(assets.stylesheet.path)">
        <link rel="icon" href="\#(assets.icon.path)" type="image/svg+xml">
        <script src="\#(assets.script.path)" defer></script>
        </head>
        \#(body)
        </html>

        """#
    }

    private func sidebar(_ page: ConsolePage, _ viewer: ConsoleViewer) -> HTML {
        let groups: [HTML] = viewer.navigation.groups.map { group in
            let links: [HTML] = group.entries.map { entry in
                #"""
                <a class="side-link" href="\#(entry.path)"\#(#" aria-current="page""#, when: entry.path == page.section)>\#
                \#(entry.icon.html)\#(entry.label)</a>

                """#
            }
            let title: HTML? = group.title.map { #"<p class="side-title">\#($0)</p>"# }
            return #"<div class="side-group">\#(title)\#(links)</div>"#
        }
        return #"""
            <nav class="side" id="side" popover aria-label="Main"><a class="brand-mark" href="/">\#(HTML.productMark)\#(product)</a>
            \#(groups)</nav>

            """#
    }

    private func topBar(_ page: ConsolePage, _ viewer: ConsoleViewer, _ scheme: ColourScheme?) -> HTML {
        let crumbs: [HTML] = page.crumbs.map { crumb in
            crumb.path.map { #"<li class="wide-only"><a href="\#($0)">\#(crumb.label)</a></li>"# }
                ?? #"<li class="wide-only" aria-current="page">\#(crumb.label)</li>"#
        }
        return #"""
            <header class="top"><button class="btn btn-quiet btn-icon top-menu" type="button" popovertarget="side" \#
            aria-label="Open menu">\#(Icon.menu.html)</button>
            <nav aria-label="Breadcrumb"><ol class="crumbs">\#
            <li><a class="home" href="/">\#(HTML.avatar(viewer.organisation))\#(viewer.organisation)</a></li>\#(crumbs)</ol></nav>
            <div class="top-end">\#(schemeSwitch(scheme, viewer.path))\#(account(viewer))</div></header>

            """#
    }

    private func schemeSwitch(_ scheme: ColourScheme?, _ path: String) -> HTML {
        let other: ColourScheme = scheme == .dark ? .light : .dark
        return #"""
            <form action="/preferences/scheme" method="post">\#(HTML.csrfField)\#(HTML.hiddenField("scheme", other.rawValue))\#(HTML.hiddenField("next", path))\#
            <button class="btn btn-quiet btn-icon" type="submit" data-action="scheme" \#
            aria-label="Switch between light and dark">\#(Icon.scheme.html)</button></form>
            """#
    }

    private func account(_ viewer: ConsoleViewer) -> HTML {
        #"""
        <details class="menu end"><summary class="btn btn-quiet btn-icon" aria-label="Account">\#
        \#(HTML.avatar(viewer.name, classes: "avatar"))</summary><div class="menu-panel">\#
        <p class="menu-title">\#(viewer.name) · \#(viewer.role)</p>\#
        <form action="/sign-out" method="post">\#(HTML.csrfField)<button type="submit">\#(Icon.external.html)Sign out</button>\#
        </form></div></details>
        """#
    }

    private func banner(_ flash: Flash) -> HTML {
        let icon = flash.tone == .ok ? Icon.check : Icon.alert
        return #"""
            <p class="flash" role="status" data-tone="\#(flash.tone.rawValue)">\#(icon.html)\#(flash.text)</p>

            """#
    }

    private func heading(_ page: ConsolePage) -> HTML {
        let lede: HTML? = page.lede.map { #"<p class="lede">\#($0)</p>"# }
        let actions: HTML = page.actions.isEmpty ? "" : #"<div class="actions">\#(page.actions)</div>"#
        return #"<div class="page-head"><div><h1>\#(page.heading)</h1>\#(lede)</div>\#(actions)</div>\#("\n" as HTML)"#
    }

    private func tabs(_ page: ConsolePage) -> HTML {
        guard !page.tabs.isEmpty else { return "" }
        let links: [HTML] = page.tabs.map { tab in
            #"<a href="\#(tab.path)"\#(#" aria-current="page""#, when: tab.isCurrent)>\#(tab.label)</a>"#
        }
        return #"<nav class="tabs" aria-label="Views">\#(links)</nav>\#("\n" as HTML)"#
    }
}
