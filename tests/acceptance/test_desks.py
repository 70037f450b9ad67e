"""Real desks: Roundup from PyPI and Request Tracker 5 from Debian, each started on 127.0.0.1."""

import base64
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio
from acceptance.harness import PATIENCE
from msgspec.structs import replace
from tools import tool
from vocabulary.far_ends import HttpReceiver
from vocabulary.ticketing import MARK, TicketHouse, task, ticket

from actors.delivery_failed import DeliveryFailed
from actors.ticketer.desk import DeskTicket, TicketDesk
from actors.ticketer.opening import open_desks, open_webhook
from actors.ticketer.rt import RequestTracker
from actors.ticketer.settings import TicketerSettings
from protocols.dispatch.desk_call import DeskCall
from protocols.dispatch.outcomes import TicketChanged, TicketOpened
from protocols.dispatch.ticket import Ticket, TicketTask

pytestmark = pytest.mark.acceptance

PASSWORD = "open sesame please"
RT_LIBRARY = Path("/usr/share/request-tracker5")
RT_DATABASE = Path("/var/lib/dbconfig-common/sqlite3/request-tracker5/rtdb")
RT_CONFIG = """
Set($rtname, 'faultd.test');
Set($Organization, 'faultd.test');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{place}/rtdb');
Set($DatabaseUser, '');
Set($DatabasePassword, '');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
Set($MailCommand, 'testfile');
Set($MasonDataDir, '{place}/mason');
Set($MasonSessionDir, '{place}/sessions');
Set($Timezone, 'UTC');
Set(@FaultdWebhook, '{desks}/rt-faultd-webhook.pl', '{hook}', '{place}/hook');
1;
"""
DESKS = Path(__file__).parents[2] / "config/desks"
"""What the desks need to call faultd."""
HOOK_SECRET = "whsec_" + base64.b64encode(b"a secret of 24 octets...").decode()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def ran(words: list[str], **environment: str) -> None:
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)


@asynccontextmanager
async def program(words: list[str], port: int, log: Path, **environment: str) -> AsyncIterator[None]:
    """The program while it runs, once its port answers."""
    said = log.open("wb")
    async with trio.open_nursery() as nursery:
        start = partial(trio.run_process, words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False)
        running: trio.Process = await nursery.start(partial(start, env={**os.environ, **environment}))
        said.close()
        try:
            async with httpx.AsyncClient() as client:
                with trio.fail_after(PATIENCE):
                    while running.poll() is None:
                        try:
                            await client.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE)
                            break
                        except httpx.TransportError:
                            await trio.sleep(0.1)
            assert running.poll() is None, await trio.Path(log).read_text()
            yield
        finally:
            running.terminate()


@asynccontextmanager
async def roundup(place: Path, hook: str) -> AsyncIterator[TicketerSettings]:
    """A tracker of the classic template with the account ``faultd``, which calls ``hook``."""
    folder = f"{sys.prefix}-desk/bin"
    admin, server = tool("roundup-admin", folder), tool("roundup-server", folder)
    port, tracker = free_port(), place / "tracker"
    tracker.mkdir()
    base = [admin, "-i", str(tracker)]
    where = f"tracker_web=http://127.0.0.1:{port}/noc/,mail_domain=example.net,mail_host=127.0.0.1,mail_debug={place}/mails"
    ran([*base, "install", "classic", "sqlite", where])
    shutil.copy(DESKS / "roundup_faultd.py", tracker / "detectors")
    with (tracker / "detectors/config.ini").open("a") as config:
        config.write(f"\n[faultd]\nurl = {hook}\nsecret_file = {place}/hook\n")
    ran([*base, "initialise", PASSWORD])
    ran([*base, "create", "user", "username=faultd", f"password={PASSWORD}", "address=faultd@example.net", "roles=User"])
    account = ["-u", "root"] if os.getuid() == 0 else []
    words = [server, "-n", "127.0.0.1", "-p", str(port), *account, f"noc={tracker}"]
    async with program(words, port, place / "log"):
        yield TicketerSettings(desk="roundup", url=f"http://127.0.0.1:{port}/noc", user="faultd", password_file=secret(place))


