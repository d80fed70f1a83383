extension NodeBundle {
    /// Where the bundle lies on a node unless somebody says otherwise.
    package static let usualDirectory = "/etc/voice-node"
    /// Where a node keeps what it has to remember, and what it tells; `start.sh` makes both.
    private static let state = "/var/lib/voice-node"
    private static let log = "/var/log/voice-node"

    /// What starts the node and delivers the records that it kept, by hand and by systemd.
    func services() throws(SwitchDocument.UnsafeValue) -> [File] {
        guard directory.hasPrefix("/"), !directory.hasSuffix("/"), SwitchValue.word(directory).text != nil else {
            throw SwitchDocument.UnsafeValue(element: "systemd", attribute: "directory")
        }
        return [
            File(path: "start.sh", text: filled(Self.startScript), kind: .script),
            File(path: "sweep.sh", text: filled(Self.sweepScript), kind: .script),
            File(path: "systemd/voice-node.service", text: filled(Self.nodeUnit), kind: .plain),
            File(path: "systemd/voice-sweep.service", text: filled(Self.sweepUnit), kind: .plain),
            File(path: "systemd/voice-sweep.timer", text: Self.sweepTimer, kind: .plain),
        ]
    }

    /// A text with the places of this node in it.
    private func filled(_ text: String) -> String {
        text.replacing("@DIRECTORY@", with: directory).replacing("@STATE@", with: Self.state)
            .replacing("@LOG@", with: Self.log)
            .replacing("@URLS@", with: endpoints.controlPlanes.joined(separator: " "))
            .replacing("@AUTHORITY@", with: endpoints.authorityFile ?? "")
    }

    /// FreeSWITCH gives up on a record after four attempts and looks at it never again, and one that dies has told nobody of
    /// what it wrote just before. What it did deliver is delivered a second time, which books nothing: no file says which.
    private static let sweepScript = #"""
        #!/bin/sh
        # Delivers the call records that FreeSWITCH kept on disk and deletes those that were taken: what it could not
        # deliver, and, ten minutes old, what it wrote before it delivered it. A record is booked once however often it comes.
        # Run it as the user that runs FreeSWITCH, also while FreeSWITCH is down. Exit status 0: nothing has to come back.
        set -u
        here=$(cd "$(dirname "$0")" && pwd)
        authority='@AUTHORITY@'
        secret() { sed -n "s/.*data=\"$1=\([^\"]*\)\".*/\1/p" "$here/secrets.xml"; }
        credentials="user = \"$(secret voice_user):$(secret voice_cdr_secret)\""
        failed=0

        # 0: taken; 1: this one was not taken; 2: nobody answered.
        deliver() {
            result=2
            for url in @URLS@; do
                status=$(printf '%s\n' "$credentials" |
                    curl -sS --max-time 30 ${authority:+--cacert "$authority"} -K - -o /dev/null -w '%{http_code}' \
                        -H 'Content-Type: application/json' --data-binary @"$1" "$url/fs/cdr/json")
                case $status in
                2??) return 0 ;;
                000 | '') ;;
                *) result=1 ;;
                esac
            done
            return $result
        }

        # sweep FOLDER MINUTES
        sweep() {
            for file in "$1"/*.cdr.json; do
                [ -n "$(find "$file" -type f -mmin "+$2" 2>/dev/null)" ] || continue
                deliver "$file"
                case $? in
                0) rm -- "$file" ;;
                1) failed=1; printf '%s was not taken\n' "$file" >&2 ;;
                *) printf 'nobody takes call records now\n' >&2; exit 1 ;;
                esac
            done
        }

        sweep "${VOICE_STATE:-@STATE@}/db/json_cdr_unsent" 1
        sweep "${VOICE_LOG:-@LOG@}/json_cdr" 10
        exit $failed

        """#

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

    private static let sweepUnit = #"""
        [Unit]
        Description=Deliver the call records that FreeSWITCH kept
        Wants=network-online.target
        After=network-online.target

        [Service]
        Type=oneshot
        User=freeswitch
        Group=freeswitch
        ExecStart=@DIRECTORY@/sweep.sh
        NoNewPrivileges=true
        PrivateTmp=true
        ProtectHome=true

        """#

    private static let sweepTimer = #"""
        [Unit]
        Description=Deliver the call records that FreeSWITCH kept, every five minutes

        [Timer]
        OnBootSec=2min
        OnUnitActiveSec=5min
        RandomizedDelaySec=30

        [Install]
        WantedBy=timers.target

        """#
}
