"""The docs say what the code does: nothing undocumented or stale, no link into the void, nothing of where it was written."""

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from msgspec import Struct
from msgspec.structs import fields
from prometheus_client import CollectorRegistry, ProcessCollector

from actors.correlator.alarms.lifecycle import TRANSITIONS
from actors.metrics import Metrics
from faultd import docs
from faultd.cli import common
from faultd.config import Config
from protocols.event import NetworkEventType

ROOT = docs.ROOT
METRICS = docs.exported(Metrics())
CONFIG = ROOT / "config"


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def outside_sections(name: str) -> str:
    """What people wrote, without what the generator did."""
    return docs.SECTION.sub("", text(name))


# --- what is generated ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", docs.documents(), ids=lambda file: str(file.relative_to(ROOT)))
def test_generated_sections_are_fresh(file: Path) -> None:
    content = file.read_text(encoding="utf-8")
    assert docs.fresh(content, file) == content, "stale: run python -m faultd.docs"


@pytest.mark.parametrize("name", docs.SECTIONS)
def test_each_section_stands_in_one_document(name: str) -> None:
    mark = f"<!-- generated: {name} -->"
    assert sum(file.read_text(encoding="utf-8").count(mark) for file in docs.documents()) == 1


def test_a_stale_section_is_found_and_rewritten() -> None:
    stale = "before\n<!-- generated: labels -->\nold\n<!-- end: labels -->\nafter\n"
    new = docs.fresh(stale, Path("x.md"))
    assert new != stale
    assert new.startswith("before\n<!-- generated: labels -->\n")
    assert new.endswith("<!-- end: labels -->\nafter\n")
    assert "old" not in new
    assert docs.fresh(new, Path("x.md")) == new


def test_a_section_that_nothing_writes_is_refused() -> None:
    with pytest.raises(docs.UnknownSection, match="nonsense"):
        docs.fresh("<!-- generated: nonsense -->\n<!-- end: nonsense -->", Path("x.md"))


def test_check_changes_nothing_and_says_what_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    stale = "<!-- generated: labels -->\n<!-- end: labels -->\n"
    page.write_text(stale)
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    assert docs.main(["--check"]) == 1
    assert page.read_text() == stale
    assert "docs/page.md: stale" in capsys.readouterr().out
    assert docs.main([]) == 0
    assert page.read_text() != stale
    assert docs.main(["--check"]) == 0


# --- nothing undocumented ------------------------------------------------------------------------------------------


def tables(struct: type[Struct] = Config) -> Iterator[type[Struct]]:
    yield struct
    for field in fields(struct):
        for kind in (field.type, *get_args(field.type)):
            if isinstance(kind, type) and issubclass(kind, Struct):
                yield from tables(kind)


@pytest.mark.parametrize("struct", list(tables()), ids=lambda struct: struct.__name__)
def test_every_setting_says_what_it_means(struct: type[Struct]) -> None:
    said = docs.field_docs(struct)
    parts = {field.name for field in fields(struct) if isinstance(field.type, type) and issubclass(field.type, Struct)}
    silent = [field.name for field in fields(struct) if field.name not in said and field.name not in parts]
    assert not silent, "a docstring below the field is missing"
    page = text("docs/configuration.md")
    assert all(f"| `{field.encode_name}` |" in page for field in fields(struct) if field.name not in parts)


def test_every_metric_has_a_line_that_says_what_to_do_and_no_other_has() -> None:
    rows = re.findall(r"^\| `(faultd_\w+)` \|", outside_sections("docs/metrics.md"), re.MULTILINE)
    assert sorted(rows) == sorted(METRICS)


def test_every_metric_of_the_process_is_documented() -> None:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    samples = {sample.name for metric in registry.collect() for sample in metric.samples}
    rows = re.findall(r"^\| `(process_\w+)` \|", outside_sections("docs/metrics.md"), re.MULTILINE)
    assert sorted(rows) == sorted(samples)


@pytest.mark.parametrize("path", [path for path, _ in docs.help_texts()])
def test_a_command_is_documented_and_explains_itself(path: str) -> None:
    help_text = dict(docs.help_texts())[path]
    assert f"## `{path}`\n" in text("docs/cli.md")
    assert len(help_text.split("\n\n")) > 2, "a command needs a docstring"


def test_every_exit_code_is_documented() -> None:
    codes = {value for name, value in vars(common).items() if name.startswith("EX_")}
    rows = {int(code) for code in re.findall(r"^\| (\d+) \|", text("docs/cli.md"), re.MULTILINE)}
    assert codes <= rows


@pytest.mark.parametrize("action", list(TRANSITIONS), ids=lambda action: action.__name__)
def test_an_alarm_action_is_documented(action: Any) -> None:
    assert f"\n| {action.__struct_config__.tag} | " in text("docs/alarms.md")


@pytest.mark.parametrize("name", get_args(NetworkEventType))
def test_a_network_event_type_is_documented(name: str) -> None:
    assert f"\n| `{name}` | " in text("docs/alarms.md")


