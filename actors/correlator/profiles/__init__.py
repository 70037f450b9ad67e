"""The vendor profile engine: from a trap to its findings. ``docs/profiles.md`` describes the language."""

from actors.correlator.profiles.errors import ProfileErrors
from actors.correlator.profiles.explain import explain_trap
from actors.correlator.profiles.loading import load_profiles, undeclared_types
from actors.correlator.profiles.translator import Translator, compile

__all__ = ["ProfileErrors", "Translator", "compile", "explain_trap", "load_profiles", "undeclared_types"]
