"""Lives of windows, rules and nodes through the REST API of a daemon, by one who mostly does it right.

What a generator makes of a schema is hardly ever a window that can be, and never the id of one that there is. Here bodies are
good ones, of which some are spoilt in one place, and what was made is changed, ended, deleted and used after that. Every answer
must be one that the daemon's OpenAPI names for the operation, an error a problem+json, and what was acknowledged must be shown.
"""

import http.client
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import quote

from daemon import Found

WINDOWS, RULES, NODES = "/maintenance-windows", "/alarm-rules", "/topology/nodes"
SPOILT: tuple[Any, ...] = (
    None,
    "",
    "x" * 2_000,
    -1,
    1e308,
    [],
    {},
    [[]],
    True,
    "\u0000",
    "2026-02-30T00:00:00Z",
    {"regex": "("},
)
CONDITIONS: tuple[dict[str, Any], ...] = (
    {"type": "suppression", "conditions": {"match": {"alarm_type": "ont.los"}}},
    {"type": "flapping", "conditions": {"match": {}, "count": 3}, "actions": {"quiet_seconds": 20}},
    {"type": "correlation", "conditions": {"parent": {"resource_type": "olt"}, "child": {"resource_type": "ont"}}},
    {
        "type": "correlation",
        "conditions": {"match": {"resource_type": "ont"}, "count": 2, "count_of": "occurrences", "same": ["device"]},
        "actions": {"alarm_type": "group.of_onts", "severity": "minor"},
    },
    {"type": "correlation", "conditions": {"sequence": [{"alarm_type": "ont.los"}, {"alarm_type": "pon.los"}]}},
    {"type": "escalation", "conditions": {"match": {"severity": "critical"}}, "actions": {"after_seconds": 2, "notify": True}},
)


FREQUENCIES = ("FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=SECONDLY", "RRULE:FREQ=DAILY", "")
RRULE_PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("UNTIL", ("99991231T235959Z", "99991231", "00010101T000000Z", "20270101", "20270101T250000", "19691231T235959")),
    ("COUNT", ("0", "1", "1000", "1001", "99999999999999999999", "-1")),
    ("INTERVAL", ("0", "1", "1000", "1001", "٣")),
    ("BYMONTHDAY", ("31", "-31", "30,31", "0", "32")),
    ("BYMONTH", ("2", "1,2,3", "13")),
    ("BYDAY", ("MO", "-1SU", "5FR", "54MO", "XX", "MO," * 60 + "TU")),
    ("BYHOUR", ("2", "0,1,2,3,4,5,6,7,8,9,10,11", "24")),
    ("BYSETPOS", ("1", "-366", "367")),
    ("BYYEARDAY", ("366", "-366")),
    ("BYWEEKNO", ("53", "-53")),
    ("WKST", ("MO", "SU", "")),
    ("DTSTART", ("20270101T000000Z",)),
)
MOMENTS = (
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00+23:59",
    "1970-01-01T00:00:00",
    "2199-12-31T23:59:59",
    "2027-03-28T02:30:00",
    "2027-10-31T02:30:00",
    "2027-01-01T00:00:60Z",
)
"""Starts at the ends of the calendar, in hours that a clock skips or shows twice, and in a leap second."""


class Answer(NamedTuple):
    """Of one request."""

    status: int
    body: Any


