"""Dispatch: how soon a person hears of an alarm, what a channel that hangs costs the others, and what a storm of causes
comes to."""

import http.client
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import msgspec

from bench.children import BenchError, Child, Daemon
from bench.context import Context
from bench.dispatch import SECONDS, Storm
from bench.far_end import STUCK
from bench.search import percentile
from bench.table import Row

HOLD = 2.0
PATIENCE = 60.0
_API = "/api/v1/faults"
_CONFIG = """
[correlator]
hold_critical_seconds = {hold}
[dispatcher]
storm_mails = 1000
[notifier.email]
host = "127.0.0.1"
port = {smtp}
sender = "faultd@example.net"
tls = "none"
[[notifier.webhook]]
name = "quick"
url = "http://127.0.0.1:{http}/{name}"
allow_private = true
[[notifier.webhook]]
name = "beside"
url = "http://127.0.0.1:{http}/{beside}"
allow_private = true
"""
_POLICY = {"name": "mails", "priority": 1000, "continue": False, "actions": [{"channel": "email", "to": "noc@example.net"}]}


def dispatch(context: Context) -> Sequence[Row]:
    """Two daemons of one run take turns: the webhook beside the measured one answers at once, or never in time."""
    rows = [*_storm(), *_delivered(context)]
    for row in rows:
        context.tell(f"{row.name}: {row.value}")
    return rows


class _Caller:
    """The API of a daemon, with a connection for each request."""

    def __init__(self, daemon: Daemon) -> None:
        self._port = daemon.http_port
        self._headers = {"Authorization": f"Bearer {daemon.token}", "Content-Type": "application/json"}

    def post(self, path: str, body: object) -> dict[str, object]:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)) as connection:
            connection.request("POST", f"{_API}{path}", msgspec.json.encode(body), self._headers)
            answer = connection.getresponse()
            text = answer.read()
        if answer.status >= 300:
            raise BenchError(f"{path}: {answer.status} {text[:200]!r}")
        found: dict[str, object] = msgspec.json.decode(text)
        return found


@contextmanager
def _daemon(context: Context, name: str, ports: Sequence[int], beside: str) -> Iterator[_Caller]:
    config = _CONFIG.format(hold=HOLD, http=ports[0], smtp=ports[1], name=name, beside=beside)
    with context.daemon(name, config) as daemon:
        caller = _Caller(daemon)
        caller.post("/notification-policies", _POLICY)
        yield caller


def _delivered(context: Context) -> Iterator[Row]:
    tests, causes = (100, 50) if context.quick else (400, 200)
    with Child("bench.far_end") as far_end:
        ports = far_end.hear()["ports"]
        with _daemon(context, "alone", ports, "fine") as alone, _daemon(context, "hangs", ports, "stuck") as hangs:
            yield _first_page(far_end, alone, causes)
            yield _beside(far_end, alone, hangs, tests)


def _first_page(far_end: Child, caller: _Caller, causes: int) -> Row:
    raised: dict[str, float] = {}
    for number in range(causes):
        name = f"cause {number}!"
        raised[name] = time.monotonic()
        alarm = {
            "alarm_type": "x",
            "severity": "critical",
            "title": name,
            "resource_type": "olt",
            "resource_id": f"olt-{number}",
        }
        caller.post("/alarms", alarm)
        time.sleep(0.1)
    arrived = _collected(far_end, "mail", causes)
    times = [at - raised[subject.partition("] ")[2]] for subject, at in arrived]
    p50, p99 = (percentile(times, share) for share in (0.5, 0.99))
    return Row(
        name="Raise to first page, p50 / p99",
        value=f"{p50:.2f} / {p99:.2f} s",
        target=f"p99 at most hold ({HOLD:g} s) and 2 s",
        note=f"{causes} critical alarms by REST, 10 a second, each a cause of its own: from before the request until a mail "
        "server on this host has the mail; the clock ticks every second",
    )


def _beside(far_end: Child, alone: _Caller, hangs: _Caller, tests: int) -> Row:
    sent: dict[str, list[float]] = {"/alone": [], "/hangs": []}
    far_end.ask()
    for _ in range(tests):
        for path, caller in (("/alone", alone), ("/hangs", hangs)):
            caller.post("/notifications/test", {"channel": "webhook", "to": "beside"})
            sent[path].append(time.monotonic())
            caller.post("/notifications/test", {"channel": "webhook", "to": "quick"})
        time.sleep(0.02)
    found = {path: sorted(_number(key, at) for key, at in arrived) for path, arrived in _by_path(far_end, sent).items()}
    times = {path: [at - begun for (_, at), begun in zip(found[path], sent[path], strict=True)] for path in sent}
    (p50, p99), (p50_hung, p99_hung) = (
        [percentile(times[path], share) for share in (0.5, 0.99)] for path in ("/alone", "/hangs")
    )
    return Row(
        name="A webhook beside one that hangs 30 s a call, p99",
        value=f"{1e3 * p99_hung:.1f} ms",
        beside=f"{1e3 * p99:.1f} ms beside one that answers at once: × {p99_hung / p99:.2f}",
        target="× 1.10",
        note=f"{tests} test messages to each of two daemons in turns, each with as many to the webhook beside it: from before "
        f"the request until the receiver has the message; p50 {1e3 * p50_hung:.1f} and {1e3 * p50:.1f} ms; the one that hangs "
        f"takes each request and answers after {STUCK:g} s",
    )


def _number(key: str, at: float) -> tuple[int, float]:
    return int(key.rpartition("N")[2].partition(".")[0]), at


def _by_path(far_end: Child, sent: dict[str, list[float]]) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {path: [] for path in sent}
    deadline = time.monotonic() + PATIENCE
    while any(len(found[path]) < len(sent[path]) for path in sent):
        if time.monotonic() > deadline:
            raise BenchError(f"{ {path: len(each) for path, each in found.items()} } of {len(sent['/alone'])} messages arrived")
        for path, key, at in far_end.ask()["arrived"]:
            if path in found:
                found[path].append((key, at))
        time.sleep(0.1)
    return found


def _collected(far_end: Child, path: str, number: int) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < number:
        if time.monotonic() > deadline:
            raise BenchError(f"{len(found)} of {number} arrived: {path}")
        found += [(key, at) for each, key, at in far_end.ask()["arrived"] if each == path]
        time.sleep(0.1)
    return found


def _storm() -> Iterator[Row]:
    storm = Storm()
    storm.run()
    yield Row(
        name=f"{storm.alarms:,} alarms of {storm.causes} causes in {SECONDS} s: tickets, and to one person mails, texts",
        value=f"{storm.tickets}; {storm.mails}, {storm.texts}",
        target="40; at most 10, 3",
        note=f"by the shipped policies, one person on call; the stages fold in this process, their clock is the "
        "bench's: until five minutes "
        f"after the first alarm; {storm.webhooks} messages to the webhook, {storm.paged} of the causes named in a mail",
    )
    yield Row(
        name="The same, time of the dispatcher's fold",
        value=f"{1e3 * storm.seconds:.0f} ms, the longest Event {1e3 * storm.longest:.1f} ms",
        target="100 ms the longest",
        note=f"of {storm.events:,} Events; processor time; all stages together {1e3 * storm.whole:.0f} ms",
    )
