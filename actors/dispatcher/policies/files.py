"""Policies of files: ``config/policies/*.toml``, with ``[[policies]]``."""

import re
from collections.abc import Iterable, Mapping

from actors.dispatcher.policies.tree import compile_policy
from protocols.conditions.mistakes import PlacedMistake
from protocols.dispatch.policy import NotificationPolicy
from protocols.table_files import load_tables

_NO_WORD = re.compile(r"[\W_]+")


def load_policies(texts: Mapping[str, str]) -> tuple[NotificationPolicy, ...]:
    """The policies of ``texts`` (file name → TOML), in the order of the files. Raises
    :class:`protocols.table_files.TableFileErrors` with every mistake.

    People, rotas and channels are not looked at: those that do not exist may exist later."""
    return load_tables(texts, "policies", NotificationPolicy, _mistakes, file_policy_id)


def _mistakes(policy: NotificationPolicy) -> Iterable[PlacedMistake]:
    return compile_policy("", policy).mistakes


def file_policy_id(name: str) -> str:
    """The id of a policy of a file, by its name: ``file:critical-alarms`` of ``Critical alarms``. It stays when the file
    changes."""
    return f"file:{_NO_WORD.sub('-', name.casefold()).strip('-')}"
