"""The tenants of the recordings, set up over the public API as an operator does it."""

import base64
import json
import os
import uuid

from .api import API
from .product import Installation, Service
from .switch import RECORDINGS, SwitchNode, md5, renamed

SECRETS = {(tenant, user): md5(f"the phone {user} of t{tenant}") for tenant in (1, 2) for user in (1001, 1002)}


class Telephony:
    """A service with two tenants, `t1.voice.test` and `t2.voice.test`, and the node `fs1` of their instance."""

    def __init__(self, installation: Installation, name: str):
        self.installation = installation
        self.kek = base64.b64encode(os.urandom(32)).decode()
        key = installation.key("platform.operator")
        self.service = Service(installation, name, CONTROLPLANE_KEK=self.kek)
        self.api: API = self.service.api(key)
        self.tenants, self.users, self.trunks, self.numbers = {}, {}, {}, {}
        try:
            self._prepare()
        except BaseException:
            self.service.kill()
            raise

    def _prepare(self):
        instances = self.api.all("/v1/instances", host="licensee")
        self.instance = next(one for one in instances if one["display_name"] == "Stadtwerke production")
        self.node_object = self.api.post("/v1/voice/nodes", {
            "instance_id": self.instance["instance_id"], "name": "fs1", "switchname": "fs1.voice.test"})
        self.node = SwitchNode(self.service.port, "fs1", self.node_object["secrets"])
        for number in (1, 2):
            self._set_up(number)

    def _set_up(self, number: int):
        tenant = self.api.post("/v1/tenants", {
            "organisation_id": self.instance["organisation_id"], "instance_id": self.instance["instance_id"],
            "slug": f"voice-{number}", "display_name": f"Voice {number}", "activate": True})["tenant_id"]
        self.tenants[number] = tenant
        self.create(number, "domain", {"domain": f"t{number}.voice.test", "country": "US"})
        for user in (1001, 1002):
            made = self.create(number, "users", {
                "name": str(user), "display_name": f"User {user} of t{number}", "secret": SECRETS[number, user]})
            self.users[number, user] = made["sip_user_id"]
        trunk = {"display_name": f"Carrier of t{number}", "proxy": f"127.0.0.1:{5089 + number}",
                 "allowed_addresses": ["127.0.0.0/16"]}
        if number == 2:
            trunk["registration"] = {"username": "trunk-t2", "secret": "trunk-&-pw", "realm": "carrier-b.test"}
        self.trunks[number] = self.create(number, "trunks", trunk)["trunk_id"]
        routes = [{"to": "user", "sip_user_id": self.users[number, 1001]}]
        e164 = f"+1555000{number}1001"
        self.numbers[number] = e164
        self.create(number, "numbers", {"display_name": "Main", "e164": e164, "routes": routes})
        # All recordings come within seconds.
        self.api.send("PUT", self.path(number, "settings"), expect=200, json={
            "concurrent_calls": 200, "calls_per_second": 100, "sequential_calls": 1000,
            "unbounded": ["daily_spend", "exposure"]})
        # The recorded calls go to a part of North America that is nobody's.
        self.create(number, "permissions", {"allowed": True, "prefix": "1555", "reason": "the recorded carrier"})

    def path(self, number: int, what: str = "") -> str:
        return f"/v1/voice/tenants/{self.tenants[number]}" + (f"/{what}" if what else "")

    def create(self, number: int, what: str, body: dict) -> dict:
        return self.api.post(self.path(number, what), body)

    def get(self, number: int, what: str, **query) -> dict:
        return self.api.get(self.path(number, what), **query)

    def all(self, number: int, what: str, **query) -> list:
        return self.api.all(self.path(number, what), **query)

    def a1(self, number: int, user: int) -> str:
        return md5(f"{user}:t{number}.voice.test:{SECRETS[number, user]}")

    @property
    def names(self) -> dict[str, str]:
        """What a node of ours says where the recorded one said otherwise, in forms, records and events."""
        names = {}
        for number in (1, 2):
            tenant, letter = self.tenants[number], "ab"[number - 1]
            names |= {
                f"t{number}-carrier-{letter}": self.trunks[number],
                f"tenant-t{number}": f"tenant-{tenant}",
                f"variable_tenant_id=t{number}&": f"variable_tenant_id={tenant}&",
                f'"tenant_id":"t{number}"': f'"tenant_id":"{tenant}"',
                f"variable_tenant_id: t{number}\n": f"variable_tenant_id: {tenant}\n",
                f'"variable_tenant_id":"t{number}"': f'"variable_tenant_id":"{tenant}"',
                f"<tenant_id>t{number}</tenant_id>": f"<tenant_id>{tenant}</tenant_id>",
            }
        return names

    def carrier_leg(self, leg: str, milliseconds: int, form: str = "json") -> bytes:
        """The recorded leg to a carrier, with another id and another length, as our node sends it."""
        kept = RECORDINGS / "cdr/pstn-out-caller-hangup.b.json"
        variables = json.loads(kept.read_bytes())["variables"]
        ended = int(variables["end_uepoch"])
        length = variables["billusec"]
        return renamed(kept.with_suffix(f".{form}").read_bytes(), self.names | {
            variables["uuid"]: leg, variables["originating_leg_uuid"]: str(uuid.uuid4()),
            variables["answer_uepoch"]: str(ended - milliseconds * 1000),
            variables["start_uepoch"]: str(ended - milliseconds * 1000 - 1_000_000),
            f'"billusec":"{length}"': f'"billusec":"{milliseconds * 1000}"',
            f"<billusec>{length}</billusec>": f"<billusec>{milliseconds * 1000}</billusec>",
        })

    def close(self):
        self.service.stop()
