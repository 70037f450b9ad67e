"""Fuzz who may read and write the REST API of a real daemon: every operation in many spellings of its path, with odd
methods, by strangers, by a viewer and by people of another tenant.

    python fuzz/paths.py --seconds 300

Whatever is answered, nobody reads what is not his, nobody but an operator changes anything, a refusal is a problem+json, and
there is no 5xx. The exit code is 0 when nothing was found.
"""

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPResponse
from time import monotonic
from typing import Any
from urllib.parse import unquote

import trio
from daemon import API, Found, Target, main, tell
from fuzzing.request_lines import METHODS, PIECES, respell, spellings

MARK = "only-for-north"
"""Stands in whatever tenant north has, and in nothing that is asked."""
PUBLIC: tuple[list[str], ...] = ([], ["healthz"], ["readyz"], ["schema"])
"""First parts of the paths of pages for everybody; the root leads to the description."""
WATCHED = ("/topology?format=csv", "/alarm-rules", "/maintenance-windows", "/quarantine", "/alarms?tenant_id=north")
HEADERS = (
    "X-HTTP-Method-Override: DELETE",
    "X-Original-URL: /healthz",
    "X-Forwarded-Uri: /healthz",
    "X-Forwarded-For: 127.0.0.1",
    "Authorization: Basic dXNlcjpwYXNz",
    "Cookie: token=x",
    "Upgrade: h2c",
    "Expect: 100-continue",
)


