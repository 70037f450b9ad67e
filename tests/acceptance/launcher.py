"""faultd with actors that can be told to crash: run in place of ``-m faultd``.

In the folder ``FAULTDTEST_CRASHES`` each incarnation of an actor listens on a datagram socket of the actor's name, says so
in the pipe ``born`` there, and on a datagram raises inside itself, as a bug in one of its tasks would.
"""

import os
import socket
from pathlib import Path
from typing import Any

import trio

from actors.api.actor import Api
from actors.clock.actor import Clock
from actors.ledger.actor import Ledger
from actors.notifier.actor import Notifier
from actors.stage_actor import StageActor
from actors.store.actor import Store
from actors.stream.actor import Stream
from actors.trap_listener.actor import TrapListener
from faultd.cli import main

# By name; a stage has its own.
MORTALS: dict[str, Any] = {
    "api": Api,
    "clock": Clock,
    "ledger": Ledger,
    "notifier": Notifier,
    "stage": StageActor,
    "store": Store,
    "stream": Stream,
    "trap_listener": TrapListener,
}


class ToldToCrash(RuntimeError):
    """A bug, on demand."""


def make_mortal(name: str, actor: Any, folder: Path) -> None:
    run = actor.run

    async def crash_when_told(here: trio.socket.SocketType, own_name: str) -> None:
        await here.recv(1)
        raise ToldToCrash(own_name)

    async def mortal(self: Any, *, task_status: Any = trio.TASK_STATUS_IGNORED) -> None:
        own_name = self._stage.name if isinstance(self, StageActor) else name
        path = folder / own_name
        path.unlink(missing_ok=True)
        with trio.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as here:
            await here.bind(str(path))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(crash_when_told, here, own_name)
                with (folder / "born").open("a") as observer:
                    observer.write(f"{own_name}\n")
                await run(self, task_status=task_status)
                nursery.cancel_scope.cancel()

    actor.run = mortal


if __name__ == "__main__":
    for name, actor in MORTALS.items():
        make_mortal(name, actor, Path(os.environ["FAULTDTEST_CRASHES"]))
    main()
