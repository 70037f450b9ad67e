"""Reads."""

from typing import Any

HANDLERS: list[Any] = []
