"""The console beyond the happy path: keyboard, small and dark screens, no script, a partner's view, its own headers."""

import re

import pytest
import requests
from harness.api import API
from harness.visitor import Visitor
from harness.voice import Telephony
from playwright.sync_api import expect

PAGES = ["/", "/organisations", "/contracts", "/instances", "/tenants", "/usage", "/invoices", "/close?month=2026-10",
         "/api-keys", "/audit-log", "/tenants/new", "/usage/import", "/voice", "/voice/completeness", "/voice/nodes",
         "/voice/nodes/new", "/voice/quarantine"]

# Below the voice view of a tenant that has telephony.
VOICE_PAGES = ["", "/live", "/calls", "/explain", "/explain?origin=user&user=1001&dialled=%2B498999998211",
               "/explain?origin=user&user=1001&dialled=%2B99365123456", "/completeness", "/settings", "/numbers/new"]


@pytest.fixture(scope="module")
def platform_key(dev) -> str:
    return dev.key("platform.operator")


@pytest.fixture(scope="module")
def telephony(dev, platform_key) -> Telephony:
    """A tenant of the demo whose contract has voice, with calls of this morning."""
    api = API(dev.address, platform_key)
    tenant = next(tenant for tenant in api.all("/v1/tenants") if tenant["voice_enabled"])
    made = Telephony(api, tenant)
    made.an_ordinary_morning()
    return made


SCREENS = pytest.mark.parametrize("name, options", [
    ("light", {}),
    ("dark", {"color_scheme": "dark"}),
    ("1024", {"viewport": {"width": 1024, "height": 900}}),
    ("390", {"viewport": {"width": 390, "height": 844}, "has_touch": True}),
])


@SCREENS
def test_every_page(chromium, dev, platform_key, name, options):
    visitor = Visitor(chromium, dev.address, **options)
    visitor.sign_in(platform_key)
    for path in PAGES:
        answer = visitor.page.goto(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        assert visitor.page.get_by_role("heading", level=1).count() == 1, path
        slug = re.sub(r"\W+", "-", path).strip("-") or "overview"
        visitor.keep(f"page-{slug}-{name}")
    visitor.close()


@SCREENS
def test_every_page_of_voice(chromium, dev, platform_key, telephony, name, options):
    visitor = Visitor(chromium, dev.address, **options)
    visitor.sign_in(platform_key)
    for path in [telephony.path + below for below in VOICE_PAGES] + [f"/voice/nodes/{telephony.node}"]:
        assert visitor.page.goto(path).status == 200, path
        slug = re.sub(r"\W+", "-", path.removeprefix(telephony.path)).strip("-") or "tenant"
        visitor.keep(f"voice-{slug.replace(telephony.node, '')}-{name}")
    for path, link in [(telephony.path + "/calls", "Open the call of"), ("/voice/quarantine", "Open the record of")]:
        visitor.page.goto(path)
        visitor.page.get_by_role("link", name=link).first.click()
        visitor.page.wait_for_url(lambda url: not url.endswith(path))
        visitor.keep(f"voice-opened-{path.rsplit('/', 1)[-1]}-{name}")
    visitor.close()


def test_a_call_is_tried_and_a_past_one_is_opened(chromium, dev, platform_key, telephony):
    visitor = Visitor(chromium, dev.address)
    visitor.sign_in(platform_key)
    page = visitor.page
    page.goto(telephony.path)
    page.get_by_role("link", name="Dry run").click()
    page.get_by_label("Dialled").fill("+99365123456")
    page.get_by_label("User", exact=True).select_option("1001")
    page.get_by_role("button", name="Try").click()
    page.get_by_role("heading", name="The call is refused").wait_for()
    page.get_by_role("link", name="Add permission").click()
    page.get_by_role("heading", name="New permission").wait_for()
    page.goto(telephony.path)

    page.get_by_role("link", name="Calls", exact=True).click()
    page.get_by_label("Direction").select_option("outbound")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="Open the call of").first.click()
    page.get_by_role("heading", name="Price receipt").wait_for()
    expect(page.get_by_role("main"), "opening a call shows its numbers").to_contain_text("+49 8999998 211")

    page.goto(telephony.path)
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Live calls").click()
    page.get_by_role("heading", name="Live calls").wait_for()
    before = page.get_by_text("lines in use at").inner_text()
    page.wait_for_function("text => !document.body.innerText.includes(text)", arg=before, timeout=15_000)
    visitor.close()


