"""The product's processes: `controlplane dev` for everything in one, `controlplane serve` on a server of ours."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import requests

from .api import API
from .cluster import Cluster
from .places import BINARY, ROOT, SCRATCH, free_port, wait_until


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment without settings of the product, so that only what a test gives counts."""
    names = ("DATABASE_", "HTTP_", "HEALTH_", "PUBLIC_", "LOG_LEVEL", "PG", "CONTROLPLANE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(names)} | settings


def run(*arguments, environment=None, directory=ROOT, stdin=None, timeout=300) -> subprocess.CompletedProcess:
    """Runs one command of the executable to its end."""
    return subprocess.run(
        [BINARY, *arguments], env=environment or clean_environment(), cwd=directory, text=True, timeout=timeout,
        capture_output=True, **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}))


def make_key(product, role: str, *scope: str) -> str:
    """A new API key for a day; the scope is given as options of `key create`."""
    name = f"end-to-end {time.time_ns()}"
    done = product.command("key", "create", "--role", role, "--name", name, "--days", "1", *scope)
    assert done.returncode == 0, done.stdout + done.stderr
    return re.search(r"\bcf[vpt]_\w+", done.stdout).group(0)


class Running:
    """A process that logs into a file and listens on two ports."""

    def __init__(self, name: str):
        SCRATCH.mkdir(parents=True, exist_ok=True)
        self.log = SCRATCH / f"{name}.log"
        self.log.unlink(missing_ok=True)
        self.port, self.health_port = free_port(), free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.health = f"http://127.0.0.1:{self.health_port}"
        self.process: subprocess.Popen | None = None

    def spawn(self, arguments: list, environment: dict, directory: Path):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, *arguments], env=environment, cwd=directory, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL)

    def wait_until_ready(self, seconds: float = 120):
        def is_ready() -> bool:
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.tail()}"
            try:
                return requests.get(self.health + "/readyz", timeout=5).status_code == 200
            except requests.RequestException:
                return False

        wait_until(is_ready, seconds, f"readiness\n{self.tail()}")

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 60) -> int:
        """SIGTERM; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


class Dev(Running):
    """`controlplane dev` in a fresh directory."""

    def __init__(self, name: str = "dev", *options: str):
        super().__init__(name)
        self.directory = SCRATCH / f"{name}-{os.getpid()}"
        self.options = options
        self.start()

    def start(self):
        ports = ["--port", str(self.port), "--health-port", str(self.health_port)]
        self.spawn(["dev", "--directory", self.directory, *ports, *self.options], clean_environment(), ROOT)
        self.password = self.printed(r"One-time password: *(\S+)", 300)

    def printed(self, pattern: str, seconds: float = 5) -> str:
        """What the process printed, once it has."""
        def found():
            match = re.search(pattern, self.log.read_text(errors="replace"))
            assert match or self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.tail()}"
            return match

        return wait_until(found, seconds, f"{pattern}\n{self.tail()}").group(1)

    @property
    def partner_key(self) -> str:
        return self.printed(r"Partner API key \(.*?\): *(\S+)")

    @property
    def settings(self) -> dict[str, str]:
        lines = (self.directory / "controlplane.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def command(self, *arguments, **options) -> subprocess.CompletedProcess:
        return run(*arguments, environment=clean_environment(**self.settings), **options)

    def key(self, role: str, *scope: str) -> str:
        return make_key(self, role, *scope)

    def remove(self):
        self.stop()
        subprocess.run(["rm", "-rf", self.directory], check=False)


class Installation:
    """A database on a server of ours, prepared the way an operator does it, and services that serve from it."""

    def __init__(self, cluster: Cluster, database: str):
        self.cluster, self.database = cluster, database

    @classmethod
    def prepare(cls, cluster: Cluster, database: str) -> "Installation":
        made = cls(cluster, database)
        admin = clean_environment(DATABASE_ADMIN_URL=cluster.url())
        done = run("database", "bootstrap", "--database", database, environment=admin)
        assert done.returncode == 0, done.stderr
        done = made.command("migrate")
        assert done.returncode == 0, done.stdout + done.stderr
        return made

    def copy(self, database: str) -> "Installation":
        """The same data under another name; nobody may be connected to this one."""
        self.cluster.query(f'CREATE DATABASE "{database}" TEMPLATE "{self.database}"')
        return Installation(self.cluster, database)

    def environment(self, **settings: str) -> dict[str, str]:
        urls = {
            "DATABASE_URL": self.cluster.url("controlplane_app", self.database),
            "DATABASE_SYSTEM_URL": self.cluster.url("controlplane_system", self.database),
            "DATABASE_OWNER_URL": self.cluster.url("controlplane_owner", self.database),
        }
        return clean_environment(**urls, **settings)

    def command(self, *arguments, **options) -> subprocess.CompletedProcess:
        return run(*arguments, environment=self.environment(), **options)

    def spawn(self, *arguments) -> subprocess.Popen:
        """Starts a command without waiting for its end."""
        return subprocess.Popen(
            [BINARY, *arguments], env=self.environment(), cwd=SCRATCH, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def key(self, role: str, *scope: str) -> str:
        return make_key(self, role, *scope)

    def query(self, sql: str) -> list[list[str]]:
        return self.cluster.query(sql, self.database)


class Service(Running):
    """`controlplane serve` on an installation."""

    def __init__(self, installation: Installation, name: str, **settings: str):
        super().__init__(name)
        self.installation, self.extra = installation, settings
        self.start()

    def start(self):
        environment = self.installation.environment(
            HTTP_ADDRESS=f"127.0.0.1:{self.port}", HEALTH_ADDRESS=f"127.0.0.1:{self.health_port}", **self.extra)
        self.spawn(["serve"], environment, SCRATCH)
        self.wait_until_ready()

    def api(self, key: str | None = None) -> API:
        return API(self.address, key)