@asynccontextmanager
async def request_tracker(place: Path, hook: str) -> AsyncIterator[TicketerSettings]:
    """Debian's Request Tracker on a copy of its new database, which calls ``hook``."""
    perl = tool("perl")
    tool("rt-server", str(RT_LIBRARY / "libexec"))
    if not os.access(RT_DATABASE, os.R_OK):
        tool(f"a readable {RT_DATABASE}")
    port = free_port()
    shutil.copy(RT_DATABASE, place / "rtdb")
    for name in ("mason", "sessions", "more"):
        (place / name).mkdir()
    (place / "RT_SiteConfig.pm").write_text(RT_CONFIG.format(place=place, port=port, desks=DESKS, hook=hook))
    environment = {"RT_SITE_CONFIG": str(place / "RT_SiteConfig.pm"), "RT_SITE_CONFIG_DIR": str(place / "more")}
    load = "use RT; RT::LoadConfig(); RT::Init(); my $u = RT::User->new(RT->SystemUser); $u->Load('root');"
    scrip = f"my ($done, $why) = RT->DatabaseHandle->InsertData('{DESKS}/rt-faultd-scrip.pl'); die $why unless $done;"
    ran([perl, f"-I{RT_LIBRARY}/lib", "-e", f"{load} $u->SetPassword('{PASSWORD}'); {scrip}"], **environment)
    words = [perl, str(RT_LIBRARY / "libexec/rt-server"), "--host", "127.0.0.1", "--port", str(port)]
    async with program(words, port, place / "log", **environment):
        yield TicketerSettings(desk="rt", url=f"http://127.0.0.1:{port}", user="root", password_file=secret(place))


def secret(place: Path) -> str:
    (place / "password").write_text(PASSWORD)
    return str(place / "password")


class LosesAnswers:
    """A desk of which the answers to the first ``lost`` creates are lost, after it made the ticket."""

    def __init__(self, desk: TicketDesk, lost: int) -> None:
        self._desk, self.lost = desk, lost
        self.searches, self.secrets = desk.searches, desk.secrets
        self.find, self.change, self.read, self.changed = desk.find, desk.change, desk.read, desk.changed
        self.created = 0

    async def create(self, ticket: Ticket, mark: str) -> DeskTicket:
        made = await self._desk.create(ticket, mark)
        self.created += 1
        if self.created <= self.lost:
            raise DeliveryFailed("no answer within 30 s")
        return made


Settings = Callable[[Path, str], AbstractAsyncContextManager[TicketerSettings]]


@pytest.mark.parametrize("started", [roundup, request_tracker])
async def test_a_desk_of_others(started: Settings, tmp_path: Path) -> None:
    """Everything with one start of the desk, since that takes the time."""
    (tmp_path / "hook").write_text(HOOK_SECRET)
    calls = HttpReceiver()
    async with calls.serving() as port, started(tmp_path, f"http://127.0.0.1:{port}/hook") as settings:
        desk = open_desks(settings)[settings.desk]
        with trio.fail_after(PATIENCE):
            await _the_desk_calls_for_each_change(desk, settings, calls)
            await _a_ticket_from_its_making_to_its_end(desk, settings)
            await _one_ticket_although_the_answer_is_lost(desk, settings)
            await _one_ticket_across_a_crash(desk, settings)


