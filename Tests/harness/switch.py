"""A node as the service meets it: what a real FreeSWITCH sent, byte for byte, over a socket."""

import base64
import hashlib
import re
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

from .places import SHARED

RECORDINGS = SHARED / "fixtures/freeswitch"


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


def recorded(name: str) -> bytes:
    """One of the raw requests."""
    return (RECORDINGS / f"requests/{name}.txt").read_bytes()


def request_names(prefix: str = "") -> list[str]:
    return sorted(path.stem for path in (RECORDINGS / "requests").glob(f"{prefix}*.txt"))


def exchange(port: int, request: bytes, seconds: float = 30) -> Answer:
    """Sends one request on a connection of its own, as FreeSWITCH does, and reads the answer."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += _more(connection)
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
        length = next(int(value) for name, value in headers if name.lower() == "content-length")
        while len(body) < length:
            body += _more(connection)
        return Answer(int(lines[0].split()[1]), headers, body)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionError("the connection was closed")
    return data


class SwitchNode:
    """A node with the passwords that the service gave it. Only those differ from the recordings."""

    def __init__(self, port: int, name: str, secrets: dict):
        self.port, self.name = port, name
        self.passwords = {"xml": secrets["configuration_secret"], "cdr": secrets["records_secret"]}

    def basic(self, purpose: str) -> bytes:
        pair = f"{self.name}:{self.passwords[purpose]}".encode()
        return b"Authorization: Basic " + base64.b64encode(pair) + b"\r\n"

    def prepared(self, request: bytes) -> bytes:
        """With our password in place of the recorded one."""
        head, body = request.split(b"\r\n\r\n", 1)
        purpose = "cdr" if b"/fs/cdr" in head.split(b"\r\n", 1)[0] else "xml"
        return re.sub(rb"Authorization: Basic [^\r]*\r\n", self.basic(purpose), head) + b"\r\n\r\n" + body

    def replay(self, name: str) -> Answer:
        return exchange(self.port, self.prepared(recorded(name)))

    def replay_as(self, name: str, names: dict[str, str]) -> Answer:
        """A recorded request under our names of things, as a node sends it that was configured by the service."""
        head, body = self.prepared(recorded(name)).split(b"\r\n\r\n", 1)
        return exchange(self.port, with_length(head, renamed(body, names)))

    def deliver(self, body: bytes, kind: str = "json", media_type: str = "application/json", uuid: str = "") -> Answer:
        head = (f"POST /fs/cdr/{kind}?uuid={uuid} HTTP/1.1\r\nHost: 127.0.0.1:8090\r\n".encode() + self.basic("cdr")
                + f"User-Agent: freeswitch-{kind}/1.0\r\nAccept: */*\r\nContent-Type: {media_type}\r\n".encode()
                + b"Content-Length: 0")
        return exchange(self.port, with_length(head, body))

    def answer_challenge(self, name: str, challenge: Answer) -> Answer:
        """The second request of a digest exchange: the recorded one with a response to our nonce."""
        head, body = recorded(name).split(b"\r\n\r\n", 1)
        method, target = head.split(b" ", 2)[:2]
        digest = next(value for value in challenge.values("www-authenticate") if value.startswith("Digest"))
        nonce = re.search('nonce="([^"]+)"', digest).group(1)
        password = self.passwords["cdr" if b"/fs/cdr" in target else "xml"]
        first = md5(f"{self.name}:fs:{password}")
        second = md5(f"{method.decode()}:{target.decode()}")
        response = md5(f"{first}:{nonce}:00000001:c0ffee:auth:{second}")
        header = (f'Authorization: Digest username="{self.name}", realm="fs", nonce="{nonce}", uri="{target.decode()}", '
                  f'cnonce="c0ffee", nc=00000001, qop=auth, response="{response}", algorithm=MD5\r\n')
        head = re.sub(rb"Authorization: Digest [^\r]*\r\n", lambda _: header.encode(), head)
        return exchange(self.port, head + b"\r\n\r\n" + body)


def with_length(head: bytes, body: bytes) -> bytes:
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head) + b"\r\n\r\n" + body


def renamed(data: bytes, names: dict[str, str]) -> bytes:
    for old, new in names.items():
        data = data.replace(old.encode(), new.encode())
    return data


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


class EventSocket:
    """A node's event socket that plays what a real one sent."""

    def __init__(self, password: str):
        self.password = password
        self.answers = {"show channels as json": '{"row_count": 0}', "show registrations as json": '{"row_count": 0}'}
        self.heard: list[str] = []
        self.connections: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def play(self, name: str, names: dict[str, str]):
        """Sends a recorded event under our names of things to whoever has subscribed."""
        self.send(renamed_event((RECORDINGS / f"esl/{name}.txt").read_bytes(), names))

    def send(self, data: bytes):
        for connection in self.connections:
            connection.sendall(data)

    def hang_up(self):
        """The connection breaks, as when the node or the network goes."""
        for connection in self.connections:
            connection.shutdown(socket.SHUT_RDWR)
        self.connections = []

    def close(self):
        self.hang_up()
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket):
        text = b""
        with connection:
            connection.sendall(b"Content-Type: auth/request\n\n")
            while data := connection.recv(65_536):
                text += data
                while b"\n\n" in text:
                    line, text = text.split(b"\n\n", 1)
                    if not self._reply(connection, line.decode()):
                        return
            self.connections = [one for one in self.connections if one is not connection]

    def _reply(self, connection: socket.socket, line: str) -> bool:
        self.heard.append(line)
        if line.startswith("auth "):
            is_right = line == f"auth {self.password}"
            connection.sendall(self._short("+OK accepted" if is_right else "-ERR invalid"))
            return is_right
        if line.startswith("event "):
            connection.sendall(self._short("+OK event listener enabled json"))
            self.connections.append(connection)
        elif line.startswith("api "):
            body = self.answers.get(line[4:], "+OK\n").encode()
            connection.sendall(b"Content-Type: api/response\nContent-Length: %d\n\n" % len(body) + body)
        else:
            connection.sendall(self._short("+OK"))
        return True

    @staticmethod
    def _short(text: str) -> bytes:
        return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()


