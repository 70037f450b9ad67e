"""Policies of files: ``config/policies/*.toml``, with ``[[policies]]``."""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial

from actors.dispatcher.policies.templates import mistakes_of_templates
from actors.dispatcher.policies.tree import compile_policy
from protocols.conditions.mistakes import PlacedMistake
from protocols.dispatch.channel import Channel
from protocols.dispatch.policy import NotificationPolicy, Route
from protocols.table_files import load_tables

_NO_WORD = re.compile(r"[\W_]+")


def load_policies(texts: Mapping[str, str], templates: Collection[str] | None = None) -> tuple[NotificationPolicy, ...]:
    """The policies of ``texts`` (file name → TOML), in the order of the files. ``templates`` are those of the configuration;
    None: they are not known. Raises :class:`protocols.table_files.TableFileErrors` with every mistake.

    People, rotas and channels are not looked at: those that do not exist may exist later."""
    return load_tables(texts, "policies", NotificationPolicy, partial(_mistakes, templates), file_policy_id)


def _mistakes(templates: Collection[str] | None, policy: NotificationPolicy) -> Iterator[PlacedMistake]:
    mistakes = compile_policy("", policy).mistakes
    yield from mistakes
    if not mistakes:
        yield from mistakes_of_templates(policy, templates)


def addresses_of(route: Route) -> Iterator[tuple[str, Channel]]:
    """Each ``to`` of a route, and of those below it, with the channel that it names. The routes are not too deep."""
    for action in route.actions:
        told = [(action.to, action.channel), *((step.to, step.channel) for step in action.escalate or ())]
        yield from ((to, channel) for to, channel in told if to is not None and channel is not None)
    for below in route.routes:
        yield from addresses_of(below)


def file_policy_id(name: str) -> str:
    """The id of a policy of a file, by its name: ``file:critical-alarms`` of ``Critical alarms``. It stays when the file
    changes."""
    return f"file:{_NO_WORD.sub('-', name.casefold()).strip('-')}"
