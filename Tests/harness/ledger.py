"""Writers that keep a ledger of what was acknowledged, to be compared with what is there afterwards."""

import itertools
import threading
import time
from dataclasses import dataclass, field

import requests

from .api import API, turn


@dataclass
class Ledger:
    """Ids per tenant. `sent` was tried at least once; `acknowledged` was answered after a commit."""

    sent: dict[str, set[str]] = field(default_factory=dict)
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    failures: int = 0
    unexpected: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> int:
        with self.lock:
            return sum(len(ids) for ids in self.acknowledged.values())


class Writers:
    """Threads that send batches and repeat each until it is acknowledged, as a customer's instance does."""

    def __init__(self, address: str, key: str, tenants: list[str], threads: int = 4, batch: int = 200):
        self.ledger = Ledger()
        self.stopping = threading.Event()
        self.batches = itertools.count()
        self.address, self.key, self.tenants, self.batch = address, key, tenants, batch
        self.threads = [threading.Thread(target=self._write, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def stop(self, seconds: float = 60):
        """Lets every writer finish the batch that it is at."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(seconds)
            assert not thread.is_alive(), "a writer hangs"

    def _write(self):
        api = API(self.address, self.key)
        while not self.stopping.is_set():
            number = next(self.batches)
            tenant = self.tenants[number % len(self.tenants)]
            hour = number % 24
            events = [turn(tenant, f"{number}-{step}", f"2026-11-02T{hour:02}:{step % 60:02}:00Z")
                      for step in range(self.batch)]
            ids = {event["id"] for event in events}
            with self.ledger.lock:
                self.ledger.sent.setdefault(tenant, set()).update(ids)
            if self._deliver(api, events):
                with self.ledger.lock:
                    self.ledger.acknowledged.setdefault(tenant, set()).update(ids)

    def _deliver(self, api: API, events: list[dict]) -> bool:
        """Repeats a batch until it is answered; gives up only when the writers are told to stop for long."""
        deadline = None
        while True:
            try:
                answer = api.send("POST", "/v1/usage/events", json=events, timeout=20)
                if answer.status_code == 200:
                    counts = answer.json()
                    if counts["accepted"] + counts["duplicate"] != len(events):
                        self._unexpected(answer.text[:500])
                    return True
                # A server that cannot answer now says so and when to come back; nothing else is expected.
                if answer.status_code != 503 or "Retry-After" not in answer.headers:
                    self._unexpected(f"{answer.status_code} {dict(answer.headers)} {answer.text[:500]}")
            except requests.RequestException:
                pass
            with self.ledger.lock:
                self.ledger.failures += 1
            if self.stopping.is_set():
                deadline = deadline or time.monotonic() + 40
                if time.monotonic() > deadline:
                    return False
            time.sleep(0.05)

    def _unexpected(self, text: str):
        with self.ledger.lock:
            self.ledger.unexpected.append(text)


def compare(ledger: Ledger, query):
    """Nothing acknowledged is lost, nothing is counted twice, and the sums are the events."""
    from .cluster import identifier

    for tenant, ids in ledger.acknowledged.items():
        stored = {row[0] for row in query(
            f"select event_id from app.usage_event where tenant_id = '{identifier(tenant)}' and source = 'end-to-end'")}
        assert not ids - stored, f"{len(ids - stored)} acknowledged events are lost"
        assert not stored - ledger.sent[tenant], "events that nobody sent"
    different = query(
        "select coalesce(e.tenant_id, h.tenant_id), e.n, h.n, h.q from"
        " (select tenant_id, meter, key_source, date_trunc('hour', occurred_at) as hour, late, count(*) n,"
        "  sum(quantity) q from app.usage_event group by 1, 2, 3, 4, 5) e"
        " full join (select tenant_id, meter, key_source, hour, late, sum(events) n, sum(quantity) q"
        "  from app.usage_hour group by 1, 2, 3, 4, 5) h"
        " using (tenant_id, meter, key_source, hour, late)"
        " where e.n is distinct from h.n or e.q is distinct from h.q")
    assert different == [], f"hours that are not the sum of their events: {different[:5]}"
