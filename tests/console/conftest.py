"""The console in Debian's Chromium, against a real daemon. A story is a plain function: Playwright has a thread of its own."""

from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import trio
from acceptance.conftest import daemon, place
from acceptance.harness import API, PATIENCE, Daemon
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from tools import tool

__all__ = ["daemon", "place"]

FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
MILLISECONDS = 1000 * PATIENCE


class Operator:
    """Somebody before the console. ``post`` and ``get`` speak to the API with the token of an admin, beside the console."""

    def __init__(self, page: Page, daemon: Daemon, trio_token: trio.lowlevel.TrioToken) -> None:
        self.page, self.daemon, self.trio_token = page, daemon, trio_token
        self.wrong: list[str] = []
        page.set_default_timeout(MILLISECONDS)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda message: self.wrong.append(message.text) if _is_violation(message.text) else None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.daemon.http_port}"

    def signs_in(self, token: str | None = None, query: str = "") -> None:
        self.page.goto(f"{self.url}/{query}")
        self.page.fill("input[type=password]", token or self.daemon.token)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("nav .view")

    def has_done(self, work: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
        """Runs ``work(*arguments)`` in the loop of the test, which the thread of the browser does not know."""
        trio.from_thread.run(work, *arguments, trio_token=self.trio_token)

    def post(self, path: str, body: Any) -> Any:
        answer = httpx.post(f"{self.url}{API}{path}", json=body, headers={"Authorization": f"Bearer {self.daemon.token}"})
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        answer = httpx.get(f"{self.url}{API}{path}", headers={"Authorization": f"Bearer {self.daemon.token}"})
        assert answer.is_success, answer.text
        return answer.json()

    def raises(self, resource: str, severity: str = "major", **more: Any) -> dict[str, Any]:
        """An alarm of this resource, as the API shows it."""
        body = {"alarm_type": "test.fault", "resource_type": "ont", "resource_id": resource, "severity": severity}
        made: dict[str, Any] = self.post("/alarms", {**body, "title": f"{resource}: fault", **more})
        return made

    @property
    def titles(self) -> list[str]:
        """The titles of the rows, top to bottom."""
        rows = self.page.locator(".rows .row")
        found = [(row.bounding_box(), row.locator(".title").inner_text()) for row in rows.all()]
        return [title for box, title in sorted(found, key=lambda each: each[0]["y"] if each[0] else 0.0)]

    def sees(self, *titles: str) -> None:
        """Wait until the rows are these."""
        self.page.wait_for_function(
            "wanted => JSON.stringify([...document.querySelectorAll('.rows .row')]"
            ".sort((a, b) => a.getBoundingClientRect().y - b.getBoundingClientRect().y)"
            ".map(row => row.querySelector('.title').textContent)) === JSON.stringify(wanted)",
            arg=list(titles),
        )

    def presses(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


def _is_violation(text: str) -> bool:
    return "Content Security Policy" in text or "Trusted" in text


Story = Callable[[Operator], None]


class Screen:
    """One browser for all stories of a process, in the one thread that Playwright allows. Each story has its own profile."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, "browser")
        self.playwright: Playwright
        self.chromium: Browser

    def opens(self) -> None:
        self.playwright = sync_playwright().start()
        self.chromium = self.playwright.chromium.launch(executable_path=tool("chromium"), args=FLAGS)

    def closes(self) -> None:
        self.chromium.close()
        self.playwright.stop()

    def plays(
        self, story: Story, daemon: Daemon, trio_token: trio.lowlevel.TrioToken, width: int, height: int, with_axe: bool
    ) -> None:
        # axe's own script is none of the console's.
        context = self.chromium.new_context(viewport={"width": width, "height": height}, bypass_csp=with_axe)
        try:
            operator = Operator(context.new_page(), daemon, trio_token)
            story(operator)
            assert operator.wrong == []
        finally:
            context.close()


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    tool("chromium")
    screen = Screen()
    with screen.thread:
        screen.thread.submit(screen.opens).result()
        try:
            yield screen
        finally:
            screen.thread.submit(screen.closes).result()


@pytest.fixture
def tell(screen: Screen, daemon: Daemon) -> Callable[..., Awaitable[None]]:
    """Runs a story in a browser window of this size."""

    async def told(story: Story, width: int = 1280, height: int = 800, *, with_axe: bool = False) -> None:
        token = trio.lowlevel.current_trio_token()
        playing = screen.thread.submit(screen.plays, story, daemon, token, width, height, with_axe)
        await trio.to_thread.run_sync(playing.result)

    return told
