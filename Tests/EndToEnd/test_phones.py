"""What a real SIP stack computes from a secret is what the service lets a switch check."""

import pytest
from harness.phone import call, register
from harness.places import wait_until
from harness.sip_switch import SIPSwitch, login, proves
from harness.switch import md5
from harness.telephony import SECRETS, Telephony


@pytest.fixture(scope="module")
def telephony(quiet):
    world = Telephony(quiet.copy("phones"), "phones")
    yield world
    world.close()


@pytest.fixture(scope="module")
def switch(telephony):
    listening = SIPSwitch(telephony.node)
    yield listening
    listening.close()


def asked(telephony, user: str, host: str, shown: dict[str, str]):
    """The user that the service gives a switch for this registration, asked for as FreeSWITCH asks."""
    return login(telephony.node, "REGISTER", shown, {
        "sip_to_user": user, "sip_to_host": host, "sip_from_user": user, "sip_from_host": host,
        "sip_contact_user": user, "sip_request_host": host})


def test_a_phone_with_its_secret_is_let_in_and_one_without_is_not(telephony, tmp_path):
    shown = register(tmp_path / "right", "1001", "t1.voice.test", SECRETS[1, 1001])
    assert proves(shown, asked(telephony, "1001", "t1.voice.test", shown))
    wrong = register(tmp_path / "wrong", "1001", "t1.voice.test", "not-the-secret")
    assert not proves(wrong, asked(telephony, "1001", "t1.voice.test", wrong))


def test_a_phone_cannot_register_in_the_domain_of_another_tenant(telephony, tmp_path):
    """The realm is the client's to choose: its own secret is right, and still nobody is found."""
    shown = register(tmp_path / "other", "1001", "t1.voice.test", SECRETS[2, 1001], realm="t2.voice.test")
    a2 = md5(f"REGISTER:{shown['uri']}")
    right = f"{telephony.a1(2, 1001)}:{shown['nonce']}:{shown['nc']}:{shown['cnonce']}:{shown['qop']}:{a2}"
    assert shown["response"] == md5(right)
    assert asked(telephony, "1001", "t1.voice.test", shown) is None


def test_who_calls_needs_the_secret(telephony, switch, tmp_path):
    call(tmp_path / "right", switch.port, "1001", "t1.voice.test", SECRETS[1, 1001], "1002", answer=200)
    assert ("bridge", "user/1002@t1.voice.test") in switch.calls[-1]
    assert ("export", f"tenant_id={telephony.tenants[1]}") in switch.calls[-1]
    for number, secret in enumerate(("not-the-secret", SECRETS[1, 1002], SECRETS[2, 1001])):
        call(tmp_path / f"wrong-{number}", switch.port, "1001", "t1.voice.test", secret, "1002", answer=403)
    call(tmp_path / "nobody", switch.port, "1999", "t1.voice.test", SECRETS[1, 1001], "1002", answer=403)
    assert len(switch.calls) == 1, "a call without the secret came as far as the dialplan"


def test_nobody_calls_as_a_phone_of_another_tenant(telephony, switch, tmp_path):
    """The secret is right for the realm, which the client may choose; From says another tenant."""
    switch.realm = "t2.voice.test"
    call(tmp_path / "other", switch.port, "1001", "t1.voice.test", SECRETS[2, 1001], "1002", answer=403)
    call(tmp_path / "own", switch.port, "1001", "t2.voice.test", SECRETS[2, 1001], "1002", answer=200)
    assert ("export", f"tenant_id={telephony.tenants[2]}") in switch.calls[-1]
    switch.realm = None


def test_a_phone_hears_why_its_call_is_refused(switch, tmp_path):
    call(tmp_path / "unknown", switch.port, "1001", "t1.voice.test", SECRETS[1, 1001], "4711", answer=404)
    assert ("respond", "404 VOICE_EXTENSION_UNKNOWN") in switch.calls[-1]
    call(tmp_path / "barred", switch.port, "1001", "t1.voice.test", SECRETS[1, 1001], "+99365123456", answer=403)
    assert ("respond", "403 VOICE_DESTINATION_NOT_ALLOWED") in switch.calls[-1]


def test_both_secrets_work_while_one_replaces_the_other(telephony, switch, tmp_path):
    new = md5("the next secret of the phone")
    path = telephony.path(1, f"users/{telephony.users[1, 1002]}")
    telephony.api.post(f"{path}:rotate", {"secret": new})
    old = register(tmp_path / "old", "1002", "t1.voice.test", SECRETS[1, 1002])
    fresh = register(tmp_path / "new", "1002", "t1.voice.test", new)
    wait_until(lambda: proves(fresh, asked(telephony, "1002", "t1.voice.test", fresh)), 4, "the new secret", 0.01)
    assert proves(old, asked(telephony, "1002", "t1.voice.test", old))
    for name, secret in (("call-old", SECRETS[1, 1002]), ("call-new", new)):
        call(tmp_path / name, switch.port, "1002", "t1.voice.test", secret, "1001", answer=200)
    telephony.api.post(f"{path}:retire", {})
    wait_until(lambda: not proves(old, asked(telephony, "1002", "t1.voice.test", old)), 4, "the end of the old one", 0.01)
    assert proves(fresh, asked(telephony, "1002", "t1.voice.test", fresh))
    call(tmp_path / "call-retired", switch.port, "1002", "t1.voice.test", SECRETS[1, 1002], "1001", answer=403)
    call(tmp_path / "call-fresh", switch.port, "1002", "t1.voice.test", new, "1001", answer=200)
