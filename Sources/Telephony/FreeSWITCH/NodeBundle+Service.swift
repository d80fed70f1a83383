extension NodeBundle {
    /// Where the bundle lies on a node unless somebody says otherwise.
    package static let usualDirectory = "/etc/voice-node"
    /// Where a node keeps what it has to remember, and what it tells; `start.sh` makes both.
    private static let state = "/var/lib/voice-node"
    private static let log = "/var/log/voice-node"

    /// What starts the node, by hand and by systemd.
    func services() throws(SwitchDocument.UnsafeValue) -> [File] {
        guard directory.hasPrefix("/"), !directory.hasSuffix("/"), SwitchValue.word(directory).text != nil else {
            throw SwitchDocument.UnsafeValue(element: "systemd", attribute: "directory")
        }
        return [
            File(path: "start.sh", text: filled(Self.startScript), kind: .script),
            File(path: "systemd/voice-node.service", text: filled(Self.nodeUnit), kind: .plain),
        ]
    }

    /// A text with the places of this node in it.
    private func filled(_ text: String) -> String {
        text.replacing("@DIRECTORY@", with: directory).replacing("@STATE@", with: Self.state)
            .replacing("@LOG@", with: Self.log)
    }

    /// FreeSWITCH takes `-conf`, `-log` and `-db` together or not at all, and writes every answer of the control plane
    /// into its temporary directory for a moment, so that this is none that others can read.
    private static let startScript = #"""
        #!/bin/sh
        # Starts FreeSWITCH with the files beside this script and no others, and stays in the foreground.
        # VOICE_STATE and VOICE_LOG are where it keeps what it has to remember and what it tells; FREESWITCH is the program.
        set -eu
        umask 027
        here=$(cd "$(dirname "$0")" && pwd)
        state=${VOICE_STATE:-@STATE@}
        log=${VOICE_LOG:-@LOG@}
        mkdir -p "$state/db" "$state/run" "$state/tmp" "$log"
        exec "${FREESWITCH:-freeswitch}" -nc -nf -nonat -conf "$here" -log "$log" -db "$state/db" \
            -run "$state/run" -temp "$state/tmp" "$@"

        """#

    /// At a stop FreeSWITCH still delivers the records of the calls that end: four attempts of ten seconds each and what
    /// lies between them.
    private static let nodeUnit = #"""
        [Unit]
        Description=FreeSWITCH node
        Wants=network-online.target
        After=network-online.target

        [Service]
        User=freeswitch
        Group=freeswitch
        StateDirectory=voice-node
        LogsDirectory=voice-node
        ExecStart=@DIRECTORY@/start.sh
        Restart=always
        RestartSec=2
        TimeoutStopSec=90
        LimitNOFILE=100000
        LimitCORE=0
        LimitRTPRIO=infinity
        LimitRTTIME=infinity
        NoNewPrivileges=true
        PrivateTmp=true
        ProtectHome=true

        [Install]
        WantedBy=multi-user.target

        """#
}
