"""Jinja2 as templates have it: in its sandbox, without files, other templates and attributes that begin with an underscore."""

from typing import Any, NoReturn

from jinja2 import ChainableUndefined, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from actors.notifier.local_times import local_time, zone_of_facts


class _Sandbox(ImmutableSandboxedEnvironment):
    """A forbidden access is an error. In Jinja2's own sandbox it is an undefined value, which can be shown as nothing."""

    def unsafe_undefined(self, obj: Any, attribute: str) -> NoReturn:
        raise SecurityError(f"access to attribute {attribute!r} is forbidden")


def sandbox(*, html: bool) -> ImmutableSandboxedEnvironment:
    """The environment of a part. A value that is missing is shown as nothing; in ``html`` each value is escaped. The filter
    ``local`` shows an instant in the reader's zone, the value ``time_zone``."""
    environment = _Sandbox(autoescape=html, undefined=ChainableUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["local"] = _local
    return environment


@pass_context
def _local(context: Context, value: Any) -> str:
    return local_time(value, zone_of_facts(context.get("time_zone")))
