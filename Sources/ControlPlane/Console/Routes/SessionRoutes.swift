import Kernel
import Tenancy
import Web

/// Signing in and out, and the choice of colours.
struct SessionRoutes: Sendable {
    let services: ConsoleServices

    var all: [PageRoute] {
        [
            PageRoute(.get, "/sign-in", requires: .public, use: form),
            PageRoute(.post, "/sign-in", requires: .public, use: signIn).recoveringPublic(refused),
            PageRoute(.post, "/sign-out", requires: .signedIn, use: signOut),
            PageRoute(.post, "/preferences/scheme", requires: .signedIn, use: changeScheme),
        ]
    }

    struct FormInput: Codable, Sendable {
        let next: String?
    }

    @Sendable private func form(_ call: PublicPageCall<FormInput>) async throws -> PageReply {
        .page(page(next: call.input.next, refusal: nil))
    }

    struct SignInInput: Codable, Sendable {
        let oneTimePassword: String?
        let apiKey: String?
        let next: String?
    }

    @Sendable private func signIn(_ call: PublicPageCall<SignInInput>) async throws -> PageReply {
        let sessions = services.tenancy.sessions
        let session: OpenedSession
        if let key = call.input.apiKey {
            session = try await sessions.signIn(apiKey: key, from: call.remoteAddress)
        } else {
            session = try await sessions.signIn(password: call.input.oneTimePassword ?? "", from: call.remoteAddress)
        }
        return .redirect(to: call.input.next ?? "/")
            .startingSession(token: session.token, seconds: OpenedSession.seconds)
    }

    @Sendable private func refused(_ call: PublicPageCall<Submission>) async throws -> PageReply {
        let submission = call.input
        return .page(
            page(next: submission.values["next"], refusal: submission.problem.detail),
            status: submission.problem.status)
    }

    private func page(next: String?, refusal: String?) -> ConsolePage {
        SignInPage(product: services.product, next: LocalPath.sanitised(next ?? "/"), refusal: refusal).page
    }

    @Sendable private func signOut(_ call: PageCall<NoInput>) async throws -> PageReply {
        if let token = call.session.token { try await services.tenancy.sessions.signOut(token: token) }
        return .redirect(to: "/sign-in").endingSession()
    }

    struct SchemeInput: Codable, Sendable {
        let scheme: ColourScheme
        let next: String?
    }

    @Sendable private func changeScheme(_ call: PageCall<SchemeInput>) async throws -> PageReply {
        .redirect(to: call.input.next ?? "/").remembering(ColourScheme.cookie, call.input.scheme.rawValue)
    }
}
