"""Closing October: the worked figures of the price book come out of the whole system, once, whatever is killed."""

import json
from decimal import Decimal

import pytest
from harness.books import MONTH, SNAPSHOT, assert_gapless, figures, lines
from harness.product import Installation, Service

# Net of the October invoice, and amounts that one of its lines or candidates must show.
EXPECTED = {
    # 120,000 licence, 60,000 implementation, 5 tenants beyond 25, 4 with voice (41.65 and 8.01 beyond 2,000 min), SLA
    "Stadtwerke Demo": ("190799.66", ["120000.00", "60000.00", "1750.00", "1000.00", "41.65", "8.01", "8000.00"]),
    "Kontor Holding": ("204000.00", ["120000.00", "60000.00", "24000.00"]),
    "Nordlicht Agentur": ("5475.00", ["5475.00", "3588.00", "3500.00"]),
    "Rheinblick Media": ("3500.00", ["600.00", "897.00", "420.00", "3500.00"]),
    "Lindenhof Digital": ("897.00", ["600.00", "897.00", "420.00"]),
    "Voltaris Wholesale": ("12500.00", ["12500.00"]),
    "Bergfunk": ("17500.00", ["17500.00", "1495.00"]),
    "Kontor Integration": ("310500.00", ["292500.00", "12000.00", "6000.00"]),
    "Hafen Systems": ("72000.00", ["54000.00", "12000.00", "6000.00"]),
    "Werkbank IT": ("21000.00", ["18000.00", "3000.00"]),
    "Donau Deployments": ("153000.00", ["135000.00", "12000.00", "6000.00"]),
}
VAT_PERCENT = {"AT": 20, "DE": 0, "IT": 0, "CH": 0}


@pytest.fixture(scope="module")
def closed(demo) -> Installation:
    made = demo.copy("closed")
    done = made.command("billing", "close", MONTH)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(scope="module")
def vendor(closed):
    service = Service(closed, "closed")
    yield service.api(closed.key("platform.operator"))
    service.stop()


@pytest.fixture(scope="module")
def invoices(vendor) -> dict[str, dict]:
    """October's invoices by the buyer's name, with their lines."""
    names = {found["organisation_id"]: found["display_name"] for found in vendor.all("/v1/organisations")}
    listed = vendor.all("/v1/invoices", month=MONTH)
    return {names[found["contract"]["organisation_id"]]: vendor.get(f"/v1/invoices/{found['invoice_id']}")
            for found in listed}


def test_every_contract_has_its_invoice(invoices):
    assert sorted(invoices) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_worked_figures(invoices, name):
    invoice = invoices[name]
    net, amounts = EXPECTED[name]
    assert invoice["total"]["net"] == net
    text = json.dumps(invoice)
    for figure in amounts:
        assert f'"{figure}"' in text, f"{figure} is not on the invoice"
    assert Decimal(net) == sum(Decimal(line["net"]) for line in invoice["lines"])
    assert all(line["sentence"] and line["explanation"] for line in invoice["lines"])


@pytest.mark.parametrize("name", EXPECTED)
def test_vat(invoices, name):
    total, buyer = invoices[name]["total"], invoices[name]["details"]["buyer"]
    expected = (Decimal(total["net"]) * VAT_PERCENT[buyer["country"]] / 100).quantize(Decimal("0.01"))
    assert Decimal(total["vat"]) == expected
    assert Decimal(total["gross"]) == Decimal(total["net"]) + expected
    if buyer["country"] in ("DE", "IT"):
        assert buyer["vat_id"] and "reverse charge" in total["vat_note"].lower()


def test_what_the_first_year_comes_to(closed):
    """Twelve closed months from November 2025 on: 65,700.00, and 77,700.00 with the onboarding."""
    rows = closed.query(
        "select to_char(l.period_start, 'YYYY-MM'), l.charge, l.net from app.invoice_line l"
        " join app.invoice i using (invoice_id) join app.organisation o on o.organisation_id = i.organisation_id"
        " where o.display_name = 'Nordlicht Agentur' and i.state = 'finalised' order by 2, 1")
    months = [(month, net) for month, charge, net in rows if charge == "solution_month"]
    assert months == [(month, "5475.00") for month in ["2025-11", "2025-12"] + [f"2026-{n:02}" for n in range(1, 11)]]
    assert sum(Decimal(net) for _, net in months) == Decimal("65700.00")
    assert sum(Decimal(net) for _, _, net in rows) == Decimal("77700.00")


def test_estimated_without_a_disclosure(invoices):
    assert invoices["Bergfunk"]["estimated"] is True
    assert invoices["Nordlicht Agentur"]["estimated"] is False


def test_numbers_have_no_gaps(closed):
    assert_gapless(closed)


def test_a_second_close_changes_nothing(closed, vendor):
    before = closed.query(SNAPSHOT)
    again = closed.command("billing", "close", MONTH)
    assert again.returncode == 0, again.stderr
    vendor.post(f"/v1/billing/months/{MONTH}:close")
    assert closed.query(SNAPSHOT) == before


def test_a_final_invoice_cannot_be_changed_by_anybody(closed):
    for sql in ("update app.invoice set net = 0, gross = 0, vat = 0", "delete from app.invoice_line",
                "truncate app.invoice cascade", "update app.invoice_line set net = 1"):
        with pytest.raises(AssertionError, match="final|truncated|permission"):
            closed.query(sql)


def test_late_usage_becomes_an_adjustment_and_leaves_the_invoice_alone(closed, vendor):
    from harness.api import turn

    tenant = next(found for found in vendor.all("/v1/tenants", limit=100) if found["slug"].startswith("lindenhof"))
    before = closed.query(SNAPSHOT)
    answer = vendor.report([turn(tenant["tenant_id"], "late", "2026-10-20T08:00:00Z")])
    assert answer["results"][0]["reason"] == "MONTH_FINALISED"
    assert closed.query(SNAPSHOT) == before


def test_a_running_month_is_not_closed(vendor):
    answer = vendor.send("POST", "/v1/billing/months/2099-01:close", json={})
    assert answer.status_code in (409, 422), answer.text


def test_two_closes_at_once(demo, closed):
    made = demo.copy("closed_twice")
    both = [made.spawn("billing", "close", MONTH) for _ in range(2)]
    outputs = [one.communicate(timeout=120)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], outputs
    assert figures(made) == figures(closed) and lines(made) == lines(closed)
    assert_gapless(made)