class Strangers:
    """Those who ask. Each is a name and a token; an operator of north has what they are after."""

    def __init__(self, daemon: Target, seed: int) -> None:
        self._daemon, self._rng = daemon, random.Random(seed)
        self.answers: Counter[tuple[str, int]] = Counter()
        self._tokens = {
            "nobody": "",
            "wrong": f"fd_{'x' * 43}",
            "south viewer": daemon.token("viewer", "south"),
            "south admin": daemon.token("admin", "south"),
            "north viewer": daemon.token("viewer", "north"),
        }
        self._ids = self._furnish()
        paths: dict[str, Any] = daemon.ask("GET", "/schema/openapi.json").body["paths"]
        self._operations = [(method.upper(), path) for path, methods in paths.items() for method in methods]
        self._before = self._all()

    def _furnish(self) -> dict[str, str]:
        """Give tenant north one thing of each kind; their ids by the name of the path's parameter."""
        made = {
            "node_id": ("/topology/nodes", {"id": "n-olt/1", "type": "olt", "tenant": "north", "name": MARK}),
            "alarm_id": (
                "/alarms",
                {
                    "tenant_id": "north",
                    "alarm_type": "x",
                    "severity": "minor",
                    "title": MARK,
                    "resource_type": "olt",
                    "resource_id": "n-olt/1",
                },
            ),
            "window_id": (
                "/maintenance-windows",
                {
                    "title": MARK,
                    "tenant_id": "north",
                    "scope": {"devices": ["n-olt/1"]},
                    "start": (datetime.now(UTC) + timedelta(days=300)).isoformat(),
                    "duration_seconds": 3600,
                },
            ),
            "rule_id": (
                "/alarm-rules",
                {"name": MARK, "tenant_id": "north", "type": "suppression", "conditions": {"match": {"alarm_type": "y"}}},
            ),
        }
        ids = {"offset": "1"}
        for parameter, (path, body) in made.items():
            answer = self._daemon.ask("POST", f"{API}{path}", body)
            if answer.status >= 300:
                raise Found(f"POST {path}: {answer}")
            ids[parameter] = answer.body["id"]
        return ids

    def _all(self) -> dict[str, Any]:
        """What there is, as an administrator sees it."""
        paths = (*WATCHED, f"/alarms/{self._ids['alarm_id']}/notes")
        found = {path: self._daemon.ask("GET", f"{API}{path}").body for path in paths}
        for alarm in found["/alarms?tenant_id=north"]["items"]:
            # faultd itself writes into the timeline, such as that a notification was requested.
            del alarm["revision"]
        return found

    def run(self, seconds: float) -> None:
        """Raises :class:`Found` for the first answer that must not be."""
        until = monotonic() + seconds
        while monotonic() < until:
            self._visit()
        after = self._all()
        for path, before in self._before.items():
            if after[path] != before:
                raise Found(f"{path} was changed:\n{before}\n{after[path]}")

    def _visit(self) -> None:
        """A few requests over one connection, of different people."""
        connection = HTTPConnection("127.0.0.1", self._daemon.place.ports["http"], timeout=30)
        connection.connect()
        try:
            for _ in range(self._rng.randrange(1, 5)):
                if not self._ask(connection):
                    return
        finally:
            connection.close()

    def _ask(self, connection: HTTPConnection) -> bool:
        """One request. Whether the connection can be used again."""
        rng = self._rng
        who = rng.choice(tuple(self._tokens))
        method, path = rng.choice((*self._operations, ("GET", "/metrics"), ("GET", "/schema/openapi.json")))
        for name, value in self._ids.items():
            path = path.replace(f"{{{name}}}", value)
        if rng.random() < 0.2:
            method = rng.choice(METHODS)
        target = respell(path, rng) if rng.random() < 0.8 else rng.choice([path, *spellings(path)])
        lines = [f"{method} {target} HTTP/1.1", "Host: x"]
        if self._tokens[who]:
            lines.append(f"Authorization: Bearer {self._tokens[who]}")
        if rng.random() < 0.2:
            lines.append(rng.choice(HEADERS))
        if rng.random() < 0.05:
            lines.append(f"X: {rng.choice(PIECES)}")
        body = rng.choice((b"", b"", b"{}", b"[]", b"x", json.dumps({"name": "taken over"}).encode()))
        if body or method in ("POST", "PUT", "PATCH"):
            lines += [f"Content-Length: {len(body)}", "Content-Type: application/json"]
        octets = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + body
        connection.sock.sendall(octets)
        response = HTTPResponse(connection.sock, method=method)
        try:
            response.begin()
            content = response.read()
        except (HTTPException, OSError) as error:
            raise Found(f"{who}: {octets[:2000]!r}: {error!r}") from error
        self.answers[who, response.status] += 1
        if wrong := self._wrong(who, method, target, response, content):
            raise Found(f"{who}: {octets[:2000]!r} is answered with {response.status}, {wrong}: {content[:1000]!r}")
        return not response.will_close

    def _wrong(self, who: str, method: str, target: str, response: HTTPResponse, content: bytes) -> str:
        """What is wrong with an answer, "" when nothing is."""
        status, kind = response.status, response.headers.get("Content-Type", "")
        if status >= 400 and not kind.startswith("application/problem+json"):
            return "which is no problem+json"
        if status >= 500:
            return "a server error"
        if who != "north viewer" and MARK.encode() in content:
            return "which shows what is north's"
        if not self._tokens[who] or who == "wrong":
            if status < 400 and not _public(target):
                return "without a token"
        elif "viewer" in who and status < 400 and method.upper() not in ("GET", "HEAD", "OPTIONS"):
            return "to one who may only read"
        return ""


def _public(target: str) -> bool:
    """Whether a path in this spelling may be a page for everybody."""
    parts = [part for part in unquote(target.partition("?")[0].partition("#")[0]).split("/") if part]
    return parts[:1] in PUBLIC


async def fuzz(daemon: Target, seconds: float, seed: int) -> int:
    """Let strangers ask for so long."""
    tell(f"paths, --seed {seed}")
    strangers = Strangers(daemon, seed)
    await trio.to_thread.run_sync(strangers.run, seconds)
    tell(f"paths: {sum(strangers.answers.values())} requests, nothing was read or changed")
    for (who, status), count in sorted(strangers.answers.items()):
        tell(f"  {who} {status}: {count}")
    return 0


if __name__ == "__main__":
    main(fuzz, __doc__)
