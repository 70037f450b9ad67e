"""Timeline: the three end-to-end workflows of the product's specification, one after another in one daemon, with the shipped
policies. A feeder cut of 128 customers becomes one alarm, one ticket and one page; it breaks a service level agreement, of
which the account manager and billing hear; and planned work is announced to the customer, and holds its alarms back.

Traps come by UDP (the simulator's, and net-snmp's), messages leave by SMTP and HTTP, people come by REST.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio
from acceptance.harness import API, PATIENCE, Daemon, run_tool
from msgspec.structs import replace
from vocabulary.far_ends import HttpReceiver, MailServer, answer, verified

from faultd.simulator.fault import Fault
from faultd.simulator.plan import SimulationPlan, simulate
from faultd.simulator.plant import PlantSpec, build_plant
from faultd.simulator.runner import run_simulation, target
from faultd.simulator.scenarios import Scenario, Script
from faultd.simulator.topology import topology_nodes
from protocols.topology import Node
from protocols.topology_csv import csv_lines

pytestmark = [pytest.mark.acceptance, pytest.mark.interop]

KEY = b"a key of more than sixteen octets"
PLANT = PlantSpec(
    olts=1, vendors=("huawei",), cards_per_olt=1, pons_per_card=1, onts_per_pon=128, first_split=8, second_split=16
)
CUT, SPLICE = 1.0, 20.0
PORT = "edge-1/if/7"
CONFIG = """
[traps]
communities = ["public"]
[topology]
file = "{folder}/plant.csv"
[correlator]
hold_critical_seconds = 3
hold_major_seconds = 3
[clock]
tick_seconds = 0.1
[notifier.email]
host = "127.0.0.1"
port = {mail}
sender = "faultd@example.net"
tls = "none"
[notifier.sms]
url = "http://127.0.0.1:{hook}/sms?to={{to}}&text={{text}}"
allow_private = true
[notifier.slack]
token_file = "{folder}/key"
url = "http://127.0.0.1:{hook}/slack"
allow_private = true
[notifier.teams]
url_file = "{folder}/teams"
allow_private = true
[[notifier.webhook]]
name = "alarms"
url = "http://127.0.0.1:{hook}/alarms"
secret_file = "{folder}/key"
allow_private = true
[[notifier.webhook]]
name = "billing"
url = "http://127.0.0.1:{hook}/billing"
secret_file = "{folder}/key"
allow_private = true
"""


class FarEnds:
    """Everything that faultd sent, by whom it reached."""

    def __init__(self) -> None:
        self.mail = MailServer()
        self.http = HttpReceiver(answer("200 OK", b'{"ok": true, "ts": "17.1", "channel": "C1"}'))

    def mails(self, to: str) -> list[str]:
        """Subjects of the mails to this address, in order."""
        return [str(each["Subject"]) for each in self.mail.taken if to in str(each["To"])]

    def posted(self, path: str) -> list[str]:
        """Requests to this path, in order: the kind and what it is about of a webhook, the method of Slack."""
        found = [each for each in self.http.requests if each.target.startswith(path)]
        return [self._named(each.target, each.body) for each in found]

    def _named(self, target: str, body: bytes) -> str:
        if not body or not target.startswith(("/alarms", "/billing")):
            return target
        data = msgspec.json.decode(body)["data"]
        return f"{data['kind']} {data['subject'].partition(':')[0]}"

    def bodies(self, path: str) -> list[Any]:
        """The signed requests to this path."""
        found = [each for each in self.http.requests if each.target == path]
        assert all(verified(each, KEY) for each in found)
        return [msgspec.json.decode(each.body)["data"] for each in found]


def feeder_cut() -> SimulationPlan:
    """Traps of a PON port whose feeder fibre is cut at :data:`CUT` and spliced at :data:`SPLICE`."""
    plant = build_plant(PLANT)
    (port,) = plant.pons
    cut = Fault(id="cut", kind="feeder_cut", target=port, start=CUT, end=SPLICE)
    return simulate(plant, Scenario("cut", "", 30.0, lambda *_: Script((cut,))))


def between(plan: SimulationPlan, begin: float, end: float) -> SimulationPlan:
    """The part of the plan between two of its times, which begins at once."""
    part = [replace(each, at=each.at - begin) for each in plan.datagrams if begin <= each.at < end]
    return replace(plan, datagrams=part)


async def until(wanted: Callable[[], Any]) -> None:
    """Wait until ``wanted`` is true."""
    with trio.fail_after(PATIENCE):
        while True:
            if wanted():
                return
            await trio.sleep(0.05)


async def becomes(client: httpx.AsyncClient, path: str, field: str, value: str) -> None:
    """Wait until the field of a resource has this value."""
    with trio.fail_after(PATIENCE):
        while True:
            if (await client.get(f"{API}{path}")).json()[field] == value:
                return
            await trio.sleep(0.05)


async def made(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    response = await client.post(f"{API}{path}", json=body)
    assert response.status_code in (200, 201), response.text
    found: dict[str, Any] = response.json()
    return found


async def listed(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    response = await client.get(f"{API}{path}")
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def test_a_cut_its_agreement_and_planned_work(place: Path, database_url: str) -> None:
    ends, plan = FarEnds(), feeder_cut()
    edge = (
        Node(id="edge-1", type="olt", name="Edge 1", address="127.0.0.1"),
        Node(id=PORT, type="port", parents=("edge-1",), index="7", customer_id="C9", service_id="S9", sla_class="gold"),
    )
    (place / "plant.csv").write_text("".join(csv_lines((*topology_nodes(plan.plant), *edge))))
    (place / "key").write_bytes(KEY)
    async with ends.http.serving() as hook:
        (place / "teams").write_text(f"http://127.0.0.1:{hook}/teams")
        with ends.mail.serving() as mail:
            daemon = Daemon(place, database_url, CONFIG.format(folder=place, mail=mail, hook=hook))
            await daemon.start()
            async with daemon.http() as client:
                both = [{"channel": "email", "address": "ann@isp.example"}, {"channel": "sms", "address": "+491511234567"}]
                await made(client, "/contacts", name="Ann", methods=both)
                await made(client, "/contacts", name="Mia", methods=[{"channel": "email", "address": "mia@isp.example"}])
                nine = [{"channel": "email", "address": "it@nine.example"}]
                await made(client, "/contacts", name="Nine Ltd", methods=nine, customer_id="C9")
                await made(client, "/rotas", name="on-call", layers=[{"contacts": ["Ann"], "start": "2026-01-01"}])
                await cut_and_agreement(daemon, client, ends, plan)
                await planned_work(daemon, client, ends)
            assert await daemon.stop() == 0, daemon.last_words()
    assert "Traceback" not in daemon.log.read_text()


async def cut_and_agreement(daemon: Daemon, client: httpx.AsyncClient, ends: FarEnds, plan: SimulationPlan) -> None:
    """Network event, alarm, correlation, ticket; agreement at risk, breach, notification."""
    promised = await made(
        client,
        "/sla-definitions",
        name="business",
        availability_target=0.999995,  # 4.32 s of downtime in ten days
        measurement_period_days=10,
        period_anchor=datetime.now(UTC).date().isoformat(),
        at_risk_percent=50,
        credit={"type": "tiers", "rule": "ten per cent", "currency": "EUR", "tiers": [{"below": 99.9995, "percent": 10}]},
    )
    ont = next(iter(plan.plant.onts.values()))
    agreement = await made(
        client,
        "/sla-instances",
        sla_definition_id=promised["id"],
        customer_id=ont.customer_id,
        customer_name="Acme",
        service_id=ont.service_id,
        resources=[ont.id],
        account_manager="Mia",
        monthly_fee=59.5,
        currency="EUR",
    )

    await run_simulation(between(plan, CUT, SPLICE), target("127.0.0.1", daemon.trap_port))
    await until(lambda: ends.posted("/billing") and len(ends.mails("mia@isp.example")) == 1 and ends.posted("/sms"))
    (root,) = [each for each in await listed(client, "/alarms?is_root_cause=true&status=active") if each["source"] != "system"]
    assert (root["alarm_type"], root["severity"], root["subscriber_count"]) == ("fibre.cut", "critical", 128)
    (breach,) = await listed(client, f"/sla-breaches?sla_instance_id={agreement['id']}")
    assert (breach["alarm_id"], breach["resolved"], breach["credit_amount"]) == (root["id"], False, 5.95)

    (ticket,) = await listed(client, "/tickets")
    assert (ticket["key"], ticket["state"], ticket["priority"], ticket["team"]) == ("T1", "open", "critical", "access")
    assert (ticket["title"], ticket["category"]) == (root["title"], "fibre.cut")
    assert ticket["metadata"] == {
        "alarm_id": root["id"],
        "alarm_correlation_id": root["correlation_id"],
        "sla_breach_id": breach["id"],
        "affected_subscribers": 128,
    }
    assert len(ticket["circuits"]) == 128
    shown = (await client.get(f"{API}/alarms/{root['id']}")).json()
    assert shown["ticket_id"] == "T1"

    await run_simulation(between(plan, SPLICE, 60.0), target("127.0.0.1", daemon.trap_port), speed=8)
    await until(lambda: len(ends.mails("mia@isp.example")) == 2 and len(ends.posted("/teams")) == 2)
    await until(lambda: len(ends.posted("/sms")) == len(ends.mails("ann@isp.example")) == 2)
    await until(lambda: len(ends.posted("/slack")) == 3 and len(ends.posted("/alarms")) == 6)
    # One page and one clear, by each channel that the shipped policies have for a cut of many customers.
    assert ends.mails("ann@isp.example") == [f"[CRITICAL] {root['title']}", f"[CLEARED] {root['title']}"]
    assert ends.mail.taken[-1]["In-Reply-To"] or ends.mail.taken[-2]["In-Reply-To"]
    assert ends.posted("/slack") == ["/slack/chat.postMessage", "/slack/chat.update", "/slack/chat.postMessage"]
    assert Counter(ends.posted("/alarms")) == Counter(
        ("raised alarm", "recovered alarm", "at_risk sla", "breach_opened sla", "credit credit", "breach_resolved sla")
    )
    what = f"{ont.service_id} of Acme"
    assert ends.mails("mia@isp.example") == [
        f"[SLA BREACHED] Service level agreement breached: {what}",
        f"[SLA BREACH OVER] Breach of a service level agreement resolved: {what}",
    ]
    (credit,) = ends.bodies("/billing")
    told = credit["facts"]["causes"][0]
    assert (told["customer_id"], told["breach_id"]) == (ont.customer_id, breach["id"])
    assert (told["credit"]["amount"], told["credit"]["currency"], len(told["credit"]["lines"])) == ("5.95", "EUR", 1)
    await becomes(client, f"/tickets/{ticket['id']}", "state", "closed")
    assert [each["id"] for each in await listed(client, "/tickets")] == [ticket["id"]]


async def planned_work(daemon: Daemon, client: httpx.AsyncClient, ends: FarEnds) -> None:
    """Maintenance window, alarm suppression: the customer knows before, the window holds the page and the ticket back."""
    begins = datetime.now(UTC) + timedelta(seconds=2)
    window = await made(
        client,
        "/maintenance-windows",
        title="Splicing",
        scope={"devices": ["edge-1"]},
        start=begins.isoformat(),
        duration_seconds=3600,
    )
    await until(lambda: ends.mails("it@nine.example"))
    assert datetime.now(UTC) < begins, "the machine was too slow: the window had opened"
    pages = len(ends.mails("ann@isp.example"))
    async with daemon.stream() as stream:
        await trio.sleep((begins - datetime.now(UTC)).total_seconds())
        await becomes(client, f"/maintenance-windows/{window['id']}", "phase", "active")
        await run_tool("snmptrap", "-v", "2c", "-c", "public", daemon.trap_address, *trap("3"))
        alarms = await stream.until(lambda found: any(each.resource_id == PORT for each in found))
        (down,) = [each for each in alarms if each.resource_id == PORT]
        assert (down.status, [each.by for each in down.suppressed_by]) == ("suppressed", [window["id"]])
        assert (await client.post(f"{API}/maintenance-windows/{window['id']}/end")).status_code == 200
        # It outlasts the work: now it is told, and gets a ticket, since the customer is of the class gold.
        await until(lambda: len(ends.mails("ann@isp.example")) > pages)
        (ticket,) = [each for each in await listed(client, "/tickets") if each["alarm_ids"] == [down.id]]
        assert (ticket["priority"], ticket["state"]) == ("high", "open")
        timeline = [each["action"] for each in await listed(client, f"/alarms/{down.id}/timeline")]
        assert timeline.index("suppressed") < timeline.index("released") < timeline.index("notification_requested")
        await run_tool("snmptrap", "-v", "2c", "-c", "public", daemon.trap_address, *trap("4"))
        await stream.until(lambda found: all(each.cleared_at is not None for each in found if each.resource_id == PORT))
    await until(lambda: len(ends.mails("ann@isp.example")) == pages + 2)
    assert ends.mails("it@nine.example") == ["[PLANNED MAINTENANCE] Planned maintenance: Splicing"]
    await becomes(client, f"/tickets/{ticket['id']}", "state", "closed")


def trap(number: str) -> Iterator[str]:
    """The words of net-snmp for linkDown (3) or linkUp (4) of the edge's port."""
    yield from ("", f"1.3.6.1.6.3.1.1.5.{number}", "1.3.6.1.2.1.2.2.1.1.7", "i", "7")
