"""Profiles compiled once, for tests and fuzzers that start a fold thousands of times."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec
import pytest

from actors.correlator.profiles import compiler, translator
from actors.correlator.profiles.errors import Problems
from protocols.profile import AlarmType, Profile


@contextmanager
def compiled_once() -> Iterator[None]:
    """What was compiled of a profile is used again for an equal one; each state still gets a translator of its own. Compiling
    the shipped profiles would be nine tenths of the work."""
    encode = msgspec.msgpack.Encoder().encode
    done: dict[tuple[bytes, bytes], compiler.CompiledProfile] = {}

    def compile_once(profile: Profile, types: Mapping[str, AlarmType], problems: Problems) -> compiler.CompiledProfile:
        key = encode(profile), encode(types)
        if key not in done:
            compiled = compiler.compile_profile(profile, types, problems)
            if problems.found:
                return compiled
            done[key] = compiled
        return done[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(translator, "compile_profile", compile_once)
        yield
