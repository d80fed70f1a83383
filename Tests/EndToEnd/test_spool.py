"""Call records that a node kept on disk: they come all the same, each once, and nothing is lost while nobody takes them."""

import base64
import os
import re
import subprocess
import uuid
from pathlib import Path

import pytest
from harness.places import free_port, wait_until
from harness.product import Installation, run
from harness.switch import SwitchNode, percent_encoded
from harness.telephony import Telephony

BROKEN = b'{"variables": {"uuid": '


@pytest.fixture(scope="module")
def telephony(fragile, quiet):
    world = Telephony(Installation(fragile, quiet.database).copy("spool"), "spool")
    yield world
    if fragile.process.poll() is not None:
        fragile.start()
    world.close()


class Node:
    """The files of `fs1` where they lie on the node, and the two folders of FreeSWITCH."""

    def __init__(self, telephony, place: Path):
        self.files, self.state, self.log = place / "voice-node", place / "state", place / "log"
        self.unsent, self.written = self.state / "db/json_cdr_unsent", self.log / "json_cdr"
        for folder in (self.unsent, self.written):
            folder.mkdir(parents=True)
        # nobody listens at the first of the two control planes
        done = run(
            "voice", "node-config", "fs1", "--url", f"http://127.0.0.1:{free_port()}", "--url",
            telephony.service.address, "--out", str(self.files), "--node-directory", str(self.files),
            environment=telephony.installation.environment(CONTROLPLANE_KEK=telephony.kek))
        assert done.returncode == 0, done.stdout + done.stderr
        unit = (self.files / "systemd/voice-sweep.service").read_text()
        self.command = re.search(r"^ExecStart=(\S+)$", unit, re.M).group(1)
        secrets = (self.files / "secrets.xml").read_text()
        known = SwitchNode(telephony.service.port, "fs1", {
            f"{name}_secret": re.search(f'data="{key}=([^"]+)"', secrets).group(1)
            for name, key in (("configuration", "voice_xml_secret"), ("records", "voice_cdr_secret"))})
        wait_until(lambda: known.replay("directory-user_call").status == 200, 20, "the new passwords to be known")

    def sweep(self) -> subprocess.CompletedProcess:
        """What the timer of the bundle starts."""
        return subprocess.run(
            [self.command], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "VOICE_STATE": str(self.state), "VOICE_LOG": str(self.log)})


@pytest.fixture(scope="module")
def node(telephony, tmp_path_factory):
    return Node(telephony, tmp_path_factory.mktemp("node"))


def keep(folder: Path, name: str, body: bytes, minutes: float = 60) -> Path:
    """A file that was written so long ago."""
    path = folder / name
    path.write_bytes(body)
    now = path.stat().st_mtime
    os.utime(path, (now - 60 * minutes, now - 60 * minutes))
    return path


def kept_records(telephony, folder: Path, count: int, milliseconds: int = 1_001) -> set[str]:
    legs = {str(uuid.uuid4()) for _ in range(count)}
    for leg in legs:
        keep(folder, f"{leg}.cdr.json", telephony.carrier_leg(leg, milliseconds) + b"\n")
    return legs


def stored(telephony) -> dict[str, int]:
    rows = telephony.installation.query("select leg_id, milliseconds from app.call_leg")
    return {leg: int(milliseconds) for leg, milliseconds in rows}


def assert_counted_once(telephony):
    """What was booked is usage and receipts, to the millisecond."""
    total = sum(stored(telephony).values())
    for sql in ("select sum(quantity) from app.usage_event where meter = 'voice'",
                "select sum(milliseconds) from app.call_receipt"):
        assert telephony.installation.query(sql) == [[str(total)]], sql


def open_quarantine(telephony) -> list[bytes]:
    items = telephony.api.all("/v1/voice/quarantine", state="open")
    return [telephony.api.send("GET", f"/v1/voice/quarantine/{item['quarantine_id']}/body", expect=200).content
            for item in items]


def discard_quarantine(telephony):
    for item in telephony.api.all("/v1/voice/quarantine", state="open"):
        telephony.api.send("POST", f"/v1/voice/quarantine/{item['quarantine_id']}:discard", expect=200)


def sweep(telephony, folder: Path) -> subprocess.CompletedProcess:
    return telephony.installation.command("voice", "sweep", str(folder), "--node", "fs1")


# The command, for folders that the service can reach


