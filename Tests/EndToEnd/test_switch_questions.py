"""Everything that a real FreeSWITCH asked, byte for byte, and what it is answered."""

import xml.etree.ElementTree as ElementTree

import pytest
from harness.places import wait_until
from harness.product import Installation
from harness.switch import exchange, md5, recorded, request_names
from harness.telephony import SECRETS, Telephony

QUESTIONS = [name for name in request_names() if not name.startswith("cdr-")]
NOT_FOUND = '<result status="not found"/>'


@pytest.fixture(scope="module")
def telephony(quiet):
    world = Telephony(quiet.copy("switch_questions"), "switch-questions")
    yield world
    world.close()


def parsed(answer) -> ElementTree.Element:
    """The section of an answer that FreeSWITCH takes: one element a line, nothing that its reader would execute."""
    assert answer.status == 200
    assert len(answer.body) < 1_048_576
    lines = answer.text.splitlines()
    assert lines[0].startswith("<?xml") and not any("<?" in line for line in lines[1:])
    assert all(line.count("<") - line.count("</") <= 1 for line in lines[1:])
    assert "x-pre-process" not in answer.text.lower() and "$${" not in answer.text
    document = ElementTree.fromstring(answer.body)
    assert document.get("type") == "freeswitch/xml"
    return document.find("section")


def actions(answer) -> list[tuple[str, str]]:
    return [(action.get("application"), action.get("data")) for action in parsed(answer).iter("action")]


def exports(answer) -> dict[str, str]:
    return dict(data.split("=", 1) for name, data in actions(answer) if name in ("export", "set"))


def test_the_recordings_are_all_there():
    assert len(QUESTIONS) > 90


@pytest.mark.parametrize("name", [name for name in QUESTIONS if not name.startswith("variant-xmlcurl-auth-")])
def test_every_question_is_answered(telephony, name):
    for answer in (telephony.node.replay(name), telephony.node.replay_as(name, telephony.names)):
        section = parsed(answer)
        form = recorded(name).split(b"section=", 1)[1]
        assert section.get("name") == "result" or form.startswith(section.get("name").encode())
        for user in section.iter("user"):
            params = {param.get("name"): param.get("value") for param in user.find("params") or ()}
            assert params["allow-empty-password"] == "false"
            assert "password" not in params
            assert user.find("gateways") is not None or len(params["a1-hash"]) == 32


@pytest.mark.parametrize("name", [
    "directory-sip_auth-REGISTER-cross-domain-1", "directory-sip_auth-REGISTER-cross-domain-2",
    "directory-sip_auth-REGISTER-cross-domain-refused", "directory-sip_auth-REGISTER-unknown-user",
    "directory-sip_auth-REGISTER-unknown-domain", "directory-sip_auth-REGISTER-uppercase-domain",
    "directory-sip_auth-INVITE-from-t1-realm-t2", "directory-user_call-unknown", "directory-api-user_exists-unknown",
    "dialplan-inbound-unknown-did",
])
def test_who_tries_something_is_not_found(telephony, name):
    assert NOT_FOUND in telephony.node.replay(name).text


@pytest.mark.parametrize("name,tenant,user", [
    ("directory-sip_auth-REGISTER", 1, 1001), ("directory-sip_auth-REGISTER-a1-hash", 2, 1002),
    ("directory-sip_auth-INVITE", 1, 1001), ("directory-sip_auth-REGISTER-wrong-password", 1, 1001),
    ("variant-xmlcurl-GET-directory", 1, 1001), ("variant-xmlcurl-enable-post-var-directory", 1, 1001),
    ("directory-user_call", 1, 1002),
])
def test_a_user_comes_with_the_hash_of_his_secret(telephony, name, tenant, user):
    answer = telephony.node.replay(name)
    users = list(parsed(answer).iter("user"))
    assert [found.get("id") for found in users] == [str(user)]
    assert f'"a1-hash" value="{telephony.a1(tenant, user)}"' in answer.text
    assert SECRETS[tenant, user] not in answer.text
    variables = {one.get("name"): one.get("value") for one in users[0].iter("variable")}
    assert variables["tenant_id"] == telephony.tenants[tenant]
    assert variables["user_context"] == f"tenant-{telephony.tenants[tenant]}"
    assert variables["x_cfg_rev"]