def calls(folder: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call in the code of ``folder``: the called name's last part, and the call."""
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
                    yield name, node


def constants(nodes: Iterator[ast.expr]) -> set[str]:
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_word_of_the_timeline_is_documented() -> None:
    puts = (call.args[1] for name, call in calls("actors/correlator") if name == "put" and len(call.args) > 1)
    words = constants(puts) | {transition.done for transition in TRANSITIONS.values()}
    assert {"raised", "reopened", "clear_ignored", "noted"} <= words
    page = text("docs/alarms.md")
    assert not sorted(word for word in words if f"`{word}`" not in page)


def test_every_alarm_of_faultd_about_itself_is_documented() -> None:
    found = [call for folder in ("actors", "faultd") for name, call in calls(folder) if name == "SystemReport"]
    types = constants(keyword.value for call in found for keyword in call.keywords if keyword.arg == "alarm_type")
    types |= constants(call.args[0] for name, call in calls("actors") if name == "RateWatch")
    assert {"traps.refused", "actor.parked"} <= types
    page = text("docs/operations.md")
    assert not sorted(name for name in types if f"\n| `{name}` | " not in page)


# --- links and commands --------------------------------------------------------------------------------------------

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def links() -> Iterator[tuple[Path, str]]:
    for file in docs.documents():
        for target in LINK.findall(CODE.sub("", file.read_text(encoding="utf-8"))):
            if not re.match(r"[a-z]+:", target):
                yield file, target


def anchors(file: Path) -> set[str]:
    """The names that GitHub gives to a document's headings."""
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("file", "target"), list(links()), ids=lambda value: value if isinstance(value, str) else value.name)
def test_a_link_leads_somewhere(file: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    there = (file.parent / path).resolve() if path else file
    assert there.exists()
    assert not anchor or anchor in anchors(there)


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        file = waiting.pop()
        if file in reached or file.suffix != ".md":
            continue
        reached.add(file)
        waiting += [(origin.parent / target.partition("#")[0]).resolve() for origin, target in links() if origin == file]
    assert not [str(file.relative_to(ROOT)) for file in docs.documents() if file not in reached]


def test_the_readmes_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z-]+)", text("README.md"), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets
    shell = "\n".join(re.findall(r"^```sh\n(.*?)^```", text("README.md"), re.MULTILINE | re.DOTALL))
    used = {
        *re.findall(r"`faultd ([a-z]+)", text("README.md")),
        *re.findall(r"(?:bin/|^|until )faultd ([a-z]+)", shell, re.MULTILINE),
    }
    assert {"run", "check"} <= used <= {path.split()[1] for path, _ in docs.help_texts() if " " in path}


# --- what monitors faultd ------------------------------------------------------------------------------------------

_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}
SAMPLES = {f"{name}{suffix}": metric for name, metric in METRICS.items() for suffix in _SUFFIXES.get(metric._type, ("",))}
SCRAPED = {"instance", "job", "le"}


def check_expression(expression: str) -> None:
    """Every metric in it exists, every label it selects or groups by is one of theirs, and its brackets are closed."""
    names = set(re.findall(r"\bfaultd_\w+", expression))
    assert names, expression
    assert names <= set(SAMPLES), f"no such metric: {names - set(SAMPLES)}"
    known = SCRAPED | {label for name in names for label in SAMPLES[name]._labelnames}
    selected = {label for inside in re.findall(r"\{([^}]*)\}", expression) for label in re.findall(r"(\w+)\s*(?:=|!)", inside)}
    grouped = {label for inside in re.findall(r"by \(([^)]*)\)", expression) for label in re.findall(r"\w+", inside)}
    assert selected | grouped <= known
    assert all(expression.count(left) == expression.count(right) for left, right in ("()", "[]", "{}"))


RULES = yaml.safe_load(text("config/prometheus/faultd.rules.yml"))["groups"][0]["rules"]
DASHBOARD = json.loads(text("config/grafana/faultd.json"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_rule_asks_for_what_there_is(rule: dict[str, Any]) -> None:
    check_expression(rule["expr"])
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in docs.label_values()["severity"]
    assert set(rule["annotations"]) == {"summary", "description"}


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda panel: panel["title"])
def test_a_panel_asks_for_what_there_is(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        check_expression(target["expr"])


def test_panels_do_not_overlap() -> None:
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


# --- the repository speaks of the project alone --------------------------------------------------------------------

_REGISTRIES = ("pypi", "pythonhosted", "npmjs", "debian", "ubuntu", "crates")
FOREIGN = {
    "a package registry's address": re.compile(rf"https?://[^\s/\"'>]*(?:{'|'.join(_REGISTRIES)})|(?<!no-emit-)index-url[ =]"),
    "a path of one machine": re.compile(r"(?<![\w./-])/(?:work|root|home)/\w"),
}
OF_WORK = re.compile(r"(?i)\bissues? #?\d|(?<![\w&/])#\d+\b|\bsessions\b|\b(?:this|another|previous|next|earlier) session\b")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_tells_where_this_was_written(what: str) -> None:
    found = []
    for file in tracked():
        try:
            content = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{file.relative_to(ROOT)}: {match.group()}" for match in FOREIGN[what].finditer(content)]
    assert not found


@pytest.mark.parametrize("file", docs.documents(), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_document_speaks_of_the_project_and_not_of_the_work_on_it(file: Path) -> None:
    assert not [match.group() for match in OF_WORK.finditer(CODE.sub("", file.read_text(encoding="utf-8")))]
