"""What a real SIP stack computes from a secret is what the service lets a switch check."""

import re
from urllib.parse import quote

import pytest
from harness.phone import register
from harness.places import wait_until
from harness.switch import exchange, md5, recorded, with_length
from harness.telephony import SECRETS, Telephony


@pytest.fixture(scope="module")
def telephony(quiet):
    world = Telephony(quiet.copy("phones"), "phones")
    yield world
    world.close()


def asked(telephony, user: str, host: str, shown: dict[str, str]) -> str | None:
    """The hash that the service gives a switch for this registration, asked for as FreeSWITCH asks."""
    head, body = telephony.node.prepared(recorded("directory-sip_auth-REGISTER")).split(b"\r\n\r\n", 1)
    fields = dict(pair.split("=", 1) for pair in body.decode().split("&"))
    fields |= {name: quote(value, safe="") for name, value in {
        "key_value": shown["realm"], "user": shown["username"], "domain": shown["realm"],
        "sip_auth_username": shown["username"], "sip_auth_realm": shown["realm"], "sip_auth_nonce": shown["nonce"],
        "sip_auth_uri": shown["uri"], "sip_auth_qop": shown["qop"], "sip_auth_cnonce": shown["cnonce"],
        "sip_auth_nc": shown["nc"], "sip_auth_response": shown["response"], "sip_to_user": user, "sip_to_host": host,
        "sip_from_user": user, "sip_from_host": host, "sip_contact_user": user, "sip_request_host": host}.items()}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    answer = exchange(telephony.node.port, with_length(head, body))
    assert answer.status == 200
    found = re.search('"a1-hash" value="([0-9a-f]{32})"', answer.text)
    return found.group(1) if found else None


def proves(shown: dict[str, str], a1: str) -> bool:
    """As FreeSWITCH checks it (RFC 2617 with qop=auth)."""
    a2 = md5(f"REGISTER:{shown['uri']}")
    return shown["response"] == md5(f"{a1}:{shown['nonce']}:{shown['nc']}:{shown['cnonce']}:{shown['qop']}:{a2}")


def test_a_phone_with_its_secret_is_let_in_and_one_without_is_not(telephony, tmp_path):
    shown = register(tmp_path / "right", "1001", "t1.voice.test", SECRETS[1, 1001])
    assert proves(shown, asked(telephony, "1001", "t1.voice.test", shown))
    wrong = register(tmp_path / "wrong", "1001", "t1.voice.test", "not-the-secret")
    assert not proves(wrong, asked(telephony, "1001", "t1.voice.test", wrong))


def test_a_phone_cannot_register_in_the_domain_of_another_tenant(telephony, tmp_path):
    """The realm is the client's to choose: its own secret is right, and still nobody is found."""
    shown = register(tmp_path / "other", "1001", "t1.voice.test", SECRETS[2, 1001], realm="t2.voice.test")
    assert proves(shown, telephony.a1(2, 1001))
    assert asked(telephony, "1001", "t1.voice.test", shown) is None


def test_both_secrets_work_while_one_replaces_the_other(telephony, tmp_path):
    new = md5("the next secret of the phone")
    path = telephony.path(1, f"users/{telephony.users[1, 1002]}")
    telephony.api.post(f"{path}:rotate", {"secret": new})
    old = register(tmp_path / "old", "1002", "t1.voice.test", SECRETS[1, 1002])
    fresh = register(tmp_path / "new", "1002", "t1.voice.test", new)
    wait_until(lambda: proves(fresh, asked(telephony, "1002", "t1.voice.test", fresh)), 4, "the new secret", 0.01)
    assert proves(old, asked(telephony, "1002", "t1.voice.test", old))
    telephony.api.post(f"{path}:retire", {})
    wait_until(lambda: not proves(old, asked(telephony, "1002", "t1.voice.test", old)), 4, "the end of the old one", 0.01)
    assert proves(fresh, asked(telephony, "1002", "t1.voice.test", fresh))
