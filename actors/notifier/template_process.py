"""Templates rendered in a bounded process: a pool of one, which is started at need and again after it was lost."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

import msgspec
import structlog
import trio

from actors.bounded_process import BoundedProcess, ProcessLost
from actors.notifier.template_child import RenderAnswer, RenderRequest, decode_answer, encode
from actors.notifier.templates import MessageTemplate

SECONDS = 1.0
"""For one message."""
START_SECONDS = 20.0
"""Python, and the imports."""
MEGABYTES = 256
LOSSES = 3
"""A template that has cost as many processes is left out until a reload: each time it costs others a second."""

log = structlog.get_logger()


class TemplateFailed(Exception):
    """A template could not be rendered; the text says why."""


class TemplateRenderer:
    """The templates that are loaded, by name. One message is rendered at a time."""

    def __init__(
        self, templates: Mapping[str, MessageTemplate], *, seconds: float = SECONDS, megabytes: int = MEGABYTES
    ) -> None:
        """``seconds`` for one message; ``megabytes`` of address space for the process."""
        self._seconds = seconds
        self._process = BoundedProcess("actors.notifier.template_child", [], [str(megabytes), str(seconds)], seconds)
        self._one_at_a_time = trio.CapacityLimiter(1)
        self._templates = dict(templates)
        self._losses: dict[str, int] = {}

    def replace(self, templates: Mapping[str, MessageTemplate]) -> None:
        """Other templates from the next message on."""
        self._templates = dict(templates)
        self._losses = {}

    async def render(self, name: str, values: dict[str, Any]) -> RenderAnswer:
        """The parts of the template with ``values``. Raises TemplateFailed. When it is cancelled, the process goes on for its
        time limit at most."""
        template = self._templates.get(name)
        if template is None:
            raise TemplateFailed(f"no template is named {name!r}")
        if self._losses.get(name, 0) >= LOSSES:
            raise TemplateFailed(f"it ran over its limits {LOSSES} times and is not used until a reload")
        return await self.render_source(template, values, name)

    async def render_source(self, template: MessageTemplate, values: dict[str, Any], name: str = "") -> RenderAnswer:
        """The same for a template that is not loaded."""
        try:
            answer = await trio.to_thread.run_sync(
                self._render, encode(RenderRequest(template, values)), limiter=self._one_at_a_time, abandon_on_cancel=True
            )
        except ProcessLost as error:
            if name:
                self._losses[name] = self._losses.get(name, 0) + 1
            raise TemplateFailed(str(error)) from error
        if answer.error:
            raise TemplateFailed(answer.error)
        return answer

    def close(self) -> None:
        """End the process. A message that is being rendered fails."""
        self._process.stop()

    def _render(self, request: bytes) -> RenderAnswer:
        if not self._process.runs:
            self._process.start()
            self._process.receive(monotonic() + START_SECONDS)
        deadline = monotonic() + self._seconds
        self._process.send(request, deadline)
        try:
            return decode_answer(self._process.receive(deadline))
        except msgspec.MsgspecError as error:
            raise self._process.lost("ended: it sent something that cannot be read") from error
