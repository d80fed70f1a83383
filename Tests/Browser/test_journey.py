"""Sign in → create a tenant → import usage → preview → close → open the invoice."""

import json

from playwright.sync_api import expect


def write_usage(path, tenant_id: str) -> int:
    """Two days of turns, each line once more than needed in one case, and one line that is wrong."""
    lines = [
        json.dumps({
            "id": f"journey-{number}", "source": "journey", "type": "turn",
            "time": f"2026-10-{5 + number % 2:02}T{number % 24:02}:00:00Z", "tenant": tenant_id,
            "data": {"key_source": "partner"}})
        for number in range(120)
    ]
    lines += [lines[0], "not json"]
    path.write_text("\n".join(lines) + "\n")
    return 120


def test_the_journey(visitor, dev, tmp_path):
    page = visitor.page
    page.goto("/")
    assert "/sign-in" in page.url
    page.get_by_label("One-time password").fill(dev.password)
    visitor.keep("01-sign-in")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("navigation").first).to_be_visible()
    visitor.keep("02-overview")

    page.get_by_role("link", name="Tenants", exact=True).first.click()
    visitor.keep("03-tenants")
    page.get_by_role("link", name="Provision tenant").click()
    page.get_by_label("Organisation").select_option(label="Rheinblick Media")
    page.get_by_label("Instance").select_option(index=option_index(page.get_by_label("Instance"), "Shared platform"))
    page.get_by_label("Name", exact=True).fill("Journey client")
    page.get_by_label("Short name").fill("journey-client")
    visitor.keep("04-tenant-form")
    page.get_by_role("button", name="Provision tenant").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Journey client")
    visitor.keep("05-tenant")
    tenant_id = page.url.rstrip("/").rsplit("/", 1)[1].split("?")[0]

    file = tmp_path / "usage.ndjson"
    count = write_usage(file, tenant_id)
    page.get_by_role("link", name="Usage", exact=True).first.click()
    page.get_by_role("link", name="Import usage").click()
    page.locator("#file").set_input_files(file)
    visitor.keep("06-import")
    page.get_by_role("button", name="Import").click()
    result = page.get_by_role("main")
    expect(result).to_contain_text(str(count))
    expect(result).to_contain_text("Duplicate")
    expect(result).to_contain_text("INVALID_JSON")
    visitor.keep("07-import-result")
    page.goto(f"/usage?tenant_id={tenant_id}&by=day&from=2026-10-01&to=2026-10-31")
    expect(page.get_by_role("main")).to_contain_text("120")
    visitor.keep("08-usage")

    page.goto("/close?month=2026-10")
    expect(page.get_by_role("main")).to_contain_text("5,475.00")
    visitor.keep("09-preview")
    page.get_by_role("button", name="Close October 2026").first.click()
    dialog = page.locator("[popover]:popover-open")
    expect(dialog).to_be_visible()
    visitor.keep("10-close-dialog")
    dialog.get_by_role("button", name="Close October 2026").click()
    expect(page.get_by_role("main")).to_contain_text("Final")
    visitor.keep("11-closed")

    page.get_by_role("row", name="Nordlicht Agentur").get_by_role("link").last.click()
    invoice = page.get_by_role("main")
    for figure in ("5,475.00", "3,588.00", "3,500.00"):
        expect(invoice).to_contain_text(figure)
    visitor.keep("12-invoice")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Print").first.click(modifiers=["Control"])
    sheet = opened.value
    expect(sheet.locator("body")).to_contain_text("5,475.00")
    sheet.close()


def option_index(field, text: str) -> int:
    options = field.locator("option").all_inner_texts()
    return next(index for index, option in enumerate(options) if text in option)
