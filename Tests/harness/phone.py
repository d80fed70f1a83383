"""A phone: SIPp registers and calls with a secret. Needs the package sip-tester.

To register, another SIPp challenges it as a switch would; calls go to a `SIPSwitch`.
"""

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from .places import free_port
from .sip_switch import digest_fields

CHALLENGE = """<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="challenge">
  <recv request="REGISTER"/>
  <send><![CDATA[
SIP/2.0 401 Unauthorized
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
WWW-Authenticate: Digest realm="{realm}", nonce="{nonce}", algorithm=MD5, qop="auth"
Content-Length: 0

]]></send>
  <recv request="REGISTER"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:{user}@127.0.0.1>;expires=60
Content-Length: 0

]]></send>
</scenario>
"""
REQUEST = """REGISTER sip:{host} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{user}@{host}>;tag=[call_number]
To: <sip:{user}@{host}>
Call-ID: [call_id]
CSeq: {number} REGISTER
Contact: <sip:{user}@[local_ip]:[local_port]>
{authentication}Max-Forwards: 70
Expires: 60
Content-Length: 0

"""
REGISTER = """<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="register">
  <send retrans="500"><![CDATA[
{first}]]></send>
  <recv response="401" auth="true"/>
  <send retrans="500"><![CDATA[
{second}]]></send>
  <recv response="200"/>
</scenario>
"""


def register(directory: Path, user: str, host: str, secret: str, realm: str | None = None) -> dict[str, str]:
    """Lets a phone register `user@host` with its secret for `realm`; returns what it wrote into `Authorization`."""
    sipp = shutil.which("sipp")
    assert sipp, "SIPp is missing; run scripts/setup --tests"
    directory.mkdir(exist_ok=True)
    realm = realm or host
    second = f"[authentication username={user} password={secret}]\n"
    (directory / "challenge.xml").write_text(CHALLENGE.format(realm=realm, nonce="08b06565-4fa7-4a80", user=user))
    (directory / "register.xml").write_text(REGISTER.format(
        first=REQUEST.format(host=host, user=user, number=1, authentication=""),
        second=REQUEST.format(host=host, user=user, number=2, authentication=second)))
    switch_port, phone_port = free_port(), free_port()
    log = directory / "messages.log"
    common = ["-i", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "20s"]
    switch = subprocess.Popen(
        [sipp, "-sf", "challenge.xml", "-p", str(switch_port), "-trace_msg", "-message_file", log, *common],
        cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(switch_port)
        phone = subprocess.run(
            [sipp, "-sf", "register.xml", "-p", str(phone_port), *common, f"127.0.0.1:{switch_port}"], cwd=directory,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        assert phone.returncode == 0, phone.stdout[-2000:] + phone.stderr
        assert switch.wait(30) == 0
    finally:
        if switch.poll() is None:
            switch.kill()
    header = re.search(r"^Authorization: Digest (.+)$", log.read_text(), re.M | re.I).group(1)
    return digest_fields(header)


MESSAGE = """{method} sip:{dialled}@{host} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{user}@{host}>;tag=[call_number]
To: <sip:{dialled}@{host}>[peer_tag_param]
Call-ID: [call_id]
CSeq: {number} {method}
Contact: <sip:{user}@[local_ip]:[local_port]>
{authentication}Max-Forwards: 70
"""
NO_BODY = "Content-Length: 0\n\n"
OFFER = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=phone 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 20040 RTP/AVP 0
"""


def call(directory: Path, port: int, user: str, host: str, secret: str, dialled: str, answer: int):
    """Lets a phone call over the switch at this port, and hang up at once; fails unless that answers so."""
    sipp = shutil.which("sipp")
    assert sipp, "SIPp is missing; run scripts/setup --tests"
    directory.mkdir(exist_ok=True)

    def send(method: str, number: int, body: str = NO_BODY, authentication: str = "") -> str:
        text = MESSAGE.format(method=method, number=number, authentication=authentication, user=user, host=host,
                              dialled=dialled)
        # nobody answers an ACK
        again = "" if method == "ACK" else ' retrans="500"'
        return f"<send{again}><![CDATA[\n{text}{body}]]></send>"

    steps = [
        send("INVITE", 1, OFFER), '<recv response="407" auth="true"/>', send("ACK", 1),
        send("INVITE", 2, OFFER, f"[authentication username={user} password={secret}]\n"),
        '<recv response="180" optional="true"/>', f'<recv response="{answer}"/>', send("ACK", 2),
        *([send("BYE", 3), '<recv response="200"/>'] if answer == 200 else []),
    ]
    (directory / "call.xml").write_text(
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="call">\n' + "\n".join(steps) + "\n</scenario>\n")
    phone = subprocess.run(
        [sipp, "-sf", "call.xml", "-p", str(free_port()), "-i", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "20s",
         "-trace_err", "-error_file", "errors.log", f"127.0.0.1:{port}"],
        cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    errors = directory / "errors.log"
    assert phone.returncode == 0, errors.read_text()[-2000:] if errors.exists() else phone.stdout[-2000:] + phone.stderr


def wait_for(port: int):
    """Until somebody listens for datagrams there."""
    for _ in range(200):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return
        time.sleep(0.02)
    raise AssertionError("SIPp does not listen")
