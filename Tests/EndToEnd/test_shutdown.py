"""SIGTERM: what was begun is finished, what is new is refused, and the exit status says that all went well."""

import json
import socket
import time

import pytest
from harness.api import turn
from harness.ledger import Writers, compare
from harness.places import SCRATCH, wait_until
from harness.product import Dev, Installation, Service


@pytest.fixture(scope="module")
def installation(quiet) -> Installation:
    return quiet.copy("shutdown")


def test_sigterm_finishes_what_was_begun(installation):
    key = installation.key("platform.operator")
    service = Service(installation, "sigterm")
    api = service.api(key)
    tenant = api.all("/v1/tenants", state="active", limit=100)[0]["tenant_id"]
    body = json.dumps([turn(tenant, f"drain-{number}", source="drain") for number in range(2_000)]).encode()
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as peer:
        head = (
            "POST /v1/usage/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n")
        peer.sendall(head.encode() + body[:1000])
        time.sleep(0.2)
        service.process.terminate()
        time.sleep(0.3)
        peer.sendall(body[1000:])
        answer = b""
        while block := peer.recv(65536):
            answer += block
    assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
    assert service.process.wait(40) == 0, service.tail()
    stored = installation.query("select count(*) from app.usage_event where source = 'drain'")
    assert stored == [["2000"]]


def test_sigterm_under_load_loses_nothing(installation):
    key = installation.key("platform.operator")
    service = Service(installation, "sigterm-load")
    tenants = [found["tenant_id"] for found in service.api(key).all("/v1/tenants", state="active", limit=100)][:4]
    writers = Writers(service.address, key, tenants)
    wait_until(lambda: writers.ledger.count() > 1_000, 30, "some load")
    assert service.stop() == 0, service.tail()
    service.start()
    before = writers.ledger.count()
    wait_until(lambda: writers.ledger.count() > before, 30, "an acknowledgement after the restart")
    writers.stop()
    service.kill()
    assert writers.ledger.unexpected == []
    compare(writers.ledger, installation.query)


def test_dev_stops_its_database_and_starts_again_with_the_same_data():
    running = Dev("restarted", "--no-demo")
    try:
        first = running.settings["DATABASE_URL"]
        assert running.stop() == 0, running.tail()
        assert not list(running.directory.glob("postgres/data/postmaster.pid"))
        running.log.unlink()
        running.start()
        assert running.settings["DATABASE_URL"] == first
        running.kill()
        running.log.unlink()
        running.start()
        running.wait_until_ready()
    finally:
        running.remove()


def test_dev_refuses_a_directory_in_use():
    running = Dev("in-use", "--no-demo")
    try:
        from harness.product import clean_environment, run

        second = run("dev", "--directory", str(running.directory), "--port", "0", "--health-port", "0",
                     environment=clean_environment(), timeout=60)
        assert second.returncode != 0
        assert "in use" in second.stderr
        running.wait_until_ready()
    finally:
        running.remove()


def test_a_port_in_use_ends_the_start_with_a_reason(dev):
    from harness.product import clean_environment, run

    options = ["--no-demo", "--directory", str(SCRATCH / "port-in-use"), "--health-port", "0", "--port", str(dev.port)]
    done = run("dev", *options, environment=clean_environment(), timeout=60)
    assert done.returncode != 0
    assert "another program listens there" in done.stderr, done.stderr
