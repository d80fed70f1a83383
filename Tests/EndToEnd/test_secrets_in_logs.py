"""What must never be in a log: keys, passwords, session cookies, and what customers say."""

import re

import requests
from harness.api import API, turn


def test_logs_contain_no_secrets(dev, partner):
    tenant = partner.all("/v1/tenants", state="active", limit=1)[0]["tenant_id"]
    canary = "canary-4f9a1c"
    partner.report([dict(turn(tenant, canary), data={"key_source": "partner", "note": canary})])
    partner.send("GET", "/v1/tenants", params={"search": canary})
    API(dev.address, f"cfp_{canary}_{canary}").send("GET", "/v1/tenants")
    made = partner.post("/v1/api_keys", {"role": "partner.viewer", "display_name": "Log test"})
    visitor = requests.Session()
    visitor.post(dev.address + "/sign-in", data={"password": canary, "one_time_password": canary}, timeout=10)
    requests.get(dev.address + "/" + canary, params={"key": canary}, timeout=10)

    log = dev.log.read_text(errors="replace")
    service_lines = "\n".join(
        line for line in log.splitlines() if not re.match(r"(One-time password|Partner API key)", line))
    assert "/v1/usage/events" in service_lines, "requests are not logged at all"
    secret = next(value for value in made.values() if isinstance(value, str) and value.startswith("cfp_"))
    for word in (dev.partner_key, dev.partner_key.rsplit("_", 1)[1], dev.password, secret, secret.rsplit("_", 1)[1],
                 canary):
        assert word not in service_lines, f"{word[:8]}… is in the log"
    assert not re.search(r"\bcf[vpt]_\w+_\w{20}", service_lines)
