import Kernel
import NIOCore
import NIOHTTP1

/// Stands before the HTTP decoder and counts bytes, so that time and framing limits see what the decoder swallows.
final class ByteFront: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let front: ConnectionFront

    init(front: ConnectionFront) { self.front = front }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        front.clock.received(raw: unwrapInboundIn(data).readableBytes, now: .now())
        context.fireChannelRead(data)
        if front.clock.framingIsExcessive { context.fireUserInboundEventTriggered(FrontRefusal.framing) }
    }

    func read(context: ChannelHandlerContext) {
        front.clock.readRequested(now: .now())
        context.read()
    }
}

/// Stands behind the HTTP decoder: refuses what is malformed, slow or too much, with an answer where one is still
/// possible, and closes connections so that the peer can read the last answer.
final class ConnectionFront: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    var clock: ConnectionClock
    private let onRefusal: @Sendable (Int) -> Void
    private let limits: FrontLimits
    private var ticks: RepeatedTask?
    /// Requests that were passed on and not answered completely.
    private var outstanding = 0
    /// The body of an accepted request is still arriving; its handler may be waiting for it.
    private var isReading = false
    /// No further request is taken; the connection closes after the last outstanding answer.
    private var isClosing = false
    /// Our last answer is on its way; nothing else may be written.
    private var isFinished = false

    init(limits: FrontLimits, onRefusal: @escaping @Sendable (Int) -> Void) {
        self.limits = limits
        self.onRefusal = onRefusal
        clock = ConnectionClock(limits: limits, now: .now())
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((front: self, context: context), eventLoop: context.eventLoop)
        ticks = context.eventLoop.scheduleRepeatedTask(initialDelay: clock.tick, delay: clock.tick) { _ in
            bound.value.front.look(context: bound.value.context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stopLooking() }

    func channelInactive(context: ChannelHandlerContext) {
        stopLooking()
        context.fireChannelInactive()
    }

    private func stopLooking() {
        ticks?.cancel()
        ticks = nil
    }

    private func look(context: ChannelHandlerContext) {
        switch clock.verdict(isAnswering: outstanding > 0, now: .now()) {
        case .goOn: break
        case .close: context.close(promise: nil)
        case .refuse(let refusal): refuse(refusal, context: context)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        clock.writabilityChanged(context.channel.isWritable, now: .now())
        context.fireChannelWritabilityChanged()
    }

    // MARK: Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard !isClosing else { return }
            clock.enter(.body, now: .now())
            isReading = receive(head, context: context)
            guard isReading else { return }
        case .body(let buffer):
            clock.received(body: buffer.readableBytes)
            guard isReading else { return }
        case .end:
            if !isFinished { clock.enter(.idle, now: .now()) }
            guard isReading else { return }
            isReading = false
        }
        context.fireChannelRead(data)
    }

    private func receive(_ head: HTTPRequestHead, context: ChannelHandlerContext) -> Bool {
        if let refusal = FrontRules.refusal(of: head, limits: limits) {
            refuse(refusal, context: context)
            return false
        }
        guard outstanding < limits.pipelined else {
            onRefusal(429)
            context.close(promise: nil)
            return false
        }
        outstanding += 1
        if !head.isKeepAlive || head.headers.contains(name: "upgrade") { isClosing = true }
        if head.headers.contains(name: "expect"), outstanding == 1 {
            let interim = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
        }
        return true
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError, outstanding == 0, !isFinished else {
            context.fireErrorCaught(error)
            return
        }
        let isTooLarge = parserError == .headerOverflow
        refuse(
            isTooLarge
                ? FrontRefusal(431, "HEADER_TOO_LARGE", "The header has too many or too long fields.")
                : FrontRefusal(400, "MALFORMED_REQUEST", "This is no valid HTTP request."),
            context: context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let refusal as FrontRefusal:
            refuse(refusal, context: context)
        case is ChannelShouldQuiesceEvent:
            isClosing = true
            if outstanding == 0, !isFinished { context.close(promise: nil) }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Outbound

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isFinished else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200:
            if head.headers["connection"].contains("close") { isClosing = true }
            // An answer before the end of the body is a refusal: the rest is not worth reading.
            if isReading, outstanding <= 1 { isClosing = true }
            if isClosing, outstanding <= 1 { head.headers.replaceOrAdd(name: "connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            outstanding -= 1
            guard isClosing, outstanding <= 0 else {
                context.write(data, promise: promise)
                return
            }
            finish(data, context: context, promise: promise)
        default:
            context.write(data, promise: promise)
        }
    }

    /// Sends the end of the last answer, closes our side, and reads on for a moment: closing at once would reset the
    /// connection while the peer still sends, and the answer would be lost.
    private func finish(_ end: NIOAny, context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        isClosing = true
        isFinished = true
        clock.enter(.lingering, now: .now())
        context.writeAndFlush(end, promise: promise)
        context.close(mode: .output, promise: nil)
    }

    private func refuse(_ refusal: FrontRefusal, context: ChannelHandlerContext) {
        guard !isFinished else { return }
        onRefusal(refusal.status)
        let earlier = isReading ? outstanding - 1 : outstanding
        guard earlier == 0 else {
            // Answers to earlier requests still go out when this one is not waited for; then the connection closes.
            isClosing = true
            if isReading { context.close(promise: nil) }
            return
        }
        write(refusal, context: context)
        if isReading {
            isReading = false
            context.fireErrorCaught(refusal)
        }
    }

    private func write(_ refusal: FrontRefusal, context: ChannelHandlerContext) {
        let body = ProblemWriter.bytes(
            Problem(
                status: refusal.status, reason: refusal.reason, title: "The request was refused",
                detail: refusal.detail))
        var headers = HTTPHeaders([("connection", "close"), ("content-type", "application/problem+json")])
        headers.add(name: "content-length", value: String(body.count))
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: refusal.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        finish(wrapOutboundOut(.end(nil)), context: context, promise: nil)
    }
}