async def _a_ticket_from_its_making_to_its_end(desk: TicketDesk, settings: TicketerSettings) -> None:
    began = datetime.now(UTC) - timedelta(minutes=1)
    assert await desk.find(MARK) is None
    wanted = ticket(desk=settings.desk, priority="high")
    made = await desk.create(wanted, MARK)
    found = await desk.find(MARK)
    assert found is not None
    assert (found.key, found.state) == (made.key, "open")
    assert await desk.find(MARK[:-1]) is None
    assert await desk.find(MARK + "7") is None
    there = replace(wanted, key=made.key)

    async def do(done: TicketTask) -> DeskTicket:
        await desk.change(there, done, done.text)
        return await desk.read(made.key)

    commented = await do(task(2, text="3 more: Zürich <b> 'x'"))
    assert [note.text for note in commented.notes] == ["3 more: Zürich <b> 'x'"]
    assert commented.notes[-1].author == settings.user
    assert (await do(task(3, "priority"))).state == "open"
    assert (await do(task(4, "close"))).state == "closed"
    reopened = await do(task(5, "reopen", text="again"))
    assert (reopened.state, reopened.notes[-1].text) == ("open", "again")
    if isinstance(desk, RequestTracker):
        other = await desk.create(ticket(4, desk="rt"), "01234567-TK4")
        await desk.change(there, task(6, "link"), "part of another", other.key)
        links = (await desk._call("GET", f"ticket/{made.key}"))["_hyperlinks"]
        assert [each["id"] for each in links if each["ref"] == "refers-to" and "id" in each] == [other.key]
        reopened = await desk.read(made.key)
    ((key, changed),) = await desk.changed(began, [made.key, "999999"][:1])
    assert (key, changed.notes) == (made.key, reopened.notes)
    assert await desk.changed(datetime.now(UTC) + timedelta(days=1), [made.key]) == []


async def _the_desk_calls_for_each_change(desk: TicketDesk, settings: TicketerSettings, calls: HttpReceiver) -> None:
    """By the secret of the file, with the key of the ticket, which faultd reads at once: the poll would be hours later."""
    hook = Path(settings.password_file).parent / "hook"
    house = TicketHouse(desk, replace(settings, poll_seconds=3_600), name=settings.desk)
    house.webhook, house.clock = open_webhook(replace(settings, webhook_secret_file=str(hook))), lambda: datetime.now(UTC)
    house.ticketer = house.another()
    wanted = ticket(9, desk=settings.desk, tasks=(), state="open")
    there = replace(wanted, key=(await desk.create(wanted, "01234567-TK9")).key)
    house.want(there)
    async with trio.open_nursery() as nursery:
        await nursery.start(house.start, nursery)
        await desk.change(there, task(2, "close"), "done by hand")
        while len(house.outcomes) < 2:
            await trio.sleep(0.02)
            while calls.requests:
                request = calls.requests.pop(0)
                assert house.ticketer.call(request.headers, request.body) == DeskCall(there.key, known=True)
        nursery.cancel_scope.cancel()
    told = {(each.state, each.comment, each.author) for each in house.outcomes if isinstance(each, TicketChanged)}
    assert told == {(None, "done by hand", settings.user), ("closed", "", settings.user)}


async def _one_ticket_although_the_answer_is_lost(desk: TicketDesk, settings: TicketerSettings) -> None:
    losing = LosesAnswers(desk, lost=1)
    house = house_of(losing, settings)
    house.want(ticket(2, desk=settings.desk))
    await until_opened(house)
    assert losing.created == 1
    assert [each.found for each in house.outcomes if isinstance(each, TicketOpened)] == [True]


async def _one_ticket_across_a_crash(desk: TicketDesk, settings: TicketerSettings) -> None:
    counting = LosesAnswers(desk, lost=0)
    house = house_of(counting, settings)
    house.deaf = True
    house.want(ticket(3, desk=settings.desk))
    await until_opened(house, lambda: counting.created == 1)
    house.deaf = False
    await until_opened(house)
    assert counting.created == 1
    assert [each.found for each in house.outcomes if isinstance(each, TicketOpened)] == [True]


def house_of(desk: LosesAnswers, settings: TicketerSettings) -> TicketHouse:
    return TicketHouse(desk, TicketerSettings(poll_seconds=0, search_lag_seconds=0), name=settings.desk)


async def until_opened(house: TicketHouse, reached: Callable[[], bool] | None = None) -> None:
    """Run a ticketer until the ticket is recorded, or until ``reached``; then end it without a word, as a crash does."""
    house.ticketer = house.another()
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(house.start, nursery))
        while True:
            if reached is not None and reached():
                break
            if reached is None and house.outcomes and not any(each.tasks for each in house.tickets.values()):
                break
            await trio.sleep(0.05)
        nursery.cancel_scope.cancel()
