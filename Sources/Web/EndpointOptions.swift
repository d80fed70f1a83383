import Kernel

/// What an endpoint says beyond its signature.
package struct EndpointOptions: Sendable {
    /// A body that the handler reads itself.
    package struct RawBody: Sendable {
        /// Accepted media types, in lower case.
        package let mediaTypes: [String]
        /// Bytes after inflating; `nil` when gzip is not accepted.
        package let inflatedBytes: Int?
        /// The shape of a JSON body, for the OpenAPI document.
        package var schema: Schema?
    }

    /// Since when an endpoint should not be used, and from when it will be gone.
    package struct Deprecation: Sendable {
        package let since: Timestamp
        package let sunset: Timestamp?
    }

    package var status = 200
    package var description = ""
    /// The longest body in bytes, as sent.
    package var bodyLimit = Limits.bodyBytes
    package var rawBody: RawBody?
    /// Media types of a raw answer.
    package var answers: [String] = ["application/octet-stream"]
    package var deprecation: Deprecation?
    /// Reasons of problems that belong to this operation.
    package var reasons: [String] = []
    /// Whether the operation reads `Idempotency-Key`; every POST of a known principal does.
    package var takesIdempotencyKey = true
    /// Whether the operation compares `If-Match`.
    package var comparesState = false
    /// The longest time in seconds that the handler may take before the answer is 503.
    package var seconds: Int?
}

extension Endpoint {
    private func with(_ change: (inout EndpointOptions) -> Void) -> Endpoint {
        var endpoint = self
        change(&endpoint.options)
        return endpoint
    }

    /// The status of success when it is not 200.
    package func status(_ status: Int) -> Endpoint { with { $0.status = status } }

    /// A longer text for the reference, in plain English.
    package func described(_ text: String) -> Endpoint { with { $0.description = text } }

    /// Reasons of problem details that a caller should know.
    package func failing(_ reasons: String...) -> Endpoint { with { $0.reasons += reasons } }

    /// Another limit for the body as sent.
    package func bodyLimit(bytes: Int) -> Endpoint { with { $0.bodyLimit = bytes } }

    /// The handler reads `call.body` itself; the input has only parameters of the path and the query. `inflatedBytes`
    /// allows gzip and bounds the result.
    package func rawBody(_ mediaTypes: String..., limit: Int, inflatedBytes: Int? = nil) -> Endpoint {
        with {
            $0.rawBody = EndpointOptions.RawBody(mediaTypes: mediaTypes, inflatedBytes: inflatedBytes)
            $0.bodyLimit = limit
        }
    }

    /// The shape of a raw JSON body, for the OpenAPI document.
    package func rawBodySchema(_ schema: Schema) -> Endpoint { with { $0.rawBody?.schema = schema } }

    /// The media types of a `RawReply`, for the OpenAPI document.
    package func answering(_ mediaTypes: String...) -> Endpoint { with { $0.answers = mediaTypes } }

    /// Marks the endpoint in the document and in its answers (RFC 9745, RFC 8594).
    package func deprecated(since: Timestamp, sunset: Timestamp? = nil) -> Endpoint {
        with { $0.deprecation = EndpointOptions.Deprecation(since: since, sunset: sunset) }
    }

    /// The operation compares `If-Match` with the object's tag: 412 joins the documented answers. Every other change
    /// refuses the header.
    package func comparingState() -> Endpoint { with { $0.comparesState = true } }

    /// The operation is a pure question although it is a POST: no idempotency key.
    package func withoutIdempotencyKey() -> Endpoint { with { $0.takesIdempotencyKey = false } }

    /// More time for the handler than the server's default.
    package func timeLimit(seconds: Int) -> Endpoint { with { $0.seconds = seconds } }
}
