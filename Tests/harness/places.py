"""Where things are, from the place of this file."""

import os
import socket
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
BINARY = Path(os.environ.get("CONTROLPLANE_BINARY", ROOT / ".build/release/controlplane"))
SCRATCH = ROOT / ".local/end-to-end"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(condition, seconds: float, what: str, pause: float = 0.05):
    """Asks until the answer is truthy and returns it."""
    import time

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(pause)
    raise AssertionError(f"waited {seconds} s for {what}")
