"""A client of the API as a partner would write one."""

import json
import uuid

import requests


class API:
    def __init__(self, address: str, key: str | None = None):
        self.address = address.rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False
        if key:
            self.session.headers["Authorization"] = f"Bearer {key}"

    def send(self, method: str, path: str, expect: int | tuple | None = None, **options) -> requests.Response:
        """One request; fails with the problem's own words when the status is not an expected one."""
        options.setdefault("timeout", 60)
        if method == "POST" and not path.startswith("/v1/usage/events"):
            options.setdefault("headers", {}).setdefault("Idempotency-Key", str(uuid.uuid4()))
        answer = self.session.request(method, self.address + path, **options)
        if expect is not None:
            expected = (expect,) if isinstance(expect, int) else expect
            assert answer.status_code in expected, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer

    def get(self, path: str, **query):
        return self.send("GET", path, expect=200, params=query).json()

    def post(self, path: str, body=None, expect=(200, 201), **options):
        return self.send("POST", path, expect=expect, json=body if body is not None else {}, **options).json()

    def all(self, path: str, **query) -> list:
        """Every item of a paged list."""
        items, cursor = [], None
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items

    def report(self, events: list[dict], **options) -> dict:
        """Sends usage events as NDJSON and returns the answer."""
        body = "".join(json.dumps(event) + "\n" for event in events).encode()
        headers = {"Content-Type": "application/x-ndjson"}
        return self.send("POST", "/v1/usage/events", expect=200, data=body, headers=headers, **options).json()


def turn(tenant: str, number, time: str = "2026-11-02T10:00:00Z", source: str = "end-to-end") -> dict:
    return {
        "specversion": "1.0", "id": f"turn-{number}", "source": source, "type": "turn", "time": time,
        "tenant": tenant, "data": {"key_source": "partner"},
    }


def call(tenant: str, number, milliseconds: int, time: str = "2026-11-02T10:00:00Z") -> dict:
    return {
        "specversion": "1.0", "id": f"call-{number}", "source": "end-to-end", "type": "voice", "time": time,
        "tenant": tenant, "data": {"milliseconds": milliseconds, "direction": "inbound", "call_id": f"c{number}"},
    }
