"""What every group of rows is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from rich.console import Console

from bench.children import Child, Daemon, Postgres


class Context(Struct, kw_only=True):
    """``seconds`` is how long the sustained rate is held; ``sustained`` is that rate once it is known. ``soak_rate`` None: half
    of it."""

    folder: Path
    console: Console
    postgres: Postgres
    quick: bool
    seconds: int
    outage_seconds: int
    nodes: tuple[int, ...]
    soak_seconds: int = 60
    soak_rate: int | None = None
    sustained: int = 0
    made: int = 0

    def tell(self, text: str) -> None:
        """What is going on, for whoever waits."""
        self.console.print(f"  {text}", style="dim", highlight=False)

    def daemon(self, name: str, more: str = "", module: str = "faultd") -> Daemon:
        """A daemon, not yet started, with a state directory and a database of its own."""
        self.made += 1
        name = f"{name}_{self.made}"
        return Daemon(self.folder / name, self.postgres.database(name), more, module)

    @contextmanager
    def sender(self, block: int = 0, seed: int = 1) -> Iterator[Child]:
        with Child("bench.sender", block, seed) as child:
            yield child
