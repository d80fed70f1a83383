"""A tenant's telephony as an operator sets it up, and call records as a FreeSWITCH node delivers them."""

import json
import time
import uuid

import requests

from .api import API


class Recorder:
    """A node that delivers what became of a tenant's calls."""

    def __init__(self, address: str, tenant: str, credentials: tuple[str, str]):
        self.address, self.tenant, self.credentials = address, tenant, credentials

    def deliver(self, body: str | dict) -> int:
        """One record to the node's address; the status that the node gets."""
        text = body if isinstance(body, str) else json.dumps(body)
        return requests.post(
            self.address + "/fs/cdr/json", data=text.encode(), auth=self.credentials, timeout=30,
            headers={"Content-Type": "application/json"}).status_code

    def record(self, seconds: float, *, ago: float = 600, leg: str | None = None, side: str = "outbound",
               **variables: str) -> dict:
        """A leg that was answered for so long; 0 for one that nobody answered."""
        start = int((time.time() - ago) * 1_000_000)
        answer = start + 4_000_000 if seconds else 0
        end = (answer or start) + round(seconds * 1_000_000)
        return {"variables": {
            "uuid": leg or str(uuid.uuid4()), "direction": side, "tenant_id": self.tenant,
            "start_uepoch": str(start), "answer_uepoch": str(answer), "end_uepoch": str(end),
            "billusec": str(round(seconds * 1_000_000)), "hangup_cause": "NORMAL_CLEARING", "hangup_cause_q850": "16",
            "sip_call_id": f"{uuid.uuid4()}@192.0.2.7", **variables}}


class Telephony(Recorder):
    """Voice switched on for a tenant, furnished with one of everything, and a node of its instance."""

    def __init__(self, api: API, tenant: dict, domain: str = "browser.voice.test",
                 allowed: str = "192.0.2.0/28"):
        self.api, self.tenant, self.address = api, tenant["tenant_id"], api.address
        self.path = f"/tenants/{self.tenant}/voice"
        own = f"/v1/voice/tenants/{self.tenant}"
        self.domain = api.post(f"{own}/domain", {"domain": domain, "country": "AT"})
        site = api.post(f"{own}/sites", {"display_name": "Hafen", "address": "Kai 1, 1020 Wien", "country": "AT"})
        self.trunk = api.post(f"{own}/trunks", {
            "display_name": "Carrier Nord", "proxy": "sip.carrier.test", "allowed_addresses": [allowed]})["trunk_id"]
        self.user = api.post(f"{own}/users", {
            "name": "1001", "display_name": "Reception", "site_id": site["site_id"]})["sip_user_id"]
        api.post(f"{own}/numbers", {
            "e164": "+43720000100", "display_name": "Main line",
            "routes": [{"to": "user", "sip_user_id": self.user}]})
        node = api.post("/v1/voice/nodes", {"instance_id": tenant["instance_id"], "name": "browser-fs1"})
        self.node, self.credentials = node["voice_node_id"], (node["name"], node["secrets"]["records_secret"])

    def an_ordinary_morning(self):
        """Calls of every kind that a list shows, and a record that nobody can read."""
        first = str(uuid.uuid4())
        bodies = [
            self.record(134.22, leg=first, side="inbound", sip_auth_username="1001",
                        sip_auth_realm="browser.voice.test", call_class="outbound", sip_to_user="+498999998211"),
            self.record(134.22, originating_leg_uuid=first, sip_gateway_name=self.trunk, call_class="outbound",
                        sip_to_user="+498999998211", originator=first),
            self.record(22.14, ago=3600, side="inbound", sip_gateway=self.trunk, call_class="inbound",
                        sip_to_user="+43720000100", sip_from_user="+49302312345"),
            self.record(0, ago=5400, side="inbound", sip_auth_username="1001", sip_auth_realm="browser.voice.test",
                        sip_to_user="+99365123456", x_refusal="VOICE_DESTINATION_NOT_ALLOWED",
                        hangup_cause="OUTGOING_CALL_BARRED", hangup_cause_q850="52"),
        ]
        for body in bodies:
            status = self.deliver(body)
            assert status == 200, f"{status}: {body}"
        assert self.deliver('{"variables": {"uuid": ') == 202
