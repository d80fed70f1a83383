"""The close of a month with telephony: what nodes delivered stands on the invoice, to the millisecond."""

import base64
import os
import time
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from harness.product import Service
from harness.voice import Telephony

MONTH, NEXT = "2026-10", "2026-11"
INCLUDED = 120_000_000
# The second call crosses the end of the included minutes.
LENGTHS = (119_000_001, 2_234_567)
LATE = 60_000


@pytest.fixture(scope="module")
def closed(quiet):
    """October with the calls of one tenant, closed."""
    installation = quiet.copy("voice_invoice")
    service = Service(installation, "voice-invoice", CONTROLPLANE_KEK=base64.b64encode(os.urandom(32)).decode())
    try:
        api = service.api(installation.key("platform.operator"))
        tenant = next(tenant for tenant in api.all("/v1/tenants") if tenant["voice_enabled"])
        telephony = Telephony(api, tenant, domain="invoice.voice.test")
        for day, milliseconds in zip((5, 20), LENGTHS):
            assert telephony.deliver(carrier_leg(telephony, day, milliseconds)) == 200
        assert telephony.deliver(carrier_leg(telephony, 21, 0)) == 200
        inside = telephony.record(60, ago=ago(22), side="inbound", sip_auth_username="1001",
                                  sip_auth_realm="invoice.voice.test", call_class="internal", sip_to_user="1002")
        assert telephony.deliver(inside) == 200
        done = installation.command("billing", "close", MONTH)
        assert done.returncode == 0, done.stdout + done.stderr
        yield installation, telephony
    finally:
        service.stop()


def ago(day: int) -> float:
    """Seconds since ten o'clock of that day of the month."""
    return time.time() - datetime(2026, 10, day, 10, tzinfo=UTC).timestamp()


def carrier_leg(telephony: Telephony, day: int, milliseconds: int) -> dict:
    return telephony.record(milliseconds / 1000, ago=ago(day), sip_gateway_name=telephony.trunk,
                            call_class="outbound", sip_to_user="+436601234567")


def owner_of(telephony: Telephony) -> str:
    return telephony.api.get(f"/v1/tenants/{telephony.tenant}")["organisation_id"]


def invoice_of(telephony: Telephony) -> dict:
    listed, owner = telephony.api.all("/v1/invoices", month=MONTH), owner_of(telephony)
    found = next(one for one in listed if one["contract"]["organisation_id"] == owner)
    return telephony.api.get(f"/v1/invoices/{found['invoice_id']}")


def receipts_of(telephony: Telephony) -> list[dict]:
    return telephony.api.all(f"/v1/voice/tenants/{telephony.tenant}/receipts", month=MONTH)


def usage_of(telephony: Telephony) -> int:
    rows = telephony.api.all("/v1/usage", tenant_id=telephony.tenant, month=MONTH, interval="month")
    return sum(row["quantity"] for row in rows if row["meter"] == "voice")


def price(milliseconds: int) -> Decimal:
    return (Decimal(milliseconds) * Decimal("0.08") / 60_000).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_receipts_usage_and_the_invoice_say_the_same(closed):
    installation, telephony = closed
    total = sum(LENGTHS)
    receipts = receipts_of(telephony)
    assert sum(receipt["milliseconds"] for receipt in receipts) == total
    assert sum(receipt["overage_ms"] for receipt in receipts) == total - INCLUDED
    assert usage_of(telephony) == total
    done = installation.command("voice", "receipt", "verify", "--month", MONTH)
    assert done.returncode == 0, done.stdout + done.stderr

    invoice = invoice_of(telephony)
    assert invoice["state"] == "finalised"
    lines = [line for line in invoice["lines"] if line["charge"].startswith("voice_overage")]
    assert [Decimal(line["net"]) for line in lines] == [price(total - INCLUDED)]
    assert f"{total - INCLUDED:,} ms" in lines[0]["sentence"]
    assert sum(Decimal(line["net"]) for line in invoice["lines"]) == Decimal(invoice["total"]["net"])


def test_a_record_after_the_close_leaves_the_invoice_alone_and_is_settled_on_the_next(closed):
    installation, telephony = closed
    before = invoice_of(telephony)
    assert telephony.deliver(carrier_leg(telephony, 25, LATE)) == 200
    assert invoice_of(telephony) == before
    legs = telephony.api.all(f"/v1/voice/tenants/{telephony.tenant}/calls")
    assert [leg["milliseconds"] for leg in legs if leg["is_late"]] == [LATE]
    total = sum(LENGTHS) + LATE
    assert sum(receipt["milliseconds"] for receipt in receipts_of(telephony)) == total == usage_of(telephony)
    done = installation.command("voice", "receipt", "verify", "--month", MONTH)
    assert done.returncode == 0, done.stdout + done.stderr

    preview = telephony.api.get("/v1/billing/preview", month=NEXT, organisation_id=owner_of(telephony))
    lines = [line for line in preview["contracts"][0]["lines"] if line["charge"].startswith("voice_overage")]
    assert [line["reason"] for line in lines] == ["adjustment"], lines
    assert Decimal(lines[0]["net"]) == price(total - INCLUDED) - price(sum(LENGTHS) - INCLUDED)
    assert f"{total - INCLUDED:,} ms" in lines[0]["sentence"]
