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
    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="controlplane-e2e-", dir="/var/tmp"))
        self.data = self.directory / "data"
        self.account = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.directory, user.pw_uid, user.pw_gid)
            self.account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.process: subprocess.Popen | None = None
        initdb = [server_binaries() / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*initdb, "--locale=C"], check=True, stdout=subprocess.DEVNULL, cwd=self.directory, **self.account)
        self.start()

    def start(self):
        """Starts the server; also after a kill, when old backends may still hold its memory for a moment."""
        wait_until(self._try_start, 60, "PostgreSQL to start", pause=0.3)

    def _try_start(self) -> bool:
        arguments = ["-D", self.data, "-c", "listen_addresses=", "-c", f"unix_socket_directories={self.directory}"]
        log = open(self.directory / "server.log", "ab")
        self.process = subprocess.Popen(
            [server_binaries() / "postgres", *arguments, "-c", "max_connections=80"],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.directory, **self.account)
        log.close()
        while self.process.poll() is None:
            lines = self._pid_lines()
            if len(lines) >= 8 and lines[0] == str(self.process.pid) and lines[7].startswith("ready"):
                return True
            time.sleep(0.02)
        return False

    def _pid_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def kill(self):
        """SIGKILL to the server and all of its processes, as when the machine loses power."""
        children = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(status.read_text().rsplit(")", 1)[1].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == self.process.pid:
                children.append(int(status.parent.name))
        for process in [self.process.pid, *children]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
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
