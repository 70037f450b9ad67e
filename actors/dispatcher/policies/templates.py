"""Templates that policies name, against those of the configuration. Pure."""

from collections.abc import Collection, Iterator

from protocols.conditions.mistakes import PlacedMistake, pointer_of
from protocols.dispatch.policy import Route
from protocols.toml_lines import Path


def mistakes_of_templates(route: Route, templates: Collection[str] | None, path: Path = ()) -> Iterator[PlacedMistake]:
    """Each ``template`` of a route, and of those below it, that the configuration lacks. ``templates`` None: they are not
    known, and there is no mistake. The routes are not too deep."""
    for number, action in enumerate(route.actions):
        where: Path = (*path, "actions", number)
        if lack := lack_of_template(action.template, templates):
            yield PlacedMistake(pointer_of((*where, "template")), lack)
        for position, step in enumerate(action.escalate or ()):
            if lack := lack_of_template(step.template, templates):
                yield PlacedMistake(pointer_of((*where, "escalate", position, "template")), lack)
    for number, below in enumerate(route.routes):
        yield from mistakes_of_templates(below, templates, (*path, "routes", number))


def lack_of_template(name: str, templates: Collection[str] | None) -> str:
    """Why no template of the configuration has this name; "" when there is one, or when it is not known."""
    if not name or templates is None or name in templates:
        return ""
    there = f"there are {', '.join(sorted(templates)[:20])}" if templates else "[notifier] templates has none"
    return f"{name[:60]!r} is no template of the configuration; {there}"
