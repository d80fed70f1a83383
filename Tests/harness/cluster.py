"""A PostgreSQL server that tests may kill: durable, on a unix socket, in a directory of its own."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from .places import wait_until


def server_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    assert found, "no PostgreSQL server binaries; run scripts/setup --tests"
    return found[-1].parent


class Cluster:
    """A new server, or with `model` one with everything that the model has, copied while that runs."""

    def __init__(self, model: "Cluster | None" = None):
        self.directory = Path(tempfile.mkdtemp(prefix="controlplane-e2e-", dir="/var/tmp"))
        self.data = self.directory / "data"
        self.account = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.directory, user.pw_uid, user.pw_gid)
            self.account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.process: subprocess.Popen | None = None
        if model:
            make = ["pg_basebackup", "-d", model.url(), "-D", self.data, "--checkpoint=fast"]
        else:
            make = ["initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
        done = subprocess.run(
            [server_binaries() / make[0], *make[1:]], capture_output=True, text=True, stdin=subprocess.DEVNULL,
            cwd=self.directory, **self.account)
        assert done.returncode == 0, done.stderr
        self.start()

    def start(self):
        """Starts the server, also after a kill: its recovery may take long on a busy disk."""
        arguments = ["-D", self.data, "-c", "listen_addresses=", "-c", f"unix_socket_directories={self.directory}",
                     "-c", "max_connections=80", "-c", "recovery_init_sync_method=syncfs"]
        with open(self.directory / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [server_binaries() / "postgres", *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                cwd=self.directory, **self.account)
        wait_until(self._is_ready, 180, "PostgreSQL to start")

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"PostgreSQL ended with {self.process.returncode}:\n{self.tail()}"
        lines = self._pid_lines()
        return len(lines) >= 8 and lines[0] == str(self.process.pid) and lines[7].startswith("ready")

    def tail(self) -> str:
        return (self.directory / "server.log").read_text(errors="replace")[-3000:]

    def _pid_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def kill(self):
        """SIGKILL to the server and all of its processes at one point in time, as when the machine loses power.

        The first process is stopped before its children are listed, so that none is born meanwhile. One that is
        left over could wait for ever for a lock of a dead one, and hold the shared memory that a new server needs.
        """
        self.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: process_status(self.process.pid)[0] == "T", 60, "PostgreSQL to stop")
        children = [number for number in map(int, filter(str.isdigit, os.listdir("/proc")))
                    if process_status(number)[1] == self.process.pid]
        for child in children:
            os.kill(child, signal.SIGKILL)
        wait_until(lambda: all(process_status(child)[0] in "ZX" for child in children), 60, "its children to end")
        self.process.kill()
        self.process.wait()

    def restart(self):
        """An orderly restart, as for a minor upgrade."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.start()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(60)
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        return f"host={self.directory} user={user} dbname={database}"

    def query(self, sql: str, database: str = "postgres") -> list[list[str]]:
        """Rows as text, asked as the superuser, whom no policy limits."""
        return query(self.url(database=database), sql)


def query(url: str, sql: str) -> list[list[str]]:
    done = subprocess.run(
        ["psql", "-X", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql],
        capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{sql}\n{done.stderr}"
    return [line.split("\x1f") for line in done.stdout.splitlines() if line]


def process_status(number: int) -> tuple[str, int]:
    """The state of a process, `X` when there is none, and the number of its parent."""
    try:
        state, parent = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    return state, int(parent)


DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def identifier(text: str) -> str:
    """The uuid, as the database stores it, of an id such as `tenant_01h455vb4pex5vsknk084sn02q`."""
    number = 0
    for digit in text.rsplit("_", 1)[1]:
        number = number * 32 + DIGITS.index(digit)
    return str(uuid.UUID(int=number))


def typed(prefix: str, stored: str) -> str:
    """The id of a stored uuid."""
    number = uuid.UUID(stored).int
    return prefix + "_" + "".join(DIGITS[number >> 5 * place & 31] for place in reversed(range(26)))