def test_sign_in_and_a_form_by_keyboard_alone(chromium, dev, platform_key):
    visitor = Visitor(chromium, dev.address)
    page = visitor.page
    page.goto("/sign-in")
    focus(page, "api_key")
    page.keyboard.type(platform_key)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.keyboard.press("Tab")
    assert "skip" in page.evaluate("document.activeElement.outerHTML").lower(), "the first stop skips to the content"

    page.goto("/organisations/new")
    assert page.locator("input[type=checkbox][required]").count() == 0, "nobody has to tick a box to go on"
    for field, text in [("display_name", "Keyboard only"), ("legal_name", "Keyboard only GmbH"), ("address", "Weg 1"),
                        ("country", "Austria"), ("vat_id", "no number")]:
        focus(page, field)
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    summary = page.locator(".error-summary")
    summary.wait_for()
    assert page.locator("#vat_id[aria-invalid=true]").count() == 1, summary.inner_text()
    assert page.locator("#display_name").input_value() == "Keyboard only", "what was typed is kept"
    visitor.keep("form-refused")
    visitor.complaints = [text for text in visitor.complaints if "422" not in text]
    visitor.close()


def focus(page, field: str):
    """Tab until the field has the focus; every stop on the way must be visible."""
    for _ in range(80):
        if page.evaluate("document.activeElement.id") == field:
            return
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "(e => { const s = getComputedStyle(e); return s.outlineStyle + s.boxShadow })(document.activeElement)")
        assert outline != "nonenone", f"no visible focus on {page.evaluate('document.activeElement.outerHTML')[:200]}"
    raise AssertionError(f"{field} cannot be reached by keyboard")


def test_everything_works_without_script(chromium, dev, platform_key):
    visitor = Visitor(chromium, dev.address, java_script_enabled=False)
    visitor.sign_in(platform_key)
    for path in PAGES:
        assert visitor.page.goto(path).status == 200, path
    visitor.page.goto("/usage?by=day&from=2026-10-01&to=2026-10-31")
    assert visitor.page.locator("svg").count() > 0 and visitor.page.get_by_role("table").count() > 0
    visitor.close()


def test_a_partner_sees_only_its_own(chromium, dev):
    visitor = Visitor(chromium, dev.address)
    visitor.sign_in(dev.partner_key)
    for path in ["/", "/tenants", "/contracts", "/invoices", "/usage"]:
        assert visitor.page.goto(path).status == 200, path
        text = visitor.page.inner_text("body")
        for other in ("Rheinblick", "Stadtwerke", "Voltaris"):
            assert other not in text, f"{path} shows {other}"
    visitor.keep("partner-overview")
    visitor.page.goto("/")
    assert visitor.page.get_by_role("link", name="Month close").count() == 0
    visitor.close()


def test_headers_forbid_what_the_console_never_needs(dev):
    answer = requests.get(dev.address + "/sign-in", timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy and "unsafe-eval" not in policy
    assert "default-src 'none'" in policy or "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"]


def test_a_form_without_its_token_is_refused(dev):
    session = requests.Session()
    session.get(dev.address + "/sign-in", timeout=10)
    answer = session.post(dev.address + "/tenants", data={"display_name": "x"}, timeout=10, allow_redirects=False)
    assert answer.status_code in (303, 403)
    evil = session.post(
        dev.address + "/sign-in", data={"one_time_password": dev.password, "next": "/"}, timeout=10,
        headers={"Origin": "https://evil.example"}, allow_redirects=False)
    assert evil.status_code == 403
