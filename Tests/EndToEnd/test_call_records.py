"""Every recorded call record, as a node delivers it: booked once, whatever the encoding, the order and the repetitions."""

import json
import re
import threading
import uuid
from decimal import ROUND_HALF_UP, Decimal

import pytest
from harness.cluster import identifier
from harness.places import wait_until
from harness.product import Installation
from harness.switch import CallRecords, exchange, recorded, request_names
from harness.telephony import Telephony

MONTH = "2026-11"
INCLUDED = 120_000_000
RECORDS = CallRecords()


@pytest.fixture(scope="module")
def telephony(quiet):
    world = Telephony(quiet.copy("call_records"), "call-records")
    yield world
    world.close()


def metered_milliseconds() -> dict[int, int]:
    """What the recordings themselves say: the answered microseconds of carriers' legs, by tenant."""
    legs = {}
    for path in sorted(RECORDS.folder.glob("*.json")):
        if path.name not in RECORDS.heads:
            continue
        variables = json.loads(re.sub(r":\s*-?nan\b", ":0", path.read_bytes().decode("latin-1")))["variables"]
        is_carrier = "sip_gateway_name" in variables or "sip_gateway" in variables or (
            variables["direction"] == "inbound" and "sip_acl_authed_by" in variables)
        if is_carrier and variables.get("tenant_id") in ("t1", "t2"):
            legs[variables["uuid"]] = (variables["tenant_id"], int(variables["billusec"]))
    totals = {1: 0, 2: 0}
    for tenant, microseconds in legs.values():
        totals[int(tenant[1])] += (microseconds + 500) // 1000
    return totals


def stored_legs(telephony) -> set[str]:
    return {row[0] for row in telephony.installation.query("select leg_id from app.call_leg")}


def usage(telephony, number: int) -> int:
    rows = telephony.api.all(
        "/v1/usage", tenant_id=telephony.tenants[number], month=MONTH, interval="month")
    return sum(row["quantity"] for row in rows if row["meter"] == "voice")


def test_the_minutes_of_a_long_call_are_used_first(telephony):
    """So that the recorded calls cross the end of the 2,000 minutes that are included."""
    leg = str(uuid.uuid4())
    answer = telephony.node.deliver(telephony.carrier_leg(leg, INCLUDED - 10_000), uuid=leg)
    assert (answer.status, answer.text) == (200, "stored\n")
    assert usage(telephony, 1) == INCLUDED - 10_000


def test_every_record_is_there_once_its_delivery_is_answered(telephony):
    assert len(RECORDS.heads) > 200
    seen = set()
    for name in RECORDS.heads:
        answer = exchange(telephony.node.port, telephony.node.prepared(RECORDS.request(name)))
        leg = re.search(r"uuid=(?:a_)?([0-9a-f-]{36})", RECORDS.heads[name]).group(1)
        assert answer.status in (200, 202), f"{name}: {answer.text}"
        if "inbound-unknown-did" in name:
            assert answer.text == "dismissed\n", "a misdial is nobody's task"
        elif answer.status == 200:
            assert answer.text == ("duplicate\n" if leg in seen else "stored\n"), name
            seen.add(leg)
            assert leg in stored_legs(telephony), name


def test_what_waited_for_its_first_leg_is_replayed(telephony):
    """A leg in whose record only its first leg tells the tenant is kept with 202 until that came."""
    waiting = telephony.api.all("/v1/voice/quarantine", state="open")
    assert {item["reason"] for item in waiting} <= {"unknown_tenant", "waiting"}
    for item in waiting:
        telephony.api.send("POST", f"/v1/voice/quarantine/{item['quarantine_id']}:replay", expect=(200, 409, 422))
    assert telephony.api.all("/v1/voice/quarantine", state="open") == []


def test_repetitions_are_duplicates(telephony):
    before = (stored_legs(telephony), usage(telephony, 1), usage(telephony, 2))
    for name in reversed(list(RECORDS.heads)):
        if "inbound-unknown-did" not in name:
            answer = exchange(telephony.node.port, telephony.node.prepared(RECORDS.request(name)))
            assert (answer.status, answer.text) == (200, "duplicate\n"), name
    assert (stored_legs(telephony), usage(telephony, 1), usage(telephony, 2)) == before


@pytest.mark.parametrize("name", [name for name in request_names("cdr-") if "-auth-" not in name])
def test_every_transport_is_understood(telephony, name):
    answer = telephony.node.replay(name)
    assert answer.status == 200 and answer.text in ("stored\n", "duplicate\n")
    again = telephony.node.replay(name)
    assert (again.status, again.text) == (200, "duplicate\n")


def test_records_need_the_password_for_records(telephony):
    node = telephony.node
    assert exchange(node.port, recorded("cdr-json-plain")).status == 401
    assert exchange(node.port, recorded("cdr-json-auth-any-1")).status == 401
    assert node.replay("cdr-json-auth-any-2").status == 200
    challenge = exchange(node.port, recorded("cdr-json-auth-digest-1"))
    assert challenge.status == 401
    assert node.answer_challenge("cdr-json-auth-digest-2", challenge).status == 200


