"""A switch as a phone meets it, where no FreeSWITCH is needed: it challenges, and what it does then the service says.

It asks what a real FreeSWITCH asked (the recorded forms with the values of the moment), checks a digest with the hash of
the answer as FreeSWITCH does, and follows the dialplan to its first `respond` or `bridge`.
"""

import re
import socket
import threading
import uuid
import xml.etree.ElementTree as ElementTree
from urllib.parse import quote

from .switch import Answer, SwitchNode, exchange, md5, recorded, with_length


def filled(node: SwitchNode, name: str, values: dict[str, str]) -> Answer:
    """Asks a recorded question with other values; what the recorded form does not have is left out."""
    head, body = node.prepared(recorded(name)).split(b"\r\n\r\n", 1)
    fields = dict(pair.split("=", 1) for pair in body.decode().split("&"))
    fields |= {key: quote(value, safe="") for key, value in values.items() if key in fields}
    return exchange(node.port, with_length(head, "&".join(f"{key}={value}" for key, value in fields.items()).encode()))


def login(node: SwitchNode, method: str, shown: dict[str, str], addresses: dict[str, str]) -> ElementTree.Element | None:
    """The user that the service gives a switch for a login, if there is one.

    `shown` is what the phone wrote into its authorization, `addresses` the users and hosts of its request."""
    answer = filled(node, f"directory-sip_auth-{method}", addresses | {
        "key_value": shown["realm"], "user": shown["username"], "domain": shown["realm"],
        "sip_auth_username": shown["username"], "sip_auth_realm": shown["realm"], "sip_auth_nonce": shown["nonce"],
        "sip_auth_uri": shown["uri"], "sip_auth_qop": shown["qop"], "sip_auth_cnonce": shown["cnonce"],
        "sip_auth_nc": shown["nc"], "sip_auth_response": shown["response"]})
    assert answer.status == 200
    return ElementTree.fromstring(answer.body).find(".//user")


def proves(shown: dict[str, str], user: ElementTree.Element | None, method: str = "REGISTER") -> bool:
    """As FreeSWITCH checks it (RFC 2617 with qop=auth)."""
    if user is None:
        return False
    a1 = next(param.get("value") for param in user.iter("param") if param.get("name") == "a1-hash")
    a2 = md5(f"{method}:{shown['uri']}")
    return shown["response"] == md5(f"{a1}:{shown['nonce']}:{shown['nc']}:{shown['cnonce']}:{shown['qop']}:{a2}")


def digest_fields(header: str) -> dict[str, str]:
    return {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', header)}


class SIPSwitch:
    """Listens for datagrams and lets phones call; `realm` is what it challenges for, by default the host of From."""

    def __init__(self, node: SwitchNode):
        self.node, self.realm = node, None
        # what came of each call that was let in: its actions, as the service said them
        self.calls: list[list[tuple[str, str]]] = []
        self.nonces: set[str] = set()
        self.replies: dict[tuple[str, str], list[bytes]] = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.is_open = True
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self):
        self.is_open = False
        self.thread.join(60)
        self.socket.close()

    def _serve(self):
        while self.is_open:
            try:
                data, phone = self.socket.recvfrom(65_536)
            except TimeoutError:
                continue
            request = Request(data.decode("latin-1"))
            if request.method == "ACK":
                continue
            # a phone that did not hear the answer asks again
            key = (request["call-id"], request["cseq"])
            if key not in self.replies:
                self.replies[key] = [request.reply(status, *more) for status, *more in self._answers(request)]
            for reply in self.replies[key]:
                self.socket.sendto(reply, phone)

    def _answers(self, request: "Request") -> list[tuple]:
        if request.method == "BYE":
            return [("200 OK",)]
        if "proxy-authorization" not in request.headers:
            nonce = str(uuid.uuid4())
            self.nonces.add(nonce)
            realm = self.realm or request.address("from")[1]
            return [("407 Proxy Authentication Required",
                     f'Proxy-Authenticate: Digest realm="{realm}", nonce="{nonce}", algorithm=MD5, qop="auth"')]
        shown = digest_fields(request["proxy-authorization"])
        user = login(self.node, request.method, shown, request.addresses)
        if shown["nonce"] not in self.nonces or not proves(shown, user, request.method):
            return [("403 Forbidden",)]
        return self._route(request, shown, {one.get("name"): one.get("value") for one in user.iter("variable")})

    def _route(self, request: "Request", shown: dict[str, str], variables: dict[str, str]) -> list[tuple]:
        """What the directory says of a user is on the channel of his call."""
        (from_user, from_host), (dialled, to_host) = request.address("from"), request.address("to")
        leg = str(uuid.uuid4())
        answer = filled(self.node, "dialplan-internal-call", {
            "Unique-ID": leg, "Caller-Unique-ID": leg, "Hunt-Unique-ID": leg, "variable_uuid": leg,
            "Caller-Destination-Number": dialled, "Hunt-Destination-Number": dialled,
            "variable_sip_to_user": dialled, "variable_sip_to_host": to_host, "variable_sip_req_user": dialled,
            "Caller-Username": shown["username"], "Caller-Caller-ID-Number": from_user,
            "variable_sip_from_user": from_user, "variable_sip_from_host": from_host,
            "Caller-Context": variables["user_context"], "Hunt-Context": variables["user_context"],
            "variable_sip_auth_username": shown["username"], "variable_sip_auth_realm": shown["realm"],
            "variable_user_name": shown["username"], "variable_domain_name": shown["realm"],
            "variable_domain_tenant": variables["tenant_id"],
        } | {f"variable_{name}": value for name, value in variables.items()})
        assert answer.status == 200
        actions = [(one.get("application"), one.get("data")) for one in ElementTree.fromstring(answer.body).iter("action")]
        self.calls.append(actions)
        for application, data in actions:
            if application == "respond":
                return [(data,)]
            if application == "bridge":
                return [("180 Ringing",), ("200 OK", f"Contact: <sip:{dialled}@127.0.0.1:{self.port}>")]
        return [("404 Not Found",)]


class Request:
    """A request of a phone."""

    def __init__(self, text: str):
        lines = text.split("\r\n\r\n", 1)[0].split("\r\n")
        self.method, self.uri = lines[0].split()[:2]
        self.headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}

    def __getitem__(self, name: str) -> str:
        return self.headers[name]

    def address(self, name: str) -> tuple[str, str]:
        return re.search(r"sips?:([^@>;]+)@([^>;:]+)", self.uri if name == "request" else self[name]).groups()

    @property
    def addresses(self) -> dict[str, str]:
        """Under the names that a switch asks with."""
        return {f"sip_{name}_{part}": value for name in ("from", "to", "request", "contact")
                for part, value in zip(("user", "host"), self.address(name))}

    def reply(self, status: str, *more: str) -> bytes:
        to = self["to"] if "tag=" in self["to"] or status.startswith("100") else self["to"] + ";tag=switch"
        lines = [f"SIP/2.0 {status}", f"Via: {self['via']}", f"From: {self['from']}", f"To: {to}",
                 f"Call-ID: {self['call-id']}", f"CSeq: {self['cseq']}", *more, "Content-Length: 0", "", ""]
        return "\r\n".join(lines).encode("latin-1")
