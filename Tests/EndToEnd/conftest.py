"""What the end-to-end tests share: one demo that is only read, and a server for those that break things."""

import pytest
from harness.api import API
from harness.cluster import Cluster
from harness.places import BINARY
from harness.product import Dev, Installation


def pytest_sessionstart(session):
    assert BINARY.exists(), f"{BINARY} is missing; build it first: swift build -c release --product controlplane"


@pytest.fixture(scope="session")
def dev():
    """`controlplane dev` with the demo, as a newcomer starts it. Its October is not closed."""
    running = Dev("demo")
    yield running
    running.remove()


@pytest.fixture(scope="session")
def partner(dev) -> API:
    return API(dev.address, dev.partner_key)


@pytest.fixture(scope="session")
def vendor(dev) -> API:
    return API(dev.address, dev.key("platform.operator"))


@pytest.fixture(scope="session")
def cluster():
    server = Cluster()
    yield server
    server.close()


@pytest.fixture(scope="session")
def demo(cluster) -> Installation:
    """The demo with its sums of usage but without its million and a half single events; only copied, never changed."""
    made = Installation.prepare(cluster, "demo")
    done = made.command("demo", "load", "--directory", cluster.directory / "demo-files")
    assert done.returncode == 0, done.stdout + done.stderr
    made.query("truncate app.usage_event")
    return made


@pytest.fixture(scope="session")
def quiet(demo) -> Installation:
    """The demo's organisations and tenants before any usage; only copied, never changed."""
    made = demo.copy("quiet")
    made.query("truncate app.usage_hour")
    return made


@pytest.fixture(scope="module")
def fragile(demo, quiet):
    """A server of its own with copies of `demo` and `quiet`, for tests that kill it."""
    server = Cluster(model=demo.cluster)
    yield server
    server.close()
