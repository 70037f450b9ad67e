"""Jinja2 as templates have it: in its sandbox, without files, other templates and attributes that begin with an underscore."""

from typing import Any, NoReturn

from jinja2 import ChainableUndefined
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment


class _Sandbox(ImmutableSandboxedEnvironment):
    """What is forbidden is an error, where the original makes it an undefined value, which could be shown as nothing."""

    def unsafe_undefined(self, obj: Any, attribute: str) -> NoReturn:
        raise SecurityError(f"access to attribute {attribute!r} is forbidden")


def sandbox(*, html: bool) -> ImmutableSandboxedEnvironment:
    """The environment of a part. A value that is missing is shown as nothing; in ``html`` each value is escaped."""
    return _Sandbox(autoescape=html, undefined=ChainableUndefined, trim_blocks=True, lstrip_blocks=True)
