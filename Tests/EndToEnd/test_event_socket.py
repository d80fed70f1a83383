"""The event socket of a node, played back from what a real one sent: live calls, phones, carriers, a broken connection."""

import json
import re
import time

import pytest
from harness.cluster import typed
from harness.places import wait_until
from harness.product import run
from harness.switch import EventSocket
from harness.telephony import Telephony

FIRST, SECOND = "2f2a540c-bc79-414e-a966-b76e19d5be97", "25618d42-fb3e-458e-9d63-a23f274679b4"
SOFIA_STATUS = """\
            t1.voice.test\t  alias\t                                  internal\tALIASED
                 external\tprofile\t              sip:mod_sofia@127.0.0.1:5080\tRUNNING (0)
                 internal\tprofile\t              sip:mod_sofia@127.0.0.1:5060\tRUNNING (0)
"""


@pytest.fixture(scope="module")
def telephony(quiet):
    world = Telephony(quiet.copy("event_socket"), "event-socket")
    yield world
    world.close()


@pytest.fixture(scope="module")
def peer(telephony, tmp_path_factory):
    """The node with the password that its bundle of files says."""
    socket = EventSocket("")
    socket.answers["sofia status"] = SOFIA_STATUS
    out = tmp_path_factory.mktemp("node") / "files"
    done = run(
        "voice", "node-config", "fs1", "--url", telephony.service.address, "--out", str(out),
        "--event-socket-port", str(socket.port),
        environment=telephony.installation.environment(CONTROLPLANE_KEK=telephony.kek))
    assert done.returncode == 0, done.stdout + done.stderr
    socket.password = re.search(r'data="voice_esl_password=([^"]+)"', (out / "secrets.xml").read_text()).group(1)
    wait_until(lambda: socket.connections, 60, f"the service to connect; it said {socket.heard}")
    yield socket
    socket.close()


def live(telephony, number: int = 1) -> dict[str, dict]:
    return {call["leg_id"]: call for call in telephony.get(number, "live_calls")["calls"]}


def leg(uuid: str) -> str:
    return typed("leg", uuid)


def test_it_signs_in_subscribes_and_asks_what_is_there(peer):
    assert peer.heard[0] == f"auth {peer.password}"
    assert peer.heard[1].startswith("event ")
    wait_until(lambda: "api sofia status" in peer.heard, 20, "all questions")
    assert "api show channels as json" in peer.heard and "api show registrations as json" in peer.heard


def test_it_is_told_what_it_would_not_ask_for(telephony, peer):
    rescan = "bgapi sofia profile external rescan"
    wait_until(lambda: rescan in peer.heard and "bgapi reloadacl" in peer.heard, 20, "a look at everything after a start")
    telephony.api.send("PUT", telephony.path(1, f"users/{telephony.users[1, 1002]}"), expect=200, json={
        "name": "1002", "display_name": "Another name"})
    wait_until(lambda: "api xml_flush_cache id 1002 t1.voice.test" in peer.heard, 20, "the user to be forgotten")
    reloads = peer.heard.count("bgapi reloadacl")
    telephony.api.send("PUT", telephony.path(1, f"trunks/{telephony.trunks[1]}"), expect=200, json={
        "display_name": "Carrier", "proxy": "127.0.0.1:5999", "allowed_addresses": ["127.0.0.0/16", "192.0.2.0/24"]})
    kill = f"api sofia profile external killgw {telephony.trunks[1]}"
    wait_until(lambda: kill in peer.heard and rescan in peer.heard[peer.heard.index(kill):], 20, "another gateway")
    assert peer.heard.count("bgapi reloadacl") > reloads


def test_a_call_is_seen_from_its_beginning_to_its_end(telephony, peer):
    assert live(telephony) == {}
    for event in ("CHANNEL_CREATE.internal.a", "CHANNEL_CREATE.internal.b"):
        peer.play("plain." + event, telephony.names)
    calls = wait_until(lambda: len(live(telephony)) == 2 and live(telephony), 20, "two legs that ring")
    assert set(calls) == {leg(FIRST), leg(SECOND)}
    assert all(call.get("answered_at") is None and call["is_current"] for call in calls.values())
    for event in ("CHANNEL_ANSWER.internal.b", "CHANNEL_ANSWER.internal.a"):
        peer.play("plain." + event, telephony.names)
    calls = wait_until(
        lambda: all(call.get("answered_at") for call in live(telephony).values()) and live(telephony), 20, "an answer")
    assert calls[leg(FIRST)]["answered_at"] == "2026-11-21T11:14:34.798902Z"
    assert calls[leg(FIRST)]["side"] == "inbound" and calls[leg(SECOND)]["side"] == "outbound"
    assert live(telephony, 2) == {}, "another tenant's"
    for name in ("a", "b"):
        peer.play(f"plain.CHANNEL_HANGUP_COMPLETE.internal.{name}", telephony.names)
        peer.play(f"plain.CHANNEL_DESTROY.internal.{name}", telephony.names)
    wait_until(lambda: live(telephony) == {}, 20, "the end of both")


