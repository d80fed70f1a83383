"""kill -9 of the service and of PostgreSQL while usage comes in: nothing acknowledged is lost, none counts twice."""

import json
import random
import subprocess
import time

import pytest
from harness.api import API, turn
from harness.ledger import Writers, compare
from harness.places import wait_until
from harness.product import Installation, Service

ROUNDS = 6


@pytest.fixture
def server(fragile):
    """The server that is killed; it runs again for the next test even when this one fails."""
    yield fragile
    if fragile.process.poll() is not None:
        fragile.start()


@pytest.fixture
def installation(server, quiet, request):
    return Installation(server, quiet.database).copy(request.node.name.replace("[", "_").strip("]"))


def tenants_of_the_platform(api: API) -> list[str]:
    active = [tenant["tenant_id"] for tenant in api.all("/v1/tenants", state="active", limit=100)]
    assert len(active) > 10
    return active[:12]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("victim", ["service", "database", "both"])
def test_kill_while_usage_comes_in(server, installation, victim):
    key = installation.key("platform.operator")
    service = Service(installation, f"ingest-{victim}")
    draw = random.Random(20261121)
    try:
        writers = Writers(service.address, key, tenants_of_the_platform(service.api(key)))
        for _ in range(ROUNDS):
            time.sleep(draw.uniform(0.3, 1.5))
            before = writers.ledger.count()
            if victim in ("database", "both"):
                server.kill()
            if victim in ("service", "both"):
                service.kill()
            if victim in ("database", "both"):
                server.start()
            if victim in ("service", "both"):
                service.start()
            wait_until(lambda: writers.ledger.count() > before, 30, "an acknowledgement after the fault")
        writers.stop()
    finally:
        service.kill()
    ledger = writers.ledger
    assert ledger.unexpected == []
    assert ledger.failures > 0, "the faults were never felt"
    assert ledger.count() > 1_000
    compare(ledger, installation.query)


def test_a_restart_of_postgresql_is_survived_while_serving(server, installation):
    key = installation.key("platform.operator")
    service = Service(installation, "restart")
    try:
        api = service.api(key)
        writers = Writers(service.address, key, tenants_of_the_platform(api), threads=2)
        time.sleep(1)
        server.restart()
        before = writers.ledger.count()
        wait_until(lambda: writers.ledger.count() > before, 20, "an acknowledgement after the restart")
        writers.stop()
        assert service.process.poll() is None
        assert writers.ledger.unexpected == []
        api.get("/v1/tenants", limit=1)
        compare(writers.ledger, installation.query)
    finally:
        service.kill()


def test_readiness_tells_that_the_database_is_gone(server, installation):
    import requests

    service = Service(installation, "readiness")
    try:
        server.kill()

        def reasons() -> list[str]:
            answer = requests.get(service.health + "/readyz", timeout=10)
            return answer.json()["reasons"] if answer.status_code == 503 else []

        assert "database" in wait_until(reasons, 20, "readiness to turn false")[0]
        assert requests.get(service.health + "/livez", timeout=5).status_code == 200
        server.start()
        service.wait_until_ready(20)
    finally:
        service.kill()


def test_an_import_goes_on_where_it_was_killed(installation, tmp_path):
    key = installation.key("platform.operator")
    service = Service(installation, "import")
    try:
        tenants = tenants_of_the_platform(service.api(key))
    finally:
        service.stop()
    total = 60_000
    file = tmp_path / "usage.ndjson"
    with open(file, "w") as lines:
        for number in range(total):
            event = turn(tenants[number % len(tenants)], number, f"2026-11-03T{number % 24:02}:00:00Z", "import")
            lines.write(json.dumps(event) + "\n")
    kills = 0
    draw = random.Random(7)
    while True:
        running = installation.spawn("usage", "import", str(file))
        try:
            output = running.communicate(timeout=draw.uniform(0.2, 0.8) if kills < 5 else 120)[0]
            break
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()
            kills += 1
    assert running.returncode == 0, output
    stored = installation.query("select count(*), count(distinct event_id) from app.usage_event where source = 'import'")
    assert stored == [[str(total), str(total)]], f"after {kills} kills: {output}"
    again = installation.command("usage", "import", str(file))
    assert again.returncode == 0, again.stderr
    assert installation.query("select count(*) from app.usage_event where source = 'import'") == [[str(total)]]
    compare_hours = installation.query(
        "select sum(quantity) from app.usage_hour h where exists"
        " (select from app.usage_event e where e.tenant_id = h.tenant_id and e.source = 'import'"
        "  and date_trunc('hour', e.occurred_at) = h.hour) and hour >= '2026-11-03' and hour < '2026-11-04'")
    assert compare_hours == [[str(total)]]
