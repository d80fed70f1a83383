extension NodeBundle {
    /// A script that says whether the node is what the bundle describes: exit status 0 and one line per finding.
    func selfCheck() throws(SwitchDocument.UnsafeValue) -> String {
        let words =
            endpoints.controlPlanes + [switchname, endpoints.eventSocketAddress]
            + [settings.certificateDirectory].compactMap(\.self)
        guard words.allSatisfy({ SwitchValue.word($0).text != nil }) else {
            throw SwitchDocument.UnsafeValue(element: "self-check", attribute: "endpoint")
        }
        return Self.script
            .replacing("@URLS@", with: endpoints.controlPlanes.joined(separator: " "))
            .replacing("@SWITCHNAME@", with: switchname)
            .replacing("@ADDRESS@", with: Self.reachable(endpoints.eventSocketAddress))
            .replacing("@PORT@", with: "\(endpoints.eventSocketPort)")
            .replacing("@MODULES@", with: Self.moduleNames.map { "\($0)" }.joined(separator: " "))
            .replacing("@PROFILES@", with: SofiaConfiguration.profileNames(settings).joined(separator: " "))
            .replacing("@EMERGENCY@", with: settings.emergencyProxy == nil ? "" : "\(settings.emergencyPort)")
            .replacing("@CERTIFICATES@", with: settings.certificateDirectory ?? "")
            .replacing("@AUTHORITY@", with: endpoints.authorityFile ?? "")
    }

    private static func reachable(_ address: String) -> String {
        address == "0.0.0.0" || address == "::" ? "127.0.0.1" : address
    }

    private static let script = #"""
        #!/bin/sh
        # Checks this FreeSWITCH node: its files, its modules, its SIP profiles and the way to the control plane.
        # Run it on the node as the user that runs FreeSWITCH. Exit status 0: everything is as it should be.
        set -u
        here=$(cd "$(dirname "$0")" && pwd)
        failed=0

        good() { printf 'ok      %s\n' "$1"; }
        note() { printf 'note    %s\n' "$1"; }
        bad() { printf 'FAILED  %s\n' "$1"; failed=1; }
        check() { if [ "$1" = 0 ]; then good "$2"; else bad "$2"; fi; }
        secret() { sed -n "s/.*data=\"$1=\([^\"]*\)\".*/\1/p" "$here/secrets.xml"; }
        ask() { fs_cli -H @ADDRESS@ -P @PORT@ -p "$(secret voice_esl_password)" -x "$1" 2>/dev/null; }

        # Files: no user of the vanilla configuration, no password that everybody knows, secrets for the owner alone.
        ! grep -rEq --include='*.xml' '<user[^>]*id="10[01][0-9]"' "$here"
        check $? 'no users 1000 to 1019'
        ! grep -rEq --include='*.xml' 'default_password|ClueCon|value="1234"' "$here"
        check $? 'no default password'
        mode=$(stat -c %a "$here/secrets.xml" 2>/dev/null || stat -f %Lp "$here/secrets.xml")
        [ "$mode" = 600 ]
        check $? "secrets.xml is readable by its owner alone (mode $mode)"

        certificates='@CERTIFICATES@'
        if [ -n "$certificates" ]; then
            openssl x509 -in "$certificates/agent.pem" -noout -checkend 604800 >/dev/null 2>&1
            check $? "the certificate $certificates/agent.pem holds for another week"
            [ -r "$certificates/cafile.pem" ]
            check $? "$certificates/cafile.pem can be read"
        fi

        # The running switch.
        if ask 'status' | grep -q 'is ready'; then
            good 'event socket answers'
            [ "$(ask switchname | tr -d '\r\n')" = '@SWITCHNAME@' ]
            check $? 'switchname is @SWITCHNAME@'
            for module in @MODULES@; do
                [ "$(ask "module_exists $module" | tr -d '\r\n')" = true ]
                check $? "module $module"
            done
            for profile in @PROFILES@; do
                ask 'sofia status' | grep -Eq "^ *${profile}[[:space:]]+profile.*RUNNING"
                check $? "SIP profile $profile runs"
                if [ -n "$certificates" ] && [ "$profile" != emergency ]; then
                    ask 'sofia status' | grep -Eq "^ *${profile}[[:space:]]+profile.*TLS"
                    check $? "SIP profile $profile takes calls over TLS"
                fi
            done
            emergency='@EMERGENCY@'
            if [ -n "$emergency" ]; then
                ask 'sofia status' | grep -Eq '^ *external::emergency[[:space:]]+gateway.*NOREG'
                check $? "emergency calls from port $emergency have a carrier"
            else
                note 'no emergency_proxy: nobody can call for help while the control plane is away'
            fi
            ask 'system true' | grep -q 'Command not found'
            check $? 'no program can be started from a dialplan (FreeSWITCH 1.11 or later)'
            unsent=$(ask 'global_getvar db_dir' | tr -d '\r\n')/json_cdr_unsent
            if [ -d "$unsent" ]; then
                waiting=$(find "$unsent" -type f | wc -l | tr -d ' ')
                [ "$waiting" = 0 ]
                check $? "no call record waits in $unsent ($waiting)"
            else
                bad "$unsent is there"
            fi
            written=$(ask 'global_getvar log_dir' | tr -d '\r\n')/json_cdr
            old=$(find "$written" -type f -mmin +30 2>/dev/null | wc -l | tr -d ' ')
            [ "$old" = 0 ]
            check $? "sweep.sh runs: no call record lies in $written for half an hour ($old)"
        else
            bad 'event socket answers'
        fi

        # The control plane: with the credentials it answers, without them it does not.
        question='hostname=@SWITCHNAME@&section=configuration&tag_name=configuration&key_name=name&key_value=acl.conf'
        authority='@AUTHORITY@'
        for url in @URLS@; do
            body=$(printf 'user = "%s:%s"\n' "$(secret voice_user)" "$(secret voice_xml_secret)" |
                curl -sS --max-time 5 ${authority:+--cacert "$authority"} -K - --data "$question" "$url/fs/xml")
            printf '%s' "$body" | grep -q 'freeswitch/xml'
            check $? "$url answers the configuration"
            status=$(curl -sS --max-time 5 ${authority:+--cacert "$authority"} -o /dev/null -w '%{http_code}' \
                --data "$question" "$url/fs/xml")
            [ "$status" = 401 ]
            check $? "$url refuses who has no credentials"
            status=$(curl -sS --max-time 5 ${authority:+--cacert "$authority"} -o /dev/null -w '%{http_code}' \
                --data '{}' "$url/fs/cdr/json")
            [ "$status" = 401 ]
            check $? "$url takes no call record from who has no credentials"
        done
        exit $failed

        """#
}