def test_a_call_is_ended_from_here(telephony, peer):
    peer.play("plain.CHANNEL_CREATE.internal.a", telephony.names)
    peer.play("plain.CHANNEL_ANSWER.internal.a", telephony.names)
    wait_until(lambda: live(telephony), 20, "the leg")
    answer = telephony.api.send("POST", telephony.path(1, f"live_calls/{leg(FIRST)}:end"), expect=200).json()
    assert answer["answer"].startswith("+OK")
    assert f"api uuid_kill {FIRST} NORMAL_CLEARING" in peer.heard
    other = telephony.api.send("POST", telephony.path(2, f"live_calls/{leg(FIRST)}:end"))
    assert other.status_code == 409 and other.json()["reason"] == "CALL_NOT_LIVE"
    peer.play("plain.CHANNEL_HANGUP_COMPLETE.internal.a", telephony.names)
    peer.play("plain.CHANNEL_DESTROY.internal.a", telephony.names)
    wait_until(lambda: live(telephony) == {}, 20, "its end")


def test_phones_are_listed_and_a_hijacked_one_is_put_out(telephony, peer):
    peer.play("plain.CUSTOM.sofia-register", telephony.names)
    found = wait_until(lambda: telephony.get(1, "registrations")["registrations"], 20, "a phone")
    assert [(one["user"], one["domain"]) for one in found] == [("1001", "t1.voice.test")]
    peer.play("plain.CUSTOM.sofia-register.cross-domain", telephony.names)
    wait_until(
        lambda: any("flush_inbound_reg" in line for line in peer.heard), 20, "the registration to be taken away")


def test_a_refused_login_is_shown_to_its_tenant_alone(telephony, peer):
    peer.play("plain.CUSTOM.sofia-register_failure.REGISTER", telephony.names)

    def refused(number):
        return [(one["user"], one["network_address"]) for one in telephony.get(number, "refused_logins")["refused_logins"]
                if one["reason"] == "wrong_secret"]

    wait_until(lambda: ("1001", "127.0.0.1") in refused(1), 20, "the refused login")
    assert refused(2) == []


def test_after_a_broken_connection_the_list_of_the_node_is_true(telephony, peer):
    peer.play("plain.CHANNEL_CREATE.internal.a", telephony.names)
    wait_until(lambda: set(live(telephony)) == {leg(FIRST)}, 20, "one leg")
    other = "0e1e9c1c-7c5c-4d2f-9a5f-3d1f0c9b1a11"
    peer.answers["show channels as json"] = json.dumps({"row_count": 1, "rows": [{
        "uuid": other, "direction": "outbound", "created_epoch": "1795259674", "cid_num": "1001",
        "dest": "15551230001", "callstate": "ACTIVE"}]})
    peer.answers[f"uuid_dump {other} json"] = json.dumps({
        "Event-Name": "CHANNEL_DATA", "Unique-ID": other, "Call-Direction": "outbound",
        "Caller-Channel-Answered-Time": "1795259675000000", "variable_tenant_id": telephony.tenants[1],
        "variable_sip_gateway_name": telephony.trunks[1], "variable_call_class": "outbound"})
    asked = peer.heard.count("api show channels as json")
    peer.hang_up()
    calls = wait_until(lambda: set(live(telephony)) == {leg(other)} and live(telephony), 60, "the other leg alone")
    assert peer.heard.count("api show channels as json") == asked + 1
    assert calls[leg(other)]["gateway"] == telephony.trunks[1] and calls[leg(other)]["is_current"]
    # nobody saw the end of the first one: it is one of the calls whose record has to come
    gaps = wait_until(
        lambda: telephony.api.get(
            "/v1/voice/completeness", month="2026-11", tenant_id=telephony.tenants[1])["tenants"][0]["gaps"],
        20, "the proof of completeness")
    assert leg(FIRST) in [gap["leg_id"] for gap in gaps if gap["is_lost"]]


def test_a_node_that_cannot_be_asked_keeps_its_calls(telephony, peer):
    before = set(live(telephony))
    assert before
    peer.password = "another"
    peer.hang_up()
    stale = wait_until(
        lambda: telephony.get(1, "live_calls")["unreachable_nodes"] and telephony.get(1, "live_calls"), 60,
        "the node to be away")
    time.sleep(1)
    assert {call["leg_id"] for call in stale["calls"]} == before
    assert not any(call["is_current"] for call in stale["calls"])
