import Foundation
import Kernel
import Testing

@testable import Telephony

@Suite(.enabled(if: RecordedFiles.arePresent, "the recordings are not beside the package"))
struct RecordedEventSocketTests {
    static let events = RecordedFiles.names("esl").filter { $0.hasPrefix("plain.") || $0.hasPrefix("json.") }

    static func event(_ name: String) throws -> SwitchEvent {
        var parser = EventSocketParser()
        parser.append(try RecordedFiles.bytes("esl/\(name)"))
        let frame = try #require(try parser.next())
        guard case .event(let event) = try frame.kind else { throw EventSocketError("no event in \(name)") }
        return event
    }

    @Test func everyEventIsReadHoweverItWasChopped() throws {
        #expect(Self.events.count > 35)
        for name in Self.events where !name.contains("disconnect-notice") {
            let whole = try Self.event(name)
            #expect(name.contains(whole.name), "\(name)")
            if let subclass = whole.subclass {
                #expect(name.contains(subclass.replacing("::", with: "-")), "\(name)")
            }
            #expect(whole.sequence != nil && whole.coreID != nil && whole.date != nil, "\(name)")
            let bytes = try RecordedFiles.bytes("esl/\(name)")
            var parser = EventSocketParser()
            var frames: [EventSocketFrame] = []
            for byte in bytes {
                parser.append([byte])
                while let frame = try parser.next() { frames.append(frame) }
            }
            #expect(frames.count == 1, "\(name)")
            #expect(try frames.first?.kind == .event(whole), "\(name)")
        }
    }

    @Test func bothFormatsOfAnEventAgree() throws {
        let plain = try Self.event("plain.CUSTOM.sofia-register.txt")
        let json = try Self.event("json.CUSTOM.sofia-register.txt")
        for name in ["from-user", "from-host", "contact", "effective_caller_id_name", "tenant_id", "network-port"] {
            #expect(plain[name] == json[name])
        }
        #expect(json["effective_caller_id_name"] == "User 1001 of t1")
        let ended = try Self.event("json.CHANNEL_HANGUP_COMPLETE.txt")
        #expect(ended.variable("billmsec") != nil)
    }

    @Test func aJobsResultIsTheBodyOfItsEvent() throws {
        let job = try Self.event("plain.BACKGROUND_JOB.txt")
        #expect(job["Job-UUID"] == "821b945c-2bfb-4d6b-8a11-5bee81fe72c3")
        #expect(job.body == "+OK 11111111-2222-4333-8444-555555555555\n")
    }

