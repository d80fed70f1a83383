"""What HTTP/1.1 demands of a server is refused before anything of ours sees it."""

import socket
import time

import pytest


def exchange(port: int, request: bytes, seconds: float = 15) -> bytes:
    """Everything that the server says until it closes, or until it has been silent for a while."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as peer:
        try:
            peer.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass
        peer.settimeout(3)
        answer = b""
        try:
            while block := peer.recv(65536):
                answer += block
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1."), answer[:200]
    return int(answer.split()[1])


HOST = b"Host: 127.0.0.1\r\n"
REFUSED = {
    "no Host": (b"GET /openapi.json HTTP/1.1\r\n\r\n", {400}),
    "two Hosts": (b"GET /openapi.json HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n", {400}),
    "a list as Host": (b"GET /openapi.json HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n", {400}),
    "foreign absolute-form": (b"GET http://other.example/openapi.json HTTP/1.1\r\n" + HOST + b"\r\n", {400, 421}),
    "xchunked": (b"POST /v1/usage/events HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "chunked twice": (
        b"POST /v1/usage/events HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "length and coding": (
        b"POST /v1/usage/events HTTP/1.1\r\n" + HOST
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "two lengths": (
        b"POST /v1/usage/events HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", {400}),
    "signed length": (b"POST /v1/usage/events HTTP/1.1\r\n" + HOST + b"Content-Length: +4\r\n\r\nabcd", {400}),
    "folded header": (b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"X-A: b\r\n c\r\n\r\n", {400}),
    "space before the colon": (b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"X-A : b\r\n\r\n", {400}),
    "70 KB address": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {414, 431, 400}),
    "1,500 headers": (
        b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: y\r\n" % n for n in range(1500)) + b"\r\n",
        {431, 400}),
    "200 KB chunk extension": (
        b"POST /v1/usage/events HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1;a=" + b"b" * 200_000
        + b"\r\nx\r\n0\r\n\r\n", {400, 401, 413}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(dev, name):
    request, expected = REFUSED[name]
    assert status(exchange(dev.port, request)) in expected


def test_a_correct_request_passes(dev):
    answer = exchange(dev.port, b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert status(answer) == 200


def test_one_refused_request_ends_its_connection(dev):
    """What follows a request that nobody understands must never be taken for another request."""
    smuggled = b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n"
    answer = exchange(dev.port, REFUSED["length and coding"][0] + smuggled)
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_header_that_never_ends_is_cut_off(dev):
    with socket.create_connection(("127.0.0.1", dev.port), timeout=5) as peer:
        peer.sendall(b"GET /openapi.json HTTP/1.1\r\n" + HOST)
        started = time.monotonic()
        peer.settimeout(1)
        while time.monotonic() - started < 30:
            try:
                peer.sendall(b"X")
                peer.recv(4096)
                return  # an answer or the end: either way the header was not waited for any longer
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                return
    pytest.fail("a peer that sends one byte a second kept its connection for 30 s")


def test_health_answers_while_the_main_listener_is_flooded(dev):
    import requests

    peers = []
    try:
        for _ in range(600):
            peer = socket.socket()
            peer.setblocking(False)
            peer.connect_ex(("127.0.0.1", dev.port))
            peers.append(peer)
        time.sleep(0.5)
        for peer in peers:
            try:
                peer.send(b"GET / HTTP/1.1\r\n")
            except OSError:
                pass
        assert requests.get(dev.health + "/livez", timeout=2).status_code == 200
        assert requests.get(dev.health + "/readyz", timeout=4).status_code == 200
        assert "http" in requests.get(dev.health + "/metrics", timeout=2).text
    finally:
        for peer in peers:
            peer.close()
