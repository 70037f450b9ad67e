"""PostgreSQL as a token reads it: behind that token's own writes."""

from collections.abc import Callable

from actors.mailbox import Progress
from actors.postgres import DatabaseUnavailable, Postgres
from protocols.principal import Principal


class Stored:
    """``database`` (None: every read is refused) as far as the store has written it.

    ``progress`` is the store's; ``recorded`` gives the ``seq`` of the newest recorded batch; ``seconds`` bounds a wait.
    """

    def __init__(
        self, database: Postgres | None, progress: Progress, seconds: float, recorded: Callable[[], int] = lambda: 0
    ) -> None:
        self._database, self._progress, self._seconds, self._recorded = database, progress, seconds, recorded
        self._written: dict[str, int] = {}

    @property
    def database(self) -> Postgres:
        """Raises ``DatabaseUnavailable`` when there is none."""
        if self._database is None:
            raise DatabaseUnavailable("no database is attached")
        return self._database

    def wrote(self, by: Principal, seq: int) -> None:
        """The newest write of this token is in batch ``seq``."""
        self._written[by.name] = max(self._written.get(by.name, 0), seq)

    async def caught_up(self, by: Principal, *, newest: bool = False) -> bool:
        """Wait, bounded, until PostgreSQL shows this token's own writes, or with ``newest`` every recorded batch. False when
        it does not yet."""
        through = self._written.get(by.name, 0)
        if newest:
            through = max(through, self._recorded())
        return await self._progress.reach(through, self._seconds)
