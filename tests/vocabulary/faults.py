"""Bugs that a test puts into faultd for a while."""

from collections.abc import Callable
from typing import Any

import pytest

from actors.correlator import fold


def replace_fold(patch: pytest.MonkeyPatch, kind: type[Any], replacement: Callable[[Any, Any], None]) -> None:
    """Fold Events of ``kind`` by ``replacement(draft, event)`` until ``patch`` is undone."""
    patch.setitem(fold._FOLDS, kind, replacement)
