"""From a number to a receipt: voice is switched on, furnished, limited and tried; calls come, are seen and are paid."""

import re
from datetime import date, timedelta

import pytest
from harness.cluster import typed
from harness.places import wait_until
from harness.switch import EventSocket
from harness.visitor import Visitor
from harness.voice import Recorder
from playwright.sync_api import Page, expect

LIVE_LEG = "2f2a540c-bc79-414e-a966-b76e19d5be97"
NODE = "journey-fs1"


@pytest.fixture(scope="module")
def peer():
    """The event socket of the node, which plays what a real one sent."""
    socket = EventSocket("")
    yield socket
    socket.close()


def send(page: Page, button: str, **entries: str):
    """Fills in the form of the page and sends it; choices of a list by a part of what they say."""
    for name, value in entries.items():
        field = page.locator(f"#{name}")
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(label=next(text for text in field.locator("option").all_inner_texts() if value in text))
        else:
            field.fill(value)
    page.get_by_role("button", name=button, exact=True).click()


def dry_run(page: Page, path: str, dialled: str) -> str:
    """What the page says about a call of the phone 1001; a change counts within seconds."""
    page.goto(f"{path}/explain")
    send(page, "Try", dialled=dialled, user="1001")
    page.get_by_role("heading", name=re.compile("^The call")).wait_for()
    return page.get_by_role("main").inner_text()


def wait_for_dry_run(page: Page, path: str, dialled: str, words: str, seconds: float = 20) -> str:
    return wait_until(
        lambda: (text := dry_run(page, path, dialled)) and words in text and text, seconds, f"{dialled}: {words}", 0.5)


def a_tenant_with_voice(page: Page) -> str:
    page.goto("/tenants")
    page.get_by_role("link", name="Provision tenant").click()
    page.locator("#activate").check()
    send(page, "Provision tenant", organisation_id="Stadtwerke Demo", instance_id="Stadtwerke production",
         display_name="Number journey", slug="number-journey")
    page.get_by_role("heading", level=1, name="Number journey").wait_for()
    page.get_by_role("link", name="Voice", exact=True).last.click()
    page.get_by_role("link", name="Switch voice on").click()
    send(page, "Switch voice on", domain="t1.voice.test", country="Austria")
    page.get_by_text("Voice is on: t1.voice.test.").wait_for()
    return re.search(r"/tenants/tenant_\w+/voice", page.url).group()


def furnish(page: Page, path: str):
    """A phone, a carrier, a number that rings the phone, and a permission that was tried before it is saved."""
    page.get_by_role("link", name="Add user").click()
    send(page, "Add user", name="1001", display_name="Reception")
    assert page.locator("#secret-once").inner_text(), "the secret is shown once"
    page.goto(path)
    page.get_by_role("link", name="Add trunk").click()
    send(page, "Add trunk", display_name="Carrier Nord", proxy="sip.carrier.test",
         allowed_addresses="198.51.100.0/28")
    page.get_by_text("Carrier Nord is added.").wait_for()
    page.get_by_role("link", name="Add number").first.click()
    send(page, "Add number", e164="+43720000200", display_name="Main line", target_1="1001")
    page.get_by_text("User 1001").first.wait_for()
    page.get_by_role("link", name="Add permission").click()
    send(page, "Try on the last 30 days", country="Cuba", reason="a supplier")
    page.get_by_text("No call would have been otherwise.").wait_for()
    send(page, "Add permission")
    page.get_by_text("Cuba is added.").wait_for()


def limit(page: Page, path: str):
    """Two calls at once; a sign of fraud closes what it speaks of."""
    page.get_by_role("link", name="Edit the limits").click()
    page.get_by_label("Closes the destination").check()
    send(page, "Try on the last 30 days", concurrent_calls="2", plan_minutes="10", plan_price="0.10")
    page.get_by_role("heading", name="On the last 30 days").wait_for()
    send(page, "Save changes")
    expect(page.get_by_role("main")).to_contain_text("2 calls")


def register_node(page: Page, dev, peer: EventSocket, directory) -> str:
    """A node over the console, and its files; says the password for records that the console showed."""
    page.goto("/voice/nodes/new")
    send(page, "Register node", name=NODE, instance_id="Stadtwerke production", event_host="127.0.0.1",
         event_port=str(peer.port))
    secret = page.locator("#secret-records").inner_text()
    done = dev.command("voice", "node-config", NODE, "--url", dev.address, "--out", str(directory),
                       "--event-socket-port", str(peer.port))
    assert done.returncode == 0, done.stdout + done.stderr
    files = (directory / "secrets.xml").read_text()
    peer.password = re.search(r'data="voice_esl_password=([^"]+)"', files).group(1)
    wait_until(lambda: peer.connections, 90, f"the service to connect; it said {peer.heard}")
    return secret


@pytest.fixture(scope="module")
def furnished(chromium, dev, peer, tmp_path_factory):
    """The way of a voice operator up to the first call."""
    visitor = Visitor(chromium, dev.address)
    visitor.sign_in(dev.key("platform.operator"))
    path = a_tenant_with_voice(visitor.page)
    furnish(visitor.page, path)
    limit(visitor.page, path)
    visitor.keep("voice-journey-01-furnished")
    secret = register_node(visitor.page, dev, peer, tmp_path_factory.mktemp("node") / "files")
    recorder = Recorder(dev.address, path.split("/")[2], (NODE, secret))
    yield visitor, path, recorder
    visitor.close()


