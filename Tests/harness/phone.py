"""A phone: SIPp registers with a secret, and another SIPp challenges it as a switch would. Needs the package sip-tester."""

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from .places import free_port

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
    return {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', header)}


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
