"""Regular expressions of rules, by RE2: its time is linear in the text for every pattern, so no pattern can block the fold.

RE2 refuses what it cannot do in linear time (look-around, back-references) when the rule is written. Its memory is bounded: a
pattern that would need more is refused, and a longer text is searched up to ``MAX_TEXT``.
"""

from collections.abc import Callable
from functools import lru_cache

try:
    import re2  # type: ignore[import-untyped]
except ImportError:  # pragma: no cover - a platform without a wheel: rules with patterns are refused, the rest works
    re2 = None

MAX_TEXT = 10_000
"""Characters of a field that are searched."""
_MEMORY = 4 << 20


class BadPattern(ValueError):
    """A pattern that is refused, and why."""


@lru_cache(maxsize=1_000)
def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """A function that searches a text for the pattern. Raises :class:`BadPattern`."""
    if re2 is None:
        raise BadPattern("regular expressions need the package google-re2, which is not installed here")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        re2.compile(pattern, options)
        # A Set answers yes or no and nothing else, at a fifth of a search's price.
        found = re2.Set.SearchSet(options)
        found.Add(pattern)
        found.Compile()
    except (re2.error, UnicodeEncodeError) as error:
        said = error.args[0] if error.args else error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise BadPattern(f"{text} (RE2 syntax: no look-around, no back-references)") from error
    match = found.Match
    return lambda text: bool(match(text[:MAX_TEXT].encode("utf-8", "replace")))
