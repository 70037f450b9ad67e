"""By whom and when something was reported."""

from datetime import datetime


class Report:
    """When something happened and who says so. ``dated`` is the reporter's own time when sane, else None; ``happened`` that,
    or when the report was received. ``reporter`` is ``device:ID``, ``user:NAME`` or ``faultd:PART``: the actor of the timeline
    entry. Not changed once made."""

    __slots__ = ("dated", "happened", "received", "reporter", "source", "uptime")

    def __init__(
        self,
        *,
        received: datetime,
        reporter: str,
        source: str = "",
        uptime: int | None = None,
        dated: datetime | None = None,
    ) -> None:
        self.received, self.reporter, self.source = received, reporter, source
        self.uptime, self.dated = uptime, dated
        self.happened = received if dated is None else dated
