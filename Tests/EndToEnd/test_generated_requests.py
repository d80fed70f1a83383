"""About 10,000 requests made from the API's own description: none may end in a 5xx, a hang or an undocumented answer."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from harness.cluster import typed
from harness.places import SCRATCH
from harness.product import Service

CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
          "negative_data_rejection", "ignored_auth"]
EXAMPLES = int(os.environ.get("GENERATED_EXAMPLES", "60"))
MINUTES = 7


@pytest.fixture(scope="module")
def service(demo):
    running = Service(demo.copy("generated"), "generated")
    yield running
    running.kill()


def scope_of(service, role: str) -> list[str]:
    if role.startswith("platform"):
        return []
    found = service.installation.query(
        "select organisation_id from app.organisation where display_name = 'Nordlicht Agentur'")
    return ["--organisation", typed("org", found[0][0])]


@pytest.mark.timeout(MINUTES * 60 + 60)
@pytest.mark.parametrize("role", ["platform.operator", "partner.admin"])
def test_generated_requests(service, role):
    key = service.installation.key(role, *scope_of(service, role))
    report = SCRATCH / f"generated-{role}.txt"
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
    text = report.read_text()
    assert service.process.poll() is None, f"the service ended:\n{service.tail()}"
    assert done.returncode == 0, f"{report}\n{text[-15_000:]}"
    generated = re.search(r"Test cases:\s*\n?\s*([\d,]+)", text)
    assert generated and int(generated.group(1).replace(",", "")) > 3_000, text[-3_000:]


def test_nothing_broke_in_the_log(service):
    """Runs after the generated requests; a 503 is an answer, an unexpected error is not."""
    lines = [line for line in service.log.read_text(errors="replace").splitlines() if "500" in line and "status" in line]
    assert not [line for line in lines if re.search(r"status[=:\" ]+500", line)], lines[:3]