    /// Every answer of the recorded dialogue, parsed out of what the node sent.
    @Test func theRecordedAnswersAreFrames() throws {
        var kinds: [EventSocketFrame.Kind] = []
        let parts = try RecordedFiles.text("esl/commands.txt").components(separatedBy: "<<<\n").dropFirst()
        for part in parts {
            let answer = part.components(separatedBy: ">>>\n")[0]
            var parser = EventSocketParser()
            parser.append(answer.utf8)
            while let frame = try parser.next() { kinds.append(try frame.kind) }
        }
        #expect(kinds.first == .authRequest)
        #expect(kinds.contains(.reply("-ERR invalid")))
        #expect(kinds.contains(.answer("-ERR No such channel!\n")))
        #expect(kinds.contains(.reply("+OK event listener enabled plain")))
        #expect(kinds.filter { if case .disconnect = $0 { true } else { false } }.count == 2)
        let lists = kinds.compactMap { kind -> String? in
            if case .answer(let text) = kind { text } else { nil }
        }
        #expect(try SwitchTables.channels(try #require(lists.first { $0.hasPrefix("{") })) == [])
        let states = SwitchTables.gateways(try #require(lists.first { $0.contains("FAIL_WAIT") }))
        #expect(states == ["t1-carrier-a": "NOREG", "t2-carrier-b": "FAIL_WAIT"])
        #expect(throws: EventSocketError.self) { try SwitchTables.channels("-ERR nosuchcmd Command not found!\n") }
    }

    @Test func theOutboundSocketsLongAnswerIsOneFrame() throws {
        let text = try RecordedFiles.text("esl/outbound-socket.txt")
        let answer = text.components(separatedBy: "<<< \n")[1].components(separatedBy: ">>> \n")[0]
        var parser = EventSocketParser()
        parser.append(answer.utf8)
        let frame = try #require(try parser.next())
        #expect(frame["Event-Name"] == "CHANNEL_DATA")
    }

    /// The whole life of a recorded internal call.
    @Test func theViewFollowsACall() throws {
        var view = NodeView()
        var changes: [NodeView.Change] = []
        for name in [
            "CHANNEL_CREATE.internal.a", "CHANNEL_OUTGOING.internal.b", "CHANNEL_CREATE.internal.b",
            "CHANNEL_ORIGINATE.internal.b", "CHANNEL_PROGRESS.internal.b", "CHANNEL_PROGRESS.internal.a",
            "CHANNEL_ANSWER.internal.b", "CHANNEL_ANSWER.internal.a", "CHANNEL_BRIDGE.internal.a",
        ] {
            changes += view.apply(try Self.event("plain.\(name).txt"))
        }
        let first = try #require(UUID(uuidString: "2f2a540c-bc79-414e-a966-b76e19d5be97"))
        let second = try #require(UUID(uuidString: "25618d42-fb3e-458e-9d63-a23f274679b4"))
        #expect(view.legs.count == 2)
        #expect(view.legs[first]?.answered != nil && view.legs[second]?.answered != nil)
        #expect(view.legs[second]?.originatingLeg == first)
        #expect(view.legs[first]?.peer == second)
        #expect(view.legs[first]?.marks.tenant == "t1")
        #expect(view.legs[first]?.sessionNumber == 3)
        #expect(changes.filter { if case .appeared = $0 { true } else { false } }.count == 2)
        changes = []
        for name in ["HANGUP.internal.a", "HANGUP.internal.b", "UNBRIDGE.internal.a", "HANGUP_COMPLETE.internal.b"] {
            changes += view.apply(try Self.event("plain.CHANNEL_\(name).txt"))
        }
        #expect(changes.filter { if case .ended = $0 { true } else { false } }.count == 2)
        #expect(view.legs.count == 2)
        for leg in ["a", "b"] {
            _ = view.apply(try Self.event("plain.CHANNEL_HANGUP_COMPLETE.internal.\(leg).txt"))
            _ = view.apply(try Self.event("plain.CHANNEL_DESTROY.internal.\(leg).txt"))
        }
        #expect(view.legs.isEmpty)
    }

    @Test func registrationsComeAndGoAndAHijackShows() throws {
        var view = NodeView()
        #expect(view.apply(try Self.event("plain.CUSTOM.sofia-register.txt")) == [])
        let address = LiveRegistration.Address(user: "1001", domain: "t1.voice.test")
        #expect(view.registrations[address]?.networkPort == 5061)
        let changes = view.apply(try Self.event("plain.CUSTOM.sofia-register.cross-domain.txt"))
        guard case .hijacked(let registration, let realm) = try #require(changes.first) else {
            Issue.record("the registration of another domain's user was not noticed")
            return
        }
        #expect(registration.address == address && realm == "t2.voice.test")
        let refused = NodeView.RefusedLogin(
            method: "REGISTER", user: "1001", domain: "t1.voice.test", networkAddress: "127.0.0.1")
        let failure = view.apply(try Self.event("plain.CUSTOM.sofia-register_failure.REGISTER.txt"))
        #expect(failure == [.refused(refused)])
        _ = view.apply(try Self.event("plain.CUSTOM.sofia-unregister.txt"))
        #expect(view.registrations.count == 1)
        _ = view.apply(try Self.event("plain.CUSTOM.sofia-gateway_state.REGED.txt"))
        #expect(view.gateways == ["t2-carrier-b": "REGED"])
        // Another Core-UUID: the node was started anew, its gateways are asked for again.
        let beat = view.apply(try Self.event("plain.HEARTBEAT.txt"))
        #expect(beat.contains { if case .heartbeat = $0 { true } else { false } })
        #expect(view.gateways.isEmpty)
        #expect(view.apply(try Self.event("plain.SHUTDOWN.txt")) == [.shuttingDown])
    }

    /// OPTIONS to a carrier that is known by address, as `sofia.c` tells of the answers.
    @Test func aCarrierThatStopsAnsweringIsDown() throws {
        var view = NodeView()
        func answer(_ status: Int) throws -> String? {
            let event = """
                {"Event-Name":"CUSTOM","Event-Subclass":"sofia::gateway_state","Gateway":"trunk_1","State":"NOREG",\
                "Ping-Status":"UP","Status":"\(status)","Phrase":"x"}
                """
            _ = view.apply(try SwitchEvent(json: Array(event.utf8)))
            return view.gateways["trunk_1"]
        }
        #expect(try answer(408) == "NOREG", "some carriers never answer")
        #expect(try answer(200) == "UP" && answer(404) == "UP")
        #expect(try answer(503) == "DOWN" && answer(408) == "DOWN" && NodeView.isDown("DOWN"))
        view.resync(gateways: ["trunk_1": "NOREG", "trunk_2": "REGED"])
        #expect(view.gateways == ["trunk_1": "DOWN", "trunk_2": "REGED"], "the table says nothing of it")
        #expect(try answer(405) == "UP" && !NodeView.isDown("UP"))
        view.resync(gateways: ["trunk_2": "REGED"])
        #expect(view.gateways == ["trunk_2": "REGED"])
    }

