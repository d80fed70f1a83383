import Kernel

extension NodeBundle {
    /// The configuration files by name, without those that FreeSWITCH's defaults answer as well.
    func configurations() -> [(String, SwitchElement)] {
        [
            ("modules.conf", modules), ("post_load_modules.conf", postLoadModules), ("switch.conf", core),
            ("xml_curl.conf", requests), ("json_cdr.conf", records), ("event_socket.conf", eventSocket),
            ("acl.conf", AccessLists.element(carriers: [], settings: settings)),
            ("sofia.conf", SofiaConfiguration.element(settings)), ("logfile.conf", log), ("console.conf", console),
        ]
    }

    /// In the order in which they load: requests to the control plane first, SIP when everything it needs is there.
    static let moduleNames: [StaticString] = [
        "mod_console", "mod_logfile", "mod_xml_curl", "mod_commands", "mod_dptools", "mod_dialplan_xml", "mod_sndfile",
        "mod_tone_stream", "mod_loopback", "mod_json_cdr", "mod_event_socket", "mod_sofia",
    ]

    private var modules: SwitchElement {
        configuration(
            "modules.conf",
            [
                SwitchElement(
                    "modules", [:],
                    Self.moduleNames.map { SwitchElement("load", ["module": SwitchValue(stringLiteral: "\($0)")]) })
            ])
    }

    private var postLoadModules: SwitchElement {
        configuration("post_load_modules.conf", [SwitchElement("modules")])
    }

    /// What a dialplan and the event socket may use; from FreeSWITCH 1.11 on nothing else of these modules exists, so
    /// that neither an answer nor an expansion can start a program.
    static let interfaces: [StaticString] = [
        "mod_console", "mod_logfile", "mod_xml_curl", "mod_dialplan_xml", "mod_sndfile", "mod_tone_stream",
        "mod_loopback", "mod_json_cdr", "mod_event_socket", "mod_sofia",
        "mod_dptools.set", "mod_dptools.unset", "mod_dptools.export", "mod_dptools.bridge", "mod_dptools.respond",
        "mod_dptools.hangup", "mod_dptools.transfer", "mod_dptools.answer", "mod_dptools.pre_answer",
        "mod_dptools.playback", "mod_dptools.sched_hangup", "mod_dptools.sched_cancel", "mod_dptools.sleep",
        "mod_dptools.park",
        "mod_dptools.log", "mod_dptools.ring_ready",
        "mod_commands.status", "mod_commands.version", "mod_commands.uptime", "mod_commands.show",
        "mod_commands.hupall", "mod_commands.reloadxml", "mod_commands.reloadacl", "mod_commands.reload",
        "mod_commands.load", "mod_commands.unload", "mod_commands.module_exists", "mod_commands.xml_flush_cache",
        "mod_commands.xml_locate", "mod_commands.user_exists", "mod_commands.user_data",
        "mod_commands.domain_exists", "mod_commands.list_users", "mod_commands.group_call",
        "mod_commands.global_getvar", "mod_commands.hostname", "mod_commands.switchname", "mod_commands.fsctl",
        "mod_commands.shutdown", "mod_commands.originate", "mod_commands.bgapi",
        "mod_commands.sched_hangup", "mod_commands.sched_del", "mod_commands.sched_broadcast",
        "mod_commands.uuid_kill", "mod_commands.uuid_exists", "mod_commands.uuid_dump", "mod_commands.uuid_getvar",
        "mod_commands.uuid_setvar", "mod_commands.uuid_setvar_multi", "mod_commands.uuid_transfer",
        "mod_commands.uuid_broadcast", "mod_commands.uuid_bridge", "mod_commands.uuid_break",
        "mod_commands.limit_usage", "mod_commands.json", "mod_commands.help",
    ]

    private var core: SwitchElement {
        configuration(
            "switch.conf",
            [
                settingsElement([
                    .param("switchname", .word(switchname)),
                    .param("max-sessions", "2000"),
                    .param("sessions-per-second", "100"),
                    .param("loglevel", "notice"),
                    .param("dump-cores", "no"),
                    .param("rtp-start-port", "16384"),
                    .param("rtp-end-port", "32768"),
                ]),
                SwitchElement(
                    "interface-allowlist", [:],
                    Self.interfaces.map { SwitchElement("allow", ["name": SwitchValue(stringLiteral: "\($0)")]) }),
            ])
    }

