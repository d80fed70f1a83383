"""Versions below these have known holes; no build may contain them."""

import json
import subprocess

import pytest
from harness.cluster import server_binaries
from harness.places import ROOT

FLOORS = {
    "swift-nio": "2.100.0",  # one peer with many small headers crashes the process
    "swift-nio-http2": "1.44.1",  # request smuggling through a pseudo-header
    "hummingbird": "2.26.0",  # three remote crashes
}


def parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


@pytest.mark.parametrize("name", FLOORS)
def test_dependency_floor(name):
    pins = json.loads((ROOT / "Package.resolved").read_text())["pins"]
    found = [pin["state"]["version"] for pin in pins if pin["identity"] == name]
    if not found and name == "swift-nio-http2":
        pytest.skip("not a dependency")
    assert parts(found[0]) >= parts(FLOORS[name])


def test_server_floor():
    said = subprocess.run([server_binaries() / "postgres", "--version"], capture_output=True, text=True).stdout
    version = said.split()[2]
    assert parts(version) >= [15, 18], "eleven security fixes of May 2026 are missing"
