"""Chromium in front of the console of `controlplane dev`, with an ear on everything that should not happen."""

import shutil

import pytest
from harness.places import BINARY
from harness.product import Dev
from harness.visitor import SCREENSHOTS, Visitor
from playwright.sync_api import sync_playwright


def pytest_sessionstart(session):
    assert BINARY.exists(), f"{BINARY} is missing; build it first: swift build -c release --product controlplane"
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    SCREENSHOTS.mkdir(parents=True)


@pytest.fixture(scope="session")
def dev():
    running = Dev("browser")
    yield running
    running.remove()


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium")
    assert path, "Chromium is missing; run scripts/setup --tests"
    # Chromium's own sandbox does not work for root and in most containers; it only ever sees our own pages here.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium, dev):
    made = Visitor(chromium, dev.address)
    yield made
    made.close()