def test_headers_of_a_phone_change_nothing(telephony):
    """`X-Section=evil` and `X-Tenant-Id=t2` come among the fields of the form under their own names."""
    name = "directory-sip_auth-REGISTER-x-headers"
    honest = recorded(name)
    for field in (b"X-Section=evil&", b"X-Tenant-Id=t2&"):
        assert field in honest
        honest = honest.replace(field, b"")
    head, body = telephony.node.prepared(honest).split(b"\r\n\r\n", 1)
    length = b"Content-Length: %d" % len(body)
    head = b"\r\n".join(length if line.startswith(b"Content-Length") else line for line in head.split(b"\r\n"))
    expected = exchange(telephony.node.port, head + b"\r\n\r\n" + body)
    assert telephony.node.replay(name).body == expected.body
    assert f'"a1-hash" value="{telephony.a1(1, 1002)}"' in expected.text
    injected = head + b"\r\n\r\n" + body + b"&section=dialplan&tag_name=&sip_auth_realm=t2.voice.test"
    injected = injected.replace(length, b"Content-Length: %d" % (len(injected) - len(head) - 4))
    assert exchange(telephony.node.port, injected).body == expected.body


def test_an_internal_call_rings_the_phone(telephony):
    answer = telephony.node.replay_as("dialplan-internal-call", telephony.names)
    said = exports(answer)
    assert said["call_class"] == "internal" and said["tenant_id"] == telephony.tenants[1]
    assert said["x_origin_user"] == telephony.users[1, 1001]
    assert ("bridge", "user/1002@t1.voice.test") in actions(answer)


def test_an_outgoing_call_gets_minutes_and_the_carrier(telephony):
    answer = telephony.node.replay_as("dialplan-pstn-out", telephony.names)
    said = exports(answer)
    assert said["call_class"] == "outbound" and said["tenant_id"] == telephony.tenants[1]
    grants = telephony.all(1, "grants")
    lease = said.get("x_lease_id") or said["nolocal:x_lease_id"]
    assert lease in [grant["lease_id"] for grant in grants]
    assert said["execute_on_answer"].startswith("sched_hangup +")
    assert said["execute_on_answer"].endswith(" ALLOTTED_TIMEOUT")
    assert said["nolocal:execute_on_answer"] == said["execute_on_answer"]
    bridge = next(data for name, data in actions(answer) if name == "bridge")
    assert f"sofia/gateway/{telephony.trunks[1]}/" in bridge and "15551230001" in bridge


def test_the_payer_is_who_signed_in_whatever_from_says(telephony):
    answer = telephony.node.replay("dialplan-from-t1-realm-t2")
    assert exports(answer)["tenant_id"] == telephony.tenants[2]


@pytest.mark.parametrize("name,tenant", [("dialplan-inbound-did", 1), ("dialplan-inbound-registered-gateway", 2)])
def test_a_call_from_a_carrier_reaches_the_number(telephony, name, tenant):
    answer = telephony.node.replay_as(name, telephony.names)
    assert exports(answer)["tenant_id"] == telephony.tenants[tenant]
    assert exports(answer)["call_class"] == "inbound"
    assert ("bridge", f"user/1001@t{tenant}.voice.test") in actions(answer)


def test_refusals_have_a_name(telephony):
    answer = telephony.node.replay("dialplan-no-match")
    assert exports(answer)["x_refusal"] == "VOICE_EXTENSION_UNKNOWN"
    assert ("respond", "404 VOICE_EXTENSION_UNKNOWN") in actions(answer)


