"""10,000 requests made from the API's own description: none may end in a 5xx, a hang or an undocumented answer."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from harness.cluster import typed
from harness.places import SCRATCH
from harness.product import Service

CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
          "negative_data_rejection", "ignored_auth"]
EXAMPLES = int(os.environ.get("GENERATED_EXAMPLES", "20"))
ROLES = ["platform.operator", "platform.auditor", "partner.admin", "tenant.admin"]
MINUTES = 4
KNOWN = r"(?!401)\d+"


@dataclass
class Run:
    """What one role's requests came to."""

    status: int
    report: str
    known: int  # requests of somebody whom the service knew; the others try without a key


@pytest.fixture(scope="module")
def service(demo):
    running = Service(demo.copy("generated"), "generated")
    yield running
    running.kill()


@pytest.fixture(scope="module")
def runs(service) -> dict[str, Run]:
    return {role: generate(service, role) for role in ROLES}


def generate(service, role: str) -> Run:
    key = service.installation.key(role, *scope_of(service, role))
    report = SCRATCH / f"generated-{role}.txt"
    before = answered(service, KNOWN)
    command = [
        Path(sys.executable).with_name("schemathesis"), "run", service.address + "/openapi.json",
        "--header", f"Authorization: Bearer {key}", "--phases", "examples,coverage,fuzzing", "--mode", "all",
        "--checks", ",".join(CHECKS), "--max-examples", str(EXAMPLES), "--seed", "20261121", "--workers", "1",
        "--request-timeout", "20", "--continue-on-failure", "--suppress-health-check", "all", "--no-shrink",
        "--warnings", "off", "--output-truncate", "true",
    ]
    with open(report, "w") as out:
        done = subprocess.run(
            command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=SCRATCH,
            timeout=MINUTES * 60)
    assert service.process.poll() is None, f"the service ended:\n{service.tail()}"
    return Run(done.returncode, f"{report}\n{report.read_text()[-15_000:]}", answered(service, KNOWN) - before)


def scope_of(service, role: str) -> list[str]:
    level = role.split(".")[0]
    if level == "platform":
        return []
    found = service.installation.query(
        "select organisation_id, tenant_id from app.tenant join app.organisation o using (organisation_id)"
        " where o.display_name = 'Nordlicht Agentur' order by 2 limit 1")
    organisation, tenant = found[0]
    return ["--organisation", typed("org", organisation)] + (
        ["--tenant", typed("tenant", tenant)] if level == "tenant" else [])


def answered(service, status: str) -> int:
    """Requests with such a status, counted by the service itself."""
    text = requests.get(service.health + "/metrics", timeout=10).text
    found = re.findall(
        rf'^http_request_duration_seconds_count{{.*status="{status}".*}} (\d+)$', text, flags=re.MULTILINE)
    return sum(map(int, found))


# The first test to ask for `runs` waits for all of them.
pytestmark = pytest.mark.timeout(len(ROLES) * MINUTES * 60 + 60)


@pytest.mark.parametrize("role", ROLES)
def test_every_answer_is_as_documented(runs, role):
    assert runs[role].status == 0, runs[role].report


def test_there_were_many(runs):
    assert sum(run.known for run in runs.values()) >= 10_000, runs


def test_nothing_broke(service, runs):
    """A 503 is an answer; a 500 is none, nor is it in the log."""
    assert answered(service, "500") == 0
    broken = [line for line in service.log.read_text(errors="replace").splitlines() if " status=500 " in line]
    assert broken == []
