"""Notifications to systemd: the datagrams of sd_notify(3), in plain Python.

Without ``NOTIFY_SOCKET`` in the environment nothing is sent. Sending never waits and never raises: a slow or missing service
manager must not block or end the daemon. A failure is logged.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping

import structlog
import trio

_STATUS_SECONDS = 10.0
"""Seconds between status lines when no watchdog needs them more often."""
_STATUS_LENGTH = 500

log = structlog.get_logger()


class ServiceNotifier:
    """The daemon's end of the notification socket.

    ``address`` is ``NOTIFY_SOCKET``: a path, or with a leading ``@`` a name in the abstract namespace; empty when there is
    none. ``watchdog``: systemd expects a notification within this many seconds; None without a watchdog.
    """

    def __init__(self, address: str = "", watchdog: float | None = None) -> None:
        self.watchdog = watchdog if address else None
        self._address: str | None = None
        if address.startswith("@"):
            self._address = "\0" + address[1:]
        elif address.startswith("/"):
            self._address = address
        elif address:
            # vsock: and relative names: not from a service manager of this machine.
            log.warning("sdnotify.address_not_supported", address=address)
        self._told = ""
        self._failing = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ServiceNotifier":
        """From ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``. A watchdog for another process is ignored."""
        watchdog = None
        try:
            if int(environment.get("WATCHDOG_PID", os.getpid())) == os.getpid():
                watchdog = int(environment["WATCHDOG_USEC"]) / 1e6
        except KeyError:
            pass
        except ValueError as error:
            log.warning("sdnotify.watchdog_not_understood", error=str(error))
        return cls(environment.get("NOTIFY_SOCKET", ""), watchdog if watchdog and watchdog > 0 else None)

    def ready(self, status: str = "") -> None:
        """Starting, or reloading, is done."""
        self._send("READY=1", *self._status(status))

    def status(self, text: str) -> None:
        """The line that ``systemctl status`` shows."""
        self._send(*self._status(text))

    def reloading(self) -> None:
        """Say that the configuration is being read again; :meth:`ready` ends that. systemd matches the reload by the time."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={now}", *self._status("reading the configuration again"))

    def stopping(self, status: str = "") -> None:
        """Shutting down has begun."""
        self._send("STOPPING=1", *self._status(status))

    def alive(self) -> None:
        """The sign of life that the watchdog waits for."""
        self._send("WATCHDOG=1")

    async def keep_alive(self, status: Callable[[], str]) -> None:
        """Until cancelled: a sign of life at twice the rate that the watchdog demands, and the status when it has changed.
        It comes from the loop that does the daemon's work, so a loop that hangs falls silent."""
        seconds = min(self.watchdog / 2, _STATUS_SECONDS) if self.watchdog else _STATUS_SECONDS
        while True:
            text = _one_line(status())
            changed = self._status(text) if text != self._told else ()
            self._send(*(["WATCHDOG=1"] if self.watchdog else []), *changed)
            await trio.sleep(seconds)

    def _status(self, text: str) -> tuple[str, ...]:
        self._told = _one_line(text)
        return (f"STATUS={self._told}",) if self._told else ()

    def _send(self, *lines: str) -> None:
        if self._address is None or not lines:
            return
        message = "\n".join(lines).encode(errors="replace")
        try:
            # A socket for each message, as sd_notify(3) does: nothing to go stale when systemd is re-executed.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sender:
                sender.connect(self._address)
                sender.send(message)
        except OSError as error:
            if not self._failing:
                log.warning("sdnotify.not_sent", message=lines[0], error=str(error))
            self._failing = True
        else:
            self._failing = False


def _one_line(text: str) -> str:
    """A newline would end the assignment and begin another."""
    return " ".join(text.split())[:_STATUS_LENGTH]