def test_gateways_are_the_trunks_of_the_asked_domain(telephony):
    one = parsed(telephony.node.replay("directory-purpose-gateways-variables"))
    assert [found.get("name") for found in one.iter("gateway")] == [telephony.trunks[2]]
    other_profile = parsed(telephony.node.replay("directory-purpose-gateways-t2"))
    assert other_profile.find("domain").get("name") == "t2.voice.test" and not list(other_profile.iter("gateway"))
    every = parsed(telephony.node.replay("directory-purpose-gateways-all"))
    assert {found.get("name") for found in every.iter("gateway")} == set(telephony.trunks.values())


def test_the_access_list_names_the_networks_of_carriers(telephony):
    answer = telephony.node.replay("configuration-acl.conf-reloadacl")
    lists = {one.get("name"): one for one in parsed(answer).iter("list")}
    assert [node.get("cidr") for node in lists["carriers"]] == ["127.0.0.0/16"]
    assert all(one.get("default") == "deny" for one in lists.values())


def test_who_shows_no_password_is_challenged_and_digest_works(telephony):
    node = telephony.node
    for name in ("variant-xmlcurl-auth-any-1", "variant-xmlcurl-auth-digest-1"):
        answer = exchange(node.port, recorded(name))
        assert answer.status == 401
        assert [value.split()[0] for value in answer.values("www-authenticate")] == ["Digest", "Basic"]
    assert node.replay("variant-xmlcurl-auth-any-2").status == 200
    # the recorded nonce is another server's
    stale = exchange(node.port, recorded("variant-xmlcurl-auth-digest-2"))
    assert stale.status == 401
    assert parsed(node.answer_challenge("variant-xmlcurl-auth-digest-2", stale)).get("name") == "directory"


def test_nobody_else_asks(telephony):
    for name in ("directory-sip_auth-REGISTER", "dialplan-pstn-out"):
        # the recorded passwords are not this node's
        assert exchange(telephony.node.port, recorded(name)).status == 401


def test_a_change_counts_at_once(telephony):
    telephony.api.post(telephony.path(2, f"users/{telephony.users[2, 1002]}:rotate"), {"secret": md5("the next one")})
    hashed = md5(f"1002:t2.voice.test:{md5('the next one')}")
    asked = telephony.node.prepared(recorded("directory-user_call").replace(b"t1.voice.test", b"t2.voice.test"))
    wait_until(lambda: f'value="{hashed}"' in exchange(telephony.node.port, asked).text, 4, "the new secret", 0.01)


@pytest.mark.timeout(200)
def test_while_the_database_is_away_phones_and_calls_go_on(fragile, quiet):
    world = Telephony(Installation(fragile, quiet.database).copy("switch_outage"), "switch-outage")
    try:
        wait_until(lambda: NOT_FOUND not in world.node.replay("directory-sip_auth-REGISTER").text, 10, "the plans")
        fragile.kill()
        assert world.a1(1, 1001) in world.node.replay("directory-sip_auth-REGISTER").text
        assert ("bridge", "user/1002@t1.voice.test") in actions(world.node.replay_as("dialplan-internal-call", world.names))
        inbound = world.node.replay_as("dialplan-inbound-did", world.names)
        assert ("bridge", "user/1001@t1.voice.test") in actions(inbound)
        assert exports(inbound)["execute_on_answer"] == "sched_hangup +600 ALLOTTED_TIMEOUT"
        attack = world.node.replay("directory-sip_auth-REGISTER-cross-domain-1")
        assert NOT_FOUND in attack.text
        # a record is not taken, so the node comes again
        assert world.node.replay("cdr-json-plain").status == 503
        fragile.start()
        wait_until(lambda: world.node.replay("cdr-json-plain").status == 200, 30, "the record to be taken")
    finally:
        if fragile.process.poll() is not None:
            fragile.start()
        world.close()