    @Test func aRestartedNodeNamesTheLegsItLost() throws {
        var view = NodeView()
        _ = view.apply(try Self.event("plain.CHANNEL_CREATE.internal.a.txt"))
        let changes = view.apply(try Self.event("plain.HEARTBEAT.txt"))
        guard case .lost(let legs) = try #require(changes.first) else {
            Issue.record("the lost leg was not named")
            return
        }
        #expect(legs.count == 1 && view.legs.isEmpty)
    }
}

struct EventSocketCommandTests {
    static let leg = UUID()

    @Test func nothingTypedReachesTheWireUnchecked() {
        for evil in [
            "1001\n\napi shutdown", "10 01", "${system(x)}", "", "1001@t2", "a\tb", "x\u{0}", "ü",
            String(repeating: "1", count: 129),
        ] {
            #expect(EventSocketCommand.transfer(Self.leg, to: evil, context: "tenant-x") == nil)
            #expect(EventSocketCommand.transfer(Self.leg, to: "1001", context: evil) == nil)
            #expect(EventSocketCommand.flushDirectory(user: evil, domain: "t1.voice.test") == nil)
            #expect(EventSocketCommand.flushRegistration(profile: .internal, user: "1001", domain: evil) == nil)
            #expect(EventSocketCommand.killGateway(evil) == nil)
        }
        #expect(EventSocketCommand.authenticate(password: "a\nb") == nil)
        #expect(EventSocketCommand.authenticate(password: "ClueCon-test")?.bytes == Array("auth ClueCon-test\n\n".utf8))
    }

    @Test func commandsAreTheRecordedOnes() throws {
        let id = try #require(UUID(uuidString: "2F2A540C-BC79-414E-A966-B76E19D5BE97"))
        #expect(
            EventSocketCommand.kill(id, .allottedTimeout).line
                == "api uuid_kill 2f2a540c-bc79-414e-a966-b76e19d5be97 ALLOTTED_TIMEOUT")
        #expect(
            EventSocketCommand.reschedule(id, seconds: 60, .allottedTimeout).map(\.line) == [
                "api sched_del 2f2a540c-bc79-414e-a966-b76e19d5be97",
                "api sched_hangup +60 2f2a540c-bc79-414e-a966-b76e19d5be97 ALLOTTED_TIMEOUT",
            ])
        #expect(
            EventSocketCommand.transfer(id, to: "+43720123456", context: "tenant-a")?.line
                == "api uuid_transfer 2f2a540c-bc79-414e-a966-b76e19d5be97 +43720123456 XML tenant-a")
    }

    @Test func aPeerThatSpeaksSomethingElseIsAnError() throws {
        var parser = EventSocketParser()
        parser.append("Content-Length: -5\n\n".utf8)
        #expect(throws: EventSocketError.self) { try parser.next() }
        parser = EventSocketParser()
        parser.append(repeatElement(UInt8(ascii: "x"), count: EventSocketParser.longestHead + 1))
        #expect(throws: EventSocketError.self) { try parser.next() }
        parser = EventSocketParser()
        parser.append("Content-Type: text/event-json\nContent-Length: 2\n\n{}".utf8)
        let frame = try #require(try parser.next())
        #expect(throws: EventSocketError.self) { try frame.kind }
    }

    /// After a reconnect the node's list is the truth; a list that could not be had changes nothing.
    @Test func resyncTakesTheNodesWord() throws {
        let rows = #"""
            {"row_count":1,"rows":[{"uuid":"2f2a540c-bc79-414e-a966-b76e19d5be97","direction":"inbound",
            "created_epoch":"1795259674","cid_num":"1001","dest":"1002","context":"tenant-x","callstate":"ACTIVE"}]}
            """#
        var view = NodeView()
        let now = Timestamp(seconds: 1_795_259_700)
        let channels = try SwitchTables.channels(rows)
        let first = view.resync(channels: channels, at: now)
        #expect(first.unknown.count == 1 && view.legs.count == 1)
        #expect(view.resync(channels: channels, at: now).unknown.isEmpty)
        #expect(throws: EventSocketError.self) { try SwitchTables.channels(#"{"row_count":2,"rows":[]}"#) }
        let gone = view.resync(channels: [], at: now)
        #expect(gone.changes.count == 1 && view.legs.isEmpty)
    }
}
