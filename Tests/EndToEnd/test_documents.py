"""The documents in the repository are what the program says."""

import json

from harness.places import ROOT
from harness.product import run


def test_the_committed_api_document_is_current(dev):
    said = run("openapi")
    assert said.returncode == 0, said.stderr
    committed = (ROOT / "docs/openapi.json").read_text()
    assert said.stdout.strip() == committed.strip(), "write it anew: controlplane openapi > docs/openapi.json"
    import requests

    assert requests.get(dev.address + "/openapi.json", timeout=10).json() == json.loads(committed)


def test_every_command_explains_itself():
    text = run("--help").stdout
    for command in ("dev", "serve", "migrate", "database", "usage", "billing", "quote", "openapi", "key"):
        assert command in text
        assert run(command, "--help").returncode == 0