class Operator:
    """Does one thing after another, and looks at each answer."""

    def __init__(self, port: int, token: str, seed: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._token, self._rng = token, random.Random(seed)
        self._count = 0
        self.answers: Counter[tuple[str, int]] = Counter()
        self._live: dict[str, list[str]] = {WINDOWS: [], RULES: [], NODES: []}
        self._gone: dict[str, list[str]] = {WINDOWS: [], RULES: [], NODES: []}
        self._paths: dict[str, Any] = self._fetch("GET", "/schema/openapi.json").body["paths"]

    def run(self, seconds: float) -> None:
        """Raises :class:`Found` for the first answer that must not be."""
        until = monotonic() + seconds
        while monotonic() < until:
            self._rng.choice((self._window, self._rule, self._node))()

    # --- what is done -----------------------------------------------------------------------------------------------

    def _window(self) -> None:
        rng, now = self._rng, datetime.now(UTC)
        name = self._one(WINDOWS)
        if name is None or rng.random() < 0.3:
            soon = (now + timedelta(seconds=rng.choice((0, 2, 3600)))).isoformat()
            body: dict[str, Any] = {
                "title": "work",
                "scope": rng.choice(({"devices": ["olt-1"]}, {"alarm_types": ["ont.los"]}, {"subtrees": ["no-such-node"]})),
                "start": rng.choice(MOMENTS) if rng.random() < 0.2 else soon,
                "duration_seconds": rng.choice((1, 5, 600)),
                "time_zone": rng.choice(("UTC", "Europe/Berlin", "Pacific/Apia")),
                "recurrence": self._recurrence(),
            }
            made = self._make("POST", WINDOWS, body)
            if made is not None:
                self._live[WINDOWS].append(made["id"])
            return
        what = rng.random()
        if what < 0.5:
            changes = (
                {"duration_seconds": rng.choice((2, 900))},
                {"end": (now + timedelta(seconds=rng.choice((-5, 1, 3600)))).isoformat()},
                {"scope": {"subtrees": [rng.choice(("olt-1", "nothing"))]}},
                {"recurrence": self._recurrence(), "exceptions": ["2026-03-12"]},
                {"start": rng.choice(MOMENTS)},
            )
            self._make("PATCH", f"{WINDOWS}/{{window_id}}", rng.choice(changes), name)
        elif what < 0.7:
            self._ask("POST", f"{WINDOWS}/{{window_id}}/end", None, name)
        elif what < 0.9:
            self._shows(WINDOWS, "window_id", name)
        elif self._ask("DELETE", f"{WINDOWS}/{{window_id}}", None, name).status < 300:
            if self._ask("GET", f"{WINDOWS}/{{window_id}}", None, name).body["phase"] != "cancelled":
                raise Found(f"window {name} was cancelled and is shown as if it were not")
            self._end(WINDOWS, name)

    def _recurrence(self) -> str:
        rng = self._rng
        if rng.random() < 0.5:
            return rng.choice(("", "", "FREQ=DAILY;COUNT=3", "FREQ=WEEKLY;BYDAY=MO,TU;COUNT=9", "FREQ=HOURLY"))
        parts = rng.sample(RRULE_PARTS, rng.randint(0, 3))
        rng.shuffle(parts)
        return ";".join([rng.choice(FREQUENCIES), *(f"{name}={rng.choice(values)}" for name, values in parts)])

    def _rule(self) -> None:
        rng = self._rng
        name = self._one(RULES)
        if name is None or rng.random() < 0.3:
            self._count += 1
            made = self._make("POST", RULES, {"name": f"rule {self._count % 40}", "time_window": 30, **rng.choice(CONDITIONS)})
            if made is not None:
                self._live[RULES].append(made["id"])
            return
        what = rng.random()
        if what < 0.5:
            other = rng.choice(CONDITIONS)
            changes = (
                {"enabled": rng.random() < 0.5},
                {"priority": rng.randint(-9, 9)},
                {"conditions": other["conditions"], "actions": other.get("actions", {})},
            )
            self._make("PATCH", f"{RULES}/{{rule_id}}", rng.choice(changes), name)
        elif what < 0.7:
            self._shows(RULES, "rule_id", name)
        elif self._ask("DELETE", f"{RULES}/{{rule_id}}", None, name).status < 300:
            if self._ask("GET", f"{RULES}/{{rule_id}}", None, name).status != 404:
                raise Found(f"rule {name} was deleted and is shown")
            self._end(RULES, name)

    def _node(self) -> None:
        rng = self._rng
        name = self._one(NODES)
        if name is None or rng.random() < 0.4:
            self._count += 1
            node: dict[str, Any] = {
                "id": f"fuzz/{self._count % 60}",
                "type": rng.choice(("site", "pon", "ont", "splitter")),
                "parents": [name] if name is not None and rng.random() < 0.7 else [],
                "area": rng.choice(("", "north")),
                "name": "a node",
                "customer_id": rng.choice(("", "c1")),
            }
            made = self._make("POST", NODES, node)
            if made is not None and made["id"] not in self._live[NODES]:
                self._live[NODES].append(made["id"])
            return
        what = rng.random()
        if what < 0.5:
            parent = self._one(NODES) or "nothing"
            changes = (
                {"parents": [parent]},
                {"name": "another name", "area": "south"},
                {"address": rng.choice(("10.9.9.9", "x"))},
            )
            self._make("PATCH", f"{NODES}/{{node_id}}", rng.choice(changes), name)
        elif what < 0.7:
            self._shows(NODES, "node_id", name)
            for part in ("subtree", "path"):
                self._ask("GET", f"{NODES}/{{node_id}}/{part}", None, name)
        elif self._ask("DELETE", f"{NODES}/{{node_id}}", None, name).status < 300:
            if self._ask("GET", f"{NODES}/{{node_id}}", None, name).status != 404:
                raise Found(f"node {name} was removed and is shown")
            self._end(NODES, name)

    # --- how it is judged -------------------------------------------------------------------------------------------

    def _one(self, kind: str) -> str | None:
        """The id of one that there is; now and then of one that there was."""
        known = self._gone[kind] if self._gone[kind] and self._rng.random() < 0.1 else self._live[kind]
        return self._rng.choice(known) if known else None

    def _end(self, kind: str, name: str) -> None:
        if name in self._live[kind]:
            self._live[kind].remove(name)
        self._gone[kind].append(name)

    def _shows(self, kind: str, parameter: str, name: str) -> None:
        answer = self._ask("GET", f"{kind}/{{{parameter}}}", None, name)
        if name in self._live[kind] and (answer.status != 200 or answer.body["id"] != name):
            raise Found(f"{kind} {name} was acknowledged, and is answered with {answer.status}")

    def _make(self, method: str, path: str, body: dict[str, Any], name: str = "") -> dict[str, Any] | None:
        """Send ``body``, one time in four spoilt in one place. What came of it; None when it was refused."""
        if self._rng.random() < 0.25:
            body = {**body, self._rng.choice((*body, "no_such_field")): self._rng.choice(SPOILT)}
        answer = self._ask(method, path, body, name)
        return answer.body if answer.status < 300 else None

    def _ask(self, method: str, path: str, body: Any, name: str = "") -> Answer:
        full = f"/api/v1/faults{path}"
        before, brace, after = full.partition("{")
        rest = after.partition("}")[2]
        answer = self._fetch(method, f"{before}{quote(name, safe='')}{rest}" if brace else full, body)
        self.answers[f"{method} {path}", answer.status] += 1
        named = self._paths[full][method.lower()]["responses"]
        if str(answer.status) not in named or (answer.status >= 500 and answer.status != 503):
            raise Found(
                f"{method} {path} of {name!r} with {body!r:.500} is answered with {answer.status}: {answer.body!r:.500}"
            )
        return answer

    def _fetch(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        self._connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
        response = self._connection.getresponse()
        octets, kind = response.read(), response.headers.get("Content-Type", "")
        if response.status >= 400 and not kind.startswith("application/problem+json"):
            raise Found(f"{method} {path}: {response.status} as {kind}: {octets[:300]!r}")
        return Answer(response.status, json.loads(octets) if octets else None)


def live(port: int, token: str, seconds: float, seed: int) -> Counter[tuple[str, int]]:
    """For so long; how often each operation was answered with each status. Raises :class:`Found`."""
    operator = Operator(port, token, seed)
    operator.run(seconds)
    return operator.answers