    /// FreeSWITCH refuses an answer of more than 1 MiB unless told otherwise, and would start without any gateway: those of
    /// all tenants are one answer of some 1.3 kB a trunk.
    static let longestAnswer = 16 * 1024 * 1024

    /// One binding for each control plane: what the first does not answer in two seconds, the second is asked. A single one
    /// is asked again, because what is lost on the way, or asked during a restart, would end as a refused call.
    private var requests: SwitchElement {
        let known = endpoints.controlPlanes
        let bindings = (known.count == 1 ? known + known : known).enumerated().map { index, url in
            SwitchElement(
                "binding", ["name": SwitchValue.word("control-plane-\(index + 1)")],
                [
                    SwitchElement(
                        "param",
                        [
                            "name": "gateway-url", "value": .word("\(url)/fs/xml"),
                            "bindings": "directory|dialplan|configuration",
                        ]),
                    .param("gateway-credentials", .globals("$${voice_user}:$${voice_xml_secret}")),
                    .param("auth-scheme", "basic"),
                    .param("method", "POST"),
                    .param("timeout", "2"),
                    .param("response-max-bytes", SwitchValue(Self.longestAnswer)),
                ] + transportSecurity)
        }
        return configuration("xml_curl.conf", [SwitchElement("bindings", [:], bindings)])
    }

    private var transportSecurity: [SwitchElement] {
        [.param("enable-cacert-check", "true"), .param("enable-ssl-verifyhost", "true")]
            + (endpoints.authorityFile.map { [.param("ssl-cacert-file", .word($0))] } ?? [])
    }

    /// Each record is written to disk before it is sent, sent to each control plane in turn, and kept when nobody took it;
    /// `sweep.sh` looks at both folders.
    private var records: SwitchElement {
        let urls = endpoints.controlPlanes.map { SwitchElement.param("url", .word("\($0)/fs/cdr/json")) }
        return configuration(
            "json_cdr.conf",
            [
                settingsElement(
                    urls + [
                        .param("cred", .globals("$${voice_user}:$${voice_cdr_secret}")),
                        .param("auth-scheme", "basic"),
                        .param("encode", "false"),
                        .param("encode-values", "false"),
                        .param("log-b-leg", "true"),
                        .param("prefix-a-leg", "false"),
                        .param("retries", "3"),
                        .param("delay", "5"),
                        .param("timeout", "10"),
                        .param("log-http-and-disk", "true"),
                        .param("log-dir", .globals("$${log_dir}/json_cdr")),
                        .param("err-log-dir", .globals("$${db_dir}/json_cdr_unsent")),
                        .param("rotate", "false"),
                    ] + transportSecurity)
            ])
    }

    private var eventSocket: SwitchElement {
        configuration(
            "event_socket.conf",
            [
                settingsElement([
                    .param("nat-map", "false"),
                    .param("listen-ip", .word(endpoints.eventSocketAddress)),
                    .param("listen-port", SwitchValue(endpoints.eventSocketPort)),
                    .param("password", .globals("$${voice_esl_password}")),
                    .param("apply-inbound-acl", "control"),
                    .param("stop-on-bind-error", "true"),
                ])
            ])
    }

    private var log: SwitchElement {
        configuration(
            "logfile.conf",
            [
                settingsElement([.param("rotate-on-hup", "true")]),
                SwitchElement(
                    "profiles", [:],
                    [
                        SwitchElement(
                            "profile", ["name": "default"],
                            [
                                settingsElement([.param("rollover", "104857600"), .param("maximum-rotate", "8")]),
                                SwitchElement(
                                    "mappings", [:],
                                    [SwitchElement("map", ["name": "all", "value": "notice,warning,err,crit,alert"])]),
                            ])
                    ]),
            ])
    }

    private var console: SwitchElement {
        configuration(
            "console.conf",
            [
                SwitchElement(
                    "mappings", [:],
                    [SwitchElement("map", ["name": "all", "value": "console,notice,warning,err,crit,alert"])]),
                settingsElement([.param("colorize", "false"), .param("loglevel", "notice")]),
            ])
    }

    private func configuration(_ name: StaticString, _ content: [SwitchElement]) -> SwitchElement {
        SwitchElement("configuration", ["name": SwitchValue(stringLiteral: "\(name)")], content)
    }

    private func settingsElement(_ parameters: [SwitchElement]) -> SwitchElement {
        SwitchElement("settings", [:], parameters)
    }
}
