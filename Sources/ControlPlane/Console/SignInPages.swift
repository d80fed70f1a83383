import Kernel
import Web

/// The way in: the one-time password that the service prints at its start, or an API key.
struct SignInPage: Sendable {
    let product: String
    /// Where to go afterwards; a local path.
    let next: String
    /// Why the last try failed.
    let refusal: String?

    var page: ConsolePage {
        var page = ConsolePage("Sign in", section: "/sign-in", body: body)
        page.frame = .bare
        return page
    }

    private var body: HTML {
        let error: HTML? = refusal.map { text in
            #"<div class="error-summary" role="alert" tabindex="-1"><h2>Sign-in refused</h2><p>\#(text)</p></div>"#
        }
        return #"""
            <main class="sign-in" id="main">
            <div class="sign-in-form">
            <div class="row between"><span class="brand-mark">\#(HTML.productMark)\#(product)</span></div>
            <div class="sign-in-box">
            <div><h1>Sign in</h1><p class="muted">to the control plane</p></div>
            \#(error)\#(oneTimePasswordForm)
            <p class="or">or with an API key</p>
            \#(keyForm)
            <p class="muted small">The one-time password is printed when the service starts. It is valid once; \#
            <code>controlplane sign-in-password</code> prints a new one.</p>
            </div>
            <div class="foot-links"><a href="/openapi.json">API description</a></div>
            </div>
            \#(Self.art)
            </main>
            """#
    }

    private var oneTimePasswordForm: HTML {
        let field = #"""
            <input class="input input-lg" id="one_time_password" name="one_time_password" type="password" \#
            autocomplete="one-time-code" required autofocus>
            """# as HTML
        return form(
            #"<label class="label" for="one_time_password">One-time password</label>\#(field)"#, "Sign in",
            "btn-primary")
    }

    private var keyForm: HTML {
        let field = #"""
            <input class="input input-lg" id="api_key" name="api_key" type="password" autocomplete="current-password" required>
            """# as HTML
        return form(#"<label class="label" for="api_key">API key</label>\#(field)"#, "Sign in with the key", "")
    }

    private func form(_ field: HTML, _ label: String, _ style: String) -> HTML {
        #"""
        <form class="stack" action="/sign-in" method="post">\#(HTML.csrfField)\#(HTML.hiddenField("next", next))\#
        <div class="field">\#(field)</div>\#
        <button class="btn \#(style) btn-lg btn-block" type="submit">\#(label)</button></form>
        """#
    }

    private static let art: HTML = #"""
        <aside class="sign-in-art" aria-hidden="true"><svg class="art" viewBox="0 0 600 800" \#
        preserveAspectRatio="xMidYMid slice" aria-hidden="true">
        <path class="wave" d="M-40 210C90 60 200 330 330 190S560 90 680 180V840H-40z"/>
        <path class="wave" d="M-40 330C110 230 190 420 340 300S580 240 680 300V840H-40z"/>
        <path class="wave" d="M-40 520C120 420 220 600 360 500S570 430 680 480V840H-40z"/>
        <path class="wave" d="M-40 680C100 600 240 740 370 660S560 600 680 640V840H-40z"/>
        <g class="star"><circle cx="90" cy="110" r="1.6"/><circle cx="210" cy="64" r="1.2"/><circle cx="322" cy="128" r="1.8"/>\#
        <circle cx="450" cy="58" r="1.3"/><circle cx="538" cy="140" r="1.6"/><circle cx="150" cy="190" r="1"/></g>
        </svg><blockquote>Every amount says why.</blockquote></aside>
        """#
}