def test_every_form_of_an_error_folder_is_booked_once(telephony, tmp_path):
    """As FreeSWITCH writes them: the body and a line feed, with an encoding the encoded text without `cdr=`."""
    legs = [str(uuid.uuid4()) for _ in range(6)]
    json = [telephony.carrier_leg(leg, 1_000 + number) for number, leg in enumerate(legs)]
    xml = [telephony.carrier_leg(leg, 1_000 + number, "xml") for number, leg in enumerate(legs)]
    keep(tmp_path, f"{legs[0]}.cdr.json", json[0] + b"\n")
    keep(tmp_path, f"{legs[1]}.cdr.json", percent_encoded(json[1]) + b"\n")
    keep(tmp_path, f"{legs[2]}.cdr.json", base64.b64encode(json[2]) + b"\n")
    keep(tmp_path, f"a_{legs[3]}.cdr.xml", percent_encoded(xml[3]))
    keep(tmp_path, f"{legs[4]}.cdr.xml", xml[4])
    # delivered before, and a second time in the other form
    assert telephony.node.deliver(json[5], uuid=legs[5]).text == "stored\n"
    keep(tmp_path, f"{legs[5]}.cdr.json", json[5] + b"\n")
    keep(tmp_path, f"{legs[0]}.cdr.xml", xml[0])
    keep(tmp_path, "broken.cdr.json", BROKEN)
    left = {keep(tmp_path, "core.1234", b"{}"), keep(tmp_path, "written-now.cdr.json", b'{"vari', 0),
            keep(tmp_path, "huge.cdr.json", b" " * 1_048_577)}
    done = sweep(telephony, tmp_path)
    assert done.returncode == 1 and "left: huge.cdr.json" in done.stdout, done.stdout + done.stderr
    assert "5 booked, 2 known, 0 dismissed, 1 quarantined, 1 left, 2 skipped." in done.stdout
    assert set(tmp_path.iterdir()) == left
    assert stored(telephony) == {leg: 1_000 + number for number, leg in enumerate(legs)}
    assert_counted_once(telephony)
    assert open_quarantine(telephony) == [BROKEN]
    discard_quarantine(telephony)


def test_a_sweep_that_is_killed_goes_on_where_it_was(telephony, tmp_path):
    legs = kept_records(telephony, tmp_path, 200)
    running = telephony.installation.spawn("voice", "sweep", str(tmp_path), "--node", "fs1")
    wait_until(lambda: len(list(tmp_path.iterdir())) < 190, 60, "the first records to be booked", 0.001)
    running.kill()
    running.communicate()
    left = {path.name.split(".", 1)[0] for path in tmp_path.iterdir()}
    assert left and legs - left <= stored(telephony).keys(), "a file went without its record"
    done = sweep(telephony, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list(tmp_path.iterdir()) and legs <= stored(telephony).keys()
    assert_counted_once(telephony)


def test_a_sweep_without_a_database_takes_nothing_away(telephony, fragile, tmp_path):
    legs = kept_records(telephony, tmp_path, 3)
    fragile.kill()
    try:
        done = sweep(telephony, tmp_path)
        assert done.returncode != 0
        assert len(list(tmp_path.iterdir())) == 3
    finally:
        fragile.start()
    done = sweep(telephony, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list(tmp_path.iterdir()) and legs <= stored(telephony).keys()
    assert_counted_once(telephony)


# What the timer of the bundle starts, over HTTP with the password of the node


def test_the_bundle_delivers_what_the_node_kept(telephony, node):
    legs = kept_records(telephony, node.unsent, 3)
    legs |= kept_records(telephony, node.written, 2)
    sent = str(uuid.uuid4())
    body = telephony.carrier_leg(sent, 2_002)
    assert telephony.node.deliver(body, uuid=sent).text == "stored\n"
    keep(node.written, f"{sent}.cdr.json", body)
    # what a person discarded stays discarded, so this is another one
    torn = body[:4_000]
    keep(node.unsent, "torn.cdr.json", torn)
    # may still be written, or be on its way
    left = {keep(node.unsent, f"{uuid.uuid4()}.cdr.json", b'{"vari', 0.2),
            keep(node.written, f"{uuid.uuid4()}.cdr.json", b"{}", 8), keep(node.unsent, "notes.txt", b"")}
    done = node.sweep()
    assert done.returncode == 0, done.stderr
    assert {*node.unsent.iterdir(), *node.written.iterdir()} == left
    assert legs | {sent} <= stored(telephony).keys()
    assert_counted_once(telephony)
    assert open_quarantine(telephony) == [torn]
    discard_quarantine(telephony)
    for path in left:
        path.unlink()


def test_nothing_is_lost_while_nobody_takes_records(telephony, node, fragile):
    legs = kept_records(telephony, node.unsent, 4) | kept_records(telephony, node.written, 4)

    def kept() -> int:
        return len(list(node.unsent.iterdir())) + len(list(node.written.iterdir()))

    telephony.service.kill()
    done = node.sweep()
    assert done.returncode == 1 and "nobody takes call records now" in done.stderr and kept() == 8
    telephony.service.start()
    fragile.kill()
    try:
        done = node.sweep()
        assert done.returncode == 1 and kept() == 8, done.stderr
    finally:
        fragile.start()

    def swept() -> bool:
        return node.sweep().returncode == 0

    wait_until(swept, 60, "the service to take records again", 1)
    assert kept() == 0 and legs <= stored(telephony).keys()
    assert_counted_once(telephony)


def test_a_wrong_password_keeps_every_file(telephony, node):
    legs = kept_records(telephony, node.unsent, 2)
    secrets = node.files / "secrets.xml"
    right = secrets.read_text()
    secrets.write_text(re.sub(r'(data="voice_cdr_secret=)[^"]+', r"\1another", right))
    done = node.sweep()
    assert done.returncode == 1 and done.stderr.count("was not taken") == 2
    assert len(list(node.unsent.iterdir())) == 2 and not legs & stored(telephony).keys()
    secrets.write_text(right)
    assert node.sweep().returncode == 0
    assert not list(node.unsent.iterdir()) and legs <= stored(telephony).keys()
    assert_counted_once(telephony)
