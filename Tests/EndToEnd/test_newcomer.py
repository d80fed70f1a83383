"""The tour of the README, over HTTP with a partner's own key."""

import gzip
import json

import pytest
from harness.api import API, call, turn


@pytest.fixture(scope="module")
def tenant(partner) -> dict:
    instance = partner.all("/v1/instances", host="vendor")[0]
    made = partner.post("/v1/tenants", {
        "instance_id": instance["instance_id"], "slug": "newcomer", "display_name": "Newcomer", "activate": True,
    })
    assert made["state"] == "active"
    return made


def test_principal_says_who_i_am(partner):
    principal = partner.get("/v1/principal")
    assert "usage.write" in json.dumps(principal)


def test_a_tenant_is_found_again(partner, tenant):
    assert partner.get(f"/v1/tenants/{tenant['tenant_id']}")["slug"] == "newcomer"
    assert tenant["tenant_id"] in [found["tenant_id"] for found in partner.all("/v1/tenants", limit=2)]


def test_usage_is_counted_once_and_answers_per_event(partner, tenant):
    tenant_id = tenant["tenant_id"]
    good = [turn(tenant_id, number) for number in range(3)]
    unknown = turn("tenant_01h455vb4pex5vsknk084sn02q", 9)
    future = turn(tenant_id, 10, time="2999-01-01T00:00:00Z")
    answer = partner.report([*good, unknown, future, call(tenant_id, 1, 61_234)])
    assert [result["status"] for result in answer["results"]] == ["accepted"] * 3 + ["rejected"] * 2 + ["accepted"]
    assert all(result["reason"] for result in answer["results"] if result["status"] == "rejected")

    changed = dict(good[0], time="2026-11-02T11:00:00Z")
    again = partner.report([*good, changed])
    assert (again["accepted"], again["duplicate"], again["conflict"]) == (0, 3, 1)

    rows = partner.all("/v1/usage", tenant_id=tenant_id, month="2026-11", interval="month")
    assert {row["meter"]: row["quantity"] for row in rows} == {"turn": 3, "voice": 61_234}


def test_gzip_and_json_arrays_are_the_same_path(partner, tenant):
    events = [turn(tenant["tenant_id"], f"gzip-{number}") for number in range(50)]
    body = gzip.compress(json.dumps(events).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = partner.send("POST", "/v1/usage/events", expect=200, data=body, headers=headers).json()
    assert answer["accepted"] == 50


def test_last_month_counts_a_tenant_that_was_entered_only_now(partner, tenant):
    """The demo has 12 active tenants in October; one turn makes the newcomer the thirteenth."""
    partner.report([turn(tenant["tenant_id"], "october", "2026-10-31T22:59:59Z")])
    line = partner.get("/v1/billing/preview", month="2026-10")["contracts"][0]["lines"][0]
    candidates = {found["name"]: found["amount"] for found in line["explanation"]["candidates"]}
    assert candidates["tenant_floor"] == "3887.00"


def test_preview_writes_nothing(dev, partner, vendor):
    before = len(vendor.all("/v1/invoices"))
    preview = partner.get("/v1/billing/preview", month="2026-10")
    assert "5475.00" in json.dumps(preview)
    assert len(vendor.all("/v1/invoices")) == before


def test_a_repeated_request_with_its_key_is_answered_alike(partner):
    instance = partner.all("/v1/instances", host="vendor")[0]["instance_id"]
    body = {"instance_id": instance, "slug": "repeated", "display_name": "Repeated"}
    headers = {"Idempotency-Key": "end-to-end-repeated"}
    first = partner.send("POST", "/v1/tenants", expect=201, json=body, headers=dict(headers))
    second = partner.send("POST", "/v1/tenants", expect=201, json=body, headers=dict(headers))
    assert first.json() == second.json()
    other = partner.send("POST", "/v1/tenants", json=dict(body, slug="other"), headers=dict(headers))
    assert other.status_code == 422


@pytest.mark.parametrize("key", [None, "cfp_nonsense", "cfp_0000000000_00000000000000000000000000000000000000"])
def test_nobody_else_gets_in(dev, key):
    answer = API(dev.address, key).send("GET", "/v1/tenants")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