def renamed_event(frame: bytes, names: dict[str, str]) -> bytes:
    """A frame whose length fits again after the names in it were exchanged."""
    head, body = frame.split(b"\n\n", 1)
    length = int(re.search(rb"Content-Length: (\d+)", head).group(1))
    body = renamed(body[:length], names)
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head) + b"\n\n" + body


class CallRecords:
    """The recorded call records, each as it was posted: the head from one file, the body from another."""

    folder = RECORDINGS / "cdr"

    def __init__(self):
        text = (self.folder / "HEADERS.txt").read_text()
        entries = re.findall(r"^### cdr/(\S+)[^\n]*\n(POST .*?)\n*(?:\n\n|\Z)", text, re.M | re.S)
        self.heads = {name: head for name, head in entries if (self.folder / name).exists()}

    def request(self, name: str) -> bytes:
        """With the encoding of its way, which the recordings took off again."""
        head = self.heads[name]
        body = (self.folder / name).read_bytes()
        media_type = re.search(r"Content-Type: (\S+)", head).group(1)
        if not body.startswith(b"cdr="):
            if media_type == "application/x-www-form-base64-encoded":
                body = b"cdr=" + base64.b64encode(body)
            elif media_type == "application/x-www-form-plaintext":
                body = b"cdr=" + body
            elif media_type == "application/x-www-form-urlencoded" and not self._is_bare(name):
                body = b"cdr=" + percent_encoded(body)
        return with_length(head.replace("\n", "\r\n").encode(), body)

    @staticmethod
    def _is_bare(name: str) -> bool:
        """`disable-100-continue` names a form although the body is bare JSON."""
        return name.startswith("cfg-json-disable-100") and name.endswith(".json")


def percent_encoded(data: bytes) -> bytes:
    kept = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'(),/"
    return b"".join(bytes([byte]) if byte in kept else b"%%%02X" % byte for byte in data)


def path_of(name: str) -> Path:
    return RECORDINGS / name
