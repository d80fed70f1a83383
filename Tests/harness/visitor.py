"""A browser window in front of the console, with an ear on everything that should not happen."""

from playwright.sync_api import Browser, Page

from .places import ROOT

SCREENSHOTS = ROOT / ".local/screenshots"


class Visitor:
    """One browser window. Collects what must stay empty: errors in the console, refused content, foreign requests."""

    def __init__(self, browser: Browser, address: str, **options):
        self.address = address
        options.setdefault("viewport", {"width": 1440, "height": 1000})
        self.context = browser.new_context(base_url=address, locale="en-GB", timezone_id="Europe/Vienna", **options)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._console(message))
        self.page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        self.page.on("request", self._request)
        self.page.on("requestfailed", lambda request: self._failed(request))

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _request(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.complaints.append(f"foreign request: {request.url}")

    def _failed(self, request):
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.complaints.append(f"failed request: {request.url} {request.failure}")

    def sign_in(self, key: str):
        self.page.goto("/sign-in")
        self.page.get_by_label("API key").fill(key)
        self.page.get_by_role("button", name="Sign in with the key").click()
        self.page.get_by_role("heading", level=1).wait_for()
        assert "/sign-in" not in self.page.url

    def keep(self, name: str):
        """A screenshot of the whole page; a page never scrolls sideways."""
        width = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
        assert width <= 0, f"{name} is {width} pixels wider than the window"

    def close(self):
        self.context.close()
        assert self.complaints == []