def test_from_a_number_to_a_receipt(furnished, dev):
    visitor, path, recorder = furnished
    page = visitor.page
    text = wait_for_dry_run(page, path, "06601234567", "The call is allowed")
    assert "Carrier Nord" in text and "0.08" in text and "0 of 2 calls" in text
    visitor.keep("voice-journey-02-dry-run")

    page.goto(path)
    expect(page.get_by_role("main")).to_contain_text("0 of 2,000 minutes")
    trunk = re.search(r"trunk_\w{26}", page.content()).group()
    assert recorder.deliver(recorder.record(
        61.234, ago=90, sip_gateway_name=trunk, call_class="outbound", sip_to_user="+436601234567")) == 200
    page.get_by_role("link", name="Calls", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("+43 6601234 •••")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 2 and ",61234," in lines[1]
    page.get_by_role("link", name="Open the call of").click()
    page.get_by_role("heading", name="Price receipt").wait_for()
    expect(page.get_by_role("main")).to_contain_text("61,234 ms")
    expect(page.get_by_role("main")).to_contain_text("+43 6601234 567")
    visitor.keep("voice-journey-03-receipt")

    month = f"{date.today():%Y-%m}"
    done = dev.command("voice", "receipt", "verify", "--month", month)
    assert done.returncode == 0 and "61234 ms" in done.stdout and "sound" in done.stdout, done.stdout + done.stderr
    page.goto(f"{path}/completeness")
    expect(page.get_by_role("main")).to_contain_text("1 of 1 calls, 0 estimated")
    page.get_by_role("link", name="Work them out again").click()
    expect(page.get_by_role("main")).to_contain_text("Sound")
    page.goto(path)
    expect(page.get_by_role("main")).to_contain_text("1 of 2,000 minutes")
    expect(page.get_by_role("main")).to_contain_text("Forecast for the month")
    page.get_by_role("link", name="Open the call of").wait_for()


@pytest.mark.timeout(240)
def test_a_closed_destination_is_opened_again(furnished):
    """The first call to a risky country is a sign of fraud, whatever allows it; the watch looks every minute."""
    visitor, path, recorder = furnished
    page = visitor.page
    wait_for_dry_run(page, path, "+5355555555", "The call is allowed")
    assert recorder.deliver(recorder.record(
        20, ago=30, sip_gateway_name="carrier", call_class="outbound", sip_to_user="+5355555555")) == 200

    def is_closed() -> bool:
        page.goto(path)
        return page.get_by_text("of fraud closed destinations").count() > 0

    wait_until(is_closed, 150, "the watch to close Cuba", 2)
    wait_for_dry_run(page, path, "+5355555555", "The call is refused")
    page.goto(path)
    page.get_by_role("link", name="Look at them").click()
    visitor.keep("voice-journey-04-closed")
    page.get_by_role("link", name="Open again").first.click()
    send(page, "Open again", reason="it is our supplier", open_on=f"{date.today() + timedelta(1)}")
    expect(page.get_by_role("main")).to_contain_text("Open for now")
    expect(page.get_by_role("main")).to_contain_text("it is our supplier")
    visitor.keep("voice-journey-05-opened")
    wait_for_dry_run(page, path, "+5355555555", "The call is allowed")


def test_a_live_call_is_ended(furnished, peer):
    visitor, path, recorder = furnished
    page = visitor.page
    names = {"variable_tenant_id: t1\n": f"variable_tenant_id: {recorder.tenant}\n",
             "tenant-t1": f"tenant-{recorder.tenant}"}
    wait_until(lambda: peer.connections, 60, "the service to be connected")
    for event in ("CHANNEL_CREATE", "CHANNEL_ANSWER"):
        peer.play(f"plain.{event}.internal.a", names)
    page.goto(f"{path}/live")
    page.get_by_text("Speaking").wait_for(timeout=20_000)
    visitor.keep("voice-journey-06-live")
    page.goto(path)
    page.get_by_role("button", name="End", exact=True).click()
    dialog = page.locator("[popover]:popover-open")
    expect(dialog).to_contain_text("End this call?")
    dialog.get_by_role("button", name="End call").click()
    wait_until(lambda: f"api uuid_kill {LIVE_LEG} NORMAL_CLEARING" in peer.heard, 20, "the node to be told")
    for event in ("CHANNEL_HANGUP_COMPLETE", "CHANNEL_DESTROY"):
        peer.play(f"plain.{event}.internal.a", names)
    page.goto(f"{path}/live")
    page.get_by_text("No call now").wait_for(timeout=20_000)
    assert typed("leg", LIVE_LEG) not in page.content()


def test_a_phone_that_was_not_let_in_is_shown(furnished, peer):
    visitor, path, _ = furnished
    wait_until(lambda: peer.connections, 60, "the service to be connected")
    peer.play("plain.CUSTOM.sofia-register_failure.REGISTER", {})
    visitor.page.goto(f"{path}/live")
    refused = visitor.page.get_by_role("region", name="Refused logins")
    expect(refused).to_contain_text("Wrong secret", timeout=20_000)
    expect(refused).to_contain_text("127.0.0.1")
    visitor.keep("voice-journey-07-refused-login")


@pytest.mark.parametrize("name, options", [
    ("dark", {"color_scheme": "dark"}), ("390", {"viewport": {"width": 390, "height": 844}, "has_touch": True})])
def test_the_same_pages_on_another_screen(furnished, chromium, dev, name, options):
    _, path, _ = furnished
    visitor = Visitor(chromium, dev.address, **options)
    visitor.sign_in(dev.key("platform.operator"))
    for page in ("", "/live", "/calls", "/fraud_signs", "/completeness"):
        visitor.page.goto(path + page)
        visitor.keep(f"voice-journey-{page.strip('/') or 'voice'}-{name}")
    visitor.close()
