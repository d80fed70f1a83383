import Kernel

extension WebApplication {
    /// The way of a console request: session, permission, CSRF, decode, run, render.
    func outcome(
        of route: PageRoute, _ request: IncomingRequest, _ parameters: [(name: String, value: String)],
        _ requestID: String
    ) async -> Outcome? {
        let browser = BrowserSession(request, isSecure: settings.isSecure)
        var outcome = Outcome(response: WebResponse(status: 500), route: route.path.text, isConsole: true)
        do {
            if let requirement = route.requirement {
                guard let token = browser.token, let principal = try await hooks.authenticate(.session(token)) else {
                    outcome.response = signInRedirect(request)
                    return outcome
                }
                outcome.principal = principal
                try requirement.check(principal)
            }
            let principal = outcome.principal
            let invocation = try await pageInvocation(of: route, request, parameters, browser, principal, requestID)
            let reply = try await withTimeLimit(.seconds(route.seconds ?? settings.handlerSeconds)) {
                try await Self.run(route, invocation)
            }
            outcome.response = await response(for: reply, request, browser, principal, requestID)
        } catch is FrontRefusal {
            return nil
        } catch {
            let problem = problem(for: error, requestID)
            outcome.response = await page(for: problem, request, browser, outcome.principal, requestID)
        }
        return outcome
    }

    /// Shows the form again when the route knows how and the person can mend it.
    private static func run(_ route: PageRoute, _ invocation: PageInvocation) async throws -> PageReply {
        do {
            return try await route.run(invocation)
        } catch {
            let problem = (error as? Problem) ?? (error as? any ProblemConvertible)?.problem
            guard let problem, let recover = route.recover, [400, 401, 409, 412, 422].contains(problem.status) else {
                throw error
            }
            return try await recover(invocation, Submission(values: invocation.submitted, problem: problem))
        }
    }

    private func pageInvocation(
        of route: PageRoute, _ request: IncomingRequest, _ parameters: [(name: String, value: String)],
        _ browser: BrowserSession, _ principal: Principal?, _ requestID: String
    ) async throws -> PageInvocation {
        var session = PageSession(csrfToken: browser.csrfToken, flash: browser.flash, token: browser.token)
        var fields = InputFields(origin: route.method.hasBody ? .form : .query)
        fields.isLenient = true
        fields.add(path: parameters)
        if route.method == .get {
            fields.add(pairs: try request.queryPairs(), from: .query)
        } else {
            try browser.checkOrigin(of: request)
            let form = try await form(of: request, limit: route.bodyLimit)
            try browser.checkToken(form.fields.first { $0.name == "_csrf" }?.value)
            session.files = form.files
            fields.add(pairs: form.fields.filter { $0.name != "_csrf" }, from: .form)
        }
        let facts = RequestFacts(
            requestID: requestID, now: hooks.time.now, method: route.method, path: request.path,
            route: route.path.text, remoteAddress: request.remoteAddress)
        return PageInvocation(facts: facts, principal: principal, fields: fields, session: session)
    }

    private func form(
        of request: IncomingRequest, limit: Int
    ) async throws -> (fields: [(name: String, value: String)], files: [String: UploadedFile]) {
        let bytes = try await request.collectBody(limit: limit)
        switch request.mediaType {
        case "application/x-www-form-urlencoded",
            nil where bytes.isEmpty:
            do throws(FormCoding.Failure) {
                return (try FormCoding.pairs(bytes[...]), [:])
            } catch {
                throw Self.invalidForm("it is not percent-encoded UTF-8")
            }
        case "multipart/form-data":
            guard let boundary = Multipart.boundary(of: request.values("content-type").first ?? "") else {
                throw Self.invalidForm("the boundary is missing")
            }
            do throws(Multipart.Failure) {
                let multipart = try Multipart(bytes, boundary: boundary)
                return (multipart.fields, multipart.files)
            } catch {
                throw Self.invalidForm(error.message)
            }
        default:
            throw Problem(
                status: 415, reason: "UNSUPPORTED_MEDIA_TYPE", title: "The form cannot be read",
                detail: "Send it as a browser does.")
        }
    }

    private static func invalidForm(_ why: String) -> Problem {
        Problem(status: 400, reason: "INVALID_FORM", title: "The form cannot be read", detail: "Send it again: \(why).")
    }

    // MARK: Answers

    private func signInRedirect(_ request: IncomingRequest) -> WebResponse {
        let target = request.query.isEmpty ? request.path : "\(request.path)?\(request.query)"
        let path = console?.signInPath ?? "/sign-in"
        // A form that was sent without a session cannot be repeated by a GET.
        guard request.method == "GET" || request.method == "HEAD", target != "/" else { return .redirect(to: path) }
        return .redirect(to: "\(path)?next=\(PercentCoding.encode(LocalPath.sanitised(target)))")
    }

    private func response(
        for reply: PageReply, _ request: IncomingRequest, _ browser: BrowserSession, _ principal: Principal?,
        _ requestID: String
    ) async -> WebResponse {
        var response: WebResponse
        switch reply.content {
        case .page(let page, let status):
            response = await render(page, status: status, request, browser, principal, requestID)
        case .redirect(let path):
            response = .redirect(to: path)
        case .raw(let raw):
            response = WebResponse(status: raw.status, headers: raw.headers, body: raw.bytes)
            response.set("content-type", raw.mediaType)
            if let etag = raw.etag { response.set("etag", "\"\(etag)\"") }
        }
        if let (name, value) = reply.preference {
            response.headers.append(browser.cookie(preference: name, value))
        }
        if let flash = reply.flash { response.headers.append(browser.cookie(flash: flash)) }
        switch reply.sessionChange {
        case .start(let token, let seconds)?: response.headers.append(browser.cookie(session: token, seconds: seconds))
        case .end?: response.headers += browser.endingCookies()
        case nil: break
        }
        return response
    }

    private func page(
        for problem: Problem, _ request: IncomingRequest, _ browser: BrowserSession, _ principal: Principal?,
        _ requestID: String
    ) async -> WebResponse {
        guard let console else { return response(for: problem, requestID) }
        let context = context(request, browser, principal, requestID)
        var response = await render(
            console.problemPage(problem, context), status: problem.status, request, browser, principal, requestID)
        if let seconds = problem.retryAfterSeconds { response.set("retry-after", String(seconds)) }
        return response
    }

    private func context(
        _ request: IncomingRequest, _ browser: BrowserSession, _ principal: Principal?, _ requestID: String
    ) -> PageContext {
        PageContext(
            principal: principal, path: request.path, csrfToken: browser.csrfToken, flash: browser.flash,
            requestID: requestID, preference: { request.cookie($0) })
    }

    private func render(
        _ page: ConsolePage, status: Int, _ request: IncomingRequest, _ browser: BrowserSession,
        _ principal: Principal?, _ requestID: String
    ) async -> WebResponse {
        guard let console else { return .page(page.body, status: status) }
        var response = WebResponse.page(
            await console.layout(page, context(request, browser, principal, requestID)), status: status)
        response.headers += browser.cookiesAfterPage()
        return response
    }
}

extension WebResponse {
    /// 303: the browser goes on with a GET.
    static func redirect(to path: String) -> WebResponse {
        WebResponse(status: 303, headers: [Header("location", path)])
    }
}

extension PageInvocation {
    /// The sent texts by name, for showing a form again; of several with one name, the last.
    var submitted: [String: String] {
        fields.fields.compactMapValues { field in
            switch field.node {
            case .text(let text): text
            case .texts(let texts): texts.last
            case .json, .fields: nil
            }
        }
    }
}
