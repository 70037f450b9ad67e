"""Power areas as resources: ``area:NAME``, where NAME is the ``area`` of topology nodes."""

from typing import Final

AREA: Final = "area:"
"""Prefix of the resource id of a power area. The area's name follows."""
