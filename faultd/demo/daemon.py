"""The real daemon as a child of the demo, watched through the same notifications that systemd gets."""

import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from subprocess import DEVNULL

import trio

from faultd.demo.workplace import Workplace

READY_SECONDS, STOP_SECONDS = 120.0, 45.0


class DaemonFailed(Exception):
    """The daemon ended, or did not become ready in time; the text has the end of its log."""


@asynccontextmanager
async def running(place: Workplace, tell: Callable[[str], None]) -> AsyncIterator[trio.Process]:
    """Start ``faultd run``, wait until it takes traps, and stop it cleanly at the end. ``tell`` receives its status lines.

    Raises :class:`DaemonFailed`.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plain:
        path = place.folder / "notify"
        path.unlink(missing_ok=True)
        plain.bind(str(path))
        notifications = trio.socket.from_stdlib_socket(plain)
        environment = {**os.environ, "NOTIFY_SOCKET": str(path)}
        command = [sys.executable, "-m", "faultd", "run", "--config", str(place.config)]
        with place.log.open("ab") as log:
            process = await trio.lowlevel.open_process(
                command, stdin=DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        try:
            with trio.move_on_after(READY_SECONDS) as limit:
                await _until_ready(process, notifications, tell)
            if limit.cancelled_caught or process.poll() is not None:
                raise DaemonFailed(_last_words(place, process))
            yield process
        finally:
            with trio.CancelScope(shield=True):
                await _stop(process, tell)


async def _until_ready(process: trio.Process, notifications: trio.socket.SocketType, tell: Callable[[str], None]) -> None:
    async with trio.open_nursery() as nursery:

        async def watch() -> None:
            await process.wait()
            nursery.cancel_scope.cancel()

        nursery.start_soon(watch)
        while True:
            lines = (await notifications.recv(4096)).decode(errors="replace").splitlines()
            for line in lines:
                if line.startswith("STATUS="):
                    tell(line.removeprefix("STATUS="))
            if "READY=1" in lines:
                break
        nursery.cancel_scope.cancel()


async def _stop(process: trio.Process, tell: Callable[[str], None]) -> None:
    if process.poll() is None:
        tell("stopping: what was received drains into PostgreSQL")
        process.terminate()
        with trio.move_on_after(STOP_SECONDS):
            await process.wait()
    if process.poll() is None:
        process.kill()
        await process.wait()


def _last_words(place: Workplace, process: trio.Process) -> str:
    text = place.log.read_text(errors="replace").splitlines()[-15:]
    how = "did not become ready" if process.returncode is None else f"ended with code {process.returncode}"
    return "\n".join([f"the daemon {how}; the end of {place.log}:", *text])
