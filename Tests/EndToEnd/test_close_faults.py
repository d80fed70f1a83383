"""kill -9 of the command, of the service and of PostgreSQL while October is closed: no half invoice, no number lost."""

import random
import subprocess
import threading
from contextlib import contextmanager

import pytest
import requests
from harness.books import MONTH, assert_gapless, assert_whole, figures, finished, lines
from harness.places import wait_until
from harness.product import Installation, Service

# Rows that the test keeps locked, so that every close stops at them, and the invoices that are final by then.
PLACES = {
    "between-contracts": ("app.contract where contract_id in"
                          " (select contract_id from app.contract order by 1 offset 4 limit 4)", 4),
    "inside-an-invoice": ("app.number_range", 0),
}
CLOSE = f"/v1/billing/months/{MONTH}:close"


@pytest.fixture(scope="module")
def undisturbed(demo) -> Installation:
    made = demo.copy("undisturbed")
    done = made.command("billing", "close", MONTH)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


class ByCommand:
    """The close as an operator's command."""

    def __init__(self, installation: Installation):
        self.installation = installation
        self.process: subprocess.Popen | None = None

    def begin(self):
        self.process = self.installation.spawn("billing", "close", MONTH)

    def kill(self):
        self.process.kill()
        return self.process.communicate()[0]

    def finish(self):
        done = self.installation.command("billing", "close", MONTH)
        assert done.returncode == 0, done.stdout + done.stderr


class ByService:
    """The close as a request to a service, which is the one that is killed."""

    def __init__(self, installation: Installation):
        self.key = installation.key("platform.operator")
        self.service = Service(installation, installation.database)
        self.request: threading.Thread | None = None
        self.answer: requests.Response | None = None

    def begin(self):
        def send():
            try:
                self.answer = self.service.api(self.key).send("POST", CLOSE, json={})
            except requests.RequestException:
                pass

        self.request = threading.Thread(target=send)
        self.request.start()

    def kill(self):
        self.service.kill()
        self.request.join(60)
        assert self.answer is None, f"answered although it was killed: {self.answer.text}"

    def finish(self):
        self.service.start()
        try:
            self.service.api(self.key).post(CLOSE)
        finally:
            self.service.kill()


@contextmanager
def locked(installation: Installation, rows: str):
    """A transaction of somebody else that keeps rows locked."""
    psql = subprocess.Popen(
        ["psql", "-X", "-q", "-A", "-t", "-d", installation.cluster.url(database=installation.database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        psql.stdin.write(f"begin;\nselect 'held' from {rows} for update;\n")
        psql.stdin.flush()
        assert psql.stdout.readline().strip() == "held"
        yield
    finally:
        psql.kill()
        psql.communicate()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("victim", ["command", "service", "database"])
def test_kill_at_a_known_place(fragile, demo, undisturbed, victim, place):
    made = Installation(fragile, demo.database).copy(f"{victim}_{place}")
    closing = ByService(made) if victim == "service" else ByCommand(made)
    rows, final = PLACES[place]

    def has_stopped() -> bool:
        waiting = made.query("select count(*) from pg_stat_activity where datname = current_database()"
                             " and wait_event_type = 'Lock' and usename = 'controlplane_system'")
        return waiting == [["4"]] and finished(made) == final

    with locked(made, rows):
        closing.begin()
        wait_until(has_stopped, 60, f"the close to stop after {final} invoices")
        if victim == "database":
            fragile.kill()
        closing.kill()
    if victim == "database":
        fragile.start()
    assert finished(made) == final
    assert_whole(made)
    closing.finish()
    assert figures(made) == figures(undisturbed) and lines(made) == lines(undisturbed)
    assert_gapless(made)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("victim", ["command", "database"])
def test_kill_at_any_place(fragile, demo, undisturbed, victim):
    made = Installation(fragile, demo.database).copy(f"any_{victim}")
    closing = ByCommand(made)
    draw = random.Random(42)
    for _ in range(12):
        closing.begin()
        try:
            closing.process.wait(draw.uniform(0.02, 0.25))
        except subprocess.TimeoutExpired:
            pass
        if victim == "database":
            fragile.kill()
        closing.kill()
        if victim == "database":
            fragile.start()
        assert_whole(made)
    closing.finish()
    assert figures(made) == figures(undisturbed) and lines(made) == lines(undisturbed)
    assert_gapless(made)