def test_usage_receipts_and_preview_agree_to_the_millisecond(telephony):
    expected = metered_milliseconds()
    assert expected[1] > 30_000 and expected[2] > 1_000
    expected[1] += INCLUDED - 10_000
    for number in (1, 2):
        receipts = telephony.all(number, "receipts", month=MONTH)
        legs = [leg for leg in telephony.all(number, "calls", all="true") if leg["is_metered"]]
        assert usage(telephony, number) == expected[number]
        assert sum(leg["milliseconds"] for leg in legs) == expected[number]
        assert sum(receipt["milliseconds"] for receipt in receipts) == expected[number]
        assert telephony.get(number, "allotment")["used_ms"] == expected[number]
        assert sum(receipt["overage_ms"] for receipt in receipts) == max(0, expected[number] - INCLUDED)
        assert telephony.get(number, "receipts:verify", month=MONTH)["is_sound"]
    crossing = [receipt for receipt in telephony.all(1, "receipts", month=MONTH)
                if receipt["included_ms"] and receipt["overage_ms"]]
    assert len(crossing) <= 1
    lines = telephony.api.get(
        "/v1/billing/preview", month=MONTH, organisation_id=telephony.instance["organisation_id"])
    overage = [line for line in lines["contracts"][0]["lines"] if line["charge"].startswith("voice_overage")]
    price = Decimal(expected[1] - INCLUDED) * Decimal("0.08") / 60_000
    assert [Decimal(line["net"]) for line in overage] == [price.quantize(Decimal("0.01"), ROUND_HALF_UP)]
    done = telephony.installation.command("voice", "receipt", "verify", "--month", MONTH)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_was_reserved_is_given_back_with_the_record(telephony):
    """The lease travels with the call, from the answer of the dialplan into the record of the carrier's leg."""
    before = telephony.get(1, "allotment")
    asked = telephony.node.prepared(recorded("dialplan-pstn-out"))
    answer = exchange(telephony.node.port, asked)
    lease = re.search(r"x_lease_id=(lease_\w{26})", answer.text).group(1)
    reserved = telephony.get(1, "allotment")["reserved_ms"]
    assert reserved > before["reserved_ms"]
    leg = str(uuid.uuid4())
    body = telephony.carrier_leg(leg, 5_000).replace(b'"uuid":"', b'"x_lease_id":"%s","uuid":"' % lease.encode(), 1)
    assert telephony.node.deliver(body, uuid=leg).text == "stored\n"
    after = telephony.get(1, "allotment")
    assert after["reserved_ms"] == before["reserved_ms"] and after["used_ms"] == before["used_ms"] + 5_000


@pytest.mark.parametrize("body,reason", [
    (b"", "empty"), (b"{", "broken_json"), (b"{}", "no_variables"), (b"cdr=%7B", "broken_json"),
    (b"<?xml version=\"1.0\"?><cdr>", "broken_xml"), (b"\xff\xfe\x00garbage", "unknown_encoding"),
])
def test_what_cannot_be_read_is_kept_for_a_person(telephony, body, reason):
    assert telephony.node.deliver(body).status == 202
    item = telephony.api.all("/v1/voice/quarantine", state="open")[0]
    assert item["reason"] == reason and item["bytes"] == len(body)
    path = f"/v1/voice/quarantine/{item['quarantine_id']}"
    assert telephony.api.send("GET", path + "/body", expect=200).content == body
    telephony.api.send("POST", path + ":discard", expect=200)
    assert telephony.api.get(path)["state"] == "discarded"


def test_a_name_that_is_no_utf8_and_a_bare_nan_are_booked(telephony):
    name = next(name for name in RECORDS.heads if name == "latin1-display-name.a.json")
    body = (RECORDS.folder / name).read_bytes()
    leg = re.search(rb'"uuid":"([0-9a-f-]{36})"', body).group(1)
    other = str(uuid.uuid4())
    body = body.replace(leg, other.encode()).replace(b'"callStats":{', b'"callStats":{"mos":-nan,', 1)
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert telephony.node.deliver(body, uuid=other).text == "stored\n"


@pytest.mark.timeout(300)
def test_no_record_is_lost_when_everything_is_killed(fragile, quiet):
    """A node repeats until it is answered; what was answered with 2xx is there, once, and is counted once."""
    installation = Installation(fragile, quiet.database).copy("records_killed")
    world = Telephony(installation, "records-killed")
    answered, total, stop = [], [], threading.Event()

    def deliver():
        while not stop.is_set():
            leg = str(uuid.uuid4())
            total.append(leg)
            body = world.carrier_leg(leg, 1_001)
            while True:
                try:
                    answer = world.node.deliver(body, uuid=leg)
                except OSError:
                    answer = None
                if answer and answer.status == 200:
                    answered.append(leg)
                    break
                assert answer is None or answer.status == 503, answer.text
                stop.wait(0.05)

    threads = [threading.Thread(target=deliver, daemon=True) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        for victim in ("service", "database", "both"):
            before = len(answered)
            wait_until(lambda: len(answered) > before + 30, 60, "records to be answered")
            if victim != "service":
                fragile.kill()
            if victim != "database":
                world.service.kill()
            if victim != "service":
                fragile.start()
            if victim != "database":
                world.service.start()
        before = len(answered)
        wait_until(lambda: len(answered) > before + 30, 60, "records to be answered after the faults")
        stop.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert set(answered) == stored_legs(world) == set(total)
        assert usage(world, 1) == 1_001 * len(answered)
        receipts = installation.query(
            "select sum(milliseconds) from app.call_receipt"
            f" where tenant_id = '{identifier(world.tenants[1])}'")
        assert receipts == [[str(1_001 * len(answered))]]
    finally:
        stop.set()
        world.close()
