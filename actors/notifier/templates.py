"""Templates of an operator's own: a TOML file each, Jinja2 in its texts. They are read and checked here, and rendered in a
process of their own (:mod:`actors.notifier.template_process`)."""

import tomllib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated

import msgspec
from jinja2 import TemplateSyntaxError
from msgspec import Meta, Struct
from msgspec.structs import asdict

from actors.notifier.sandbox import sandbox
from protocols.file_mistake import FileMistake

Source = Annotated[str, Meta(max_length=65_536)]


class MessageTemplate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of a file. A text that is "" is the built-in one; ``html`` that is "" is left out."""

    subject: Source = ""
    text: Source = ""
    html: Source = ""


class TemplateErrors(Exception):
    """Templates that cannot be used, with every mistake."""

    def __init__(self, mistakes: list[FileMistake]) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes


def load_templates(texts: Mapping[str, str]) -> dict[str, MessageTemplate]:
    """The templates by the names of their files without ``.toml``. ``texts`` has the files by path. Raises TemplateErrors."""
    found: dict[str, MessageTemplate] = {}
    mistakes: list[FileMistake] = []
    for path, text in texts.items():
        try:
            template = msgspec.convert(tomllib.loads(text), MessageTemplate)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            mistakes.append(FileMistake(path, 0, "", str(error)))
            continue
        for key, source in asdict(template).items():
            try:
                sandbox(html=key == "html").parse(source)
            except TemplateSyntaxError as error:
                mistakes.append(FileMistake(path, 0, key, f"line {error.lineno} of the text: {error.message}"))
            except RecursionError:
                mistakes.append(FileMistake(path, 0, key, "is nested too deeply"))
        if not (template.subject or template.text or template.html):
            mistakes.append(FileMistake(path, 0, "", "has none of subject, text and html"))
        found[PurePath(path).stem] = template
    if mistakes:
        raise TemplateErrors(sorted(mistakes))
    return found
