"""Plugins in processes of their own: installed ones, by entry point, that end, hang, grow or talk nonsense."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vocabulary.rules import RuleWorld

from actors.correlator.rules.memories import RuleMemory
from actors.correlator.rules.plugin_process import Bounds, PluginProcess
from actors.correlator.rules.plugins import Host, PluginLimits, install, installed, load_plugins
from faultd.config import ConfigError
from faultd.inputs import installed_plugins
from faultd.settings import RuleSettings
from protocols.event import PluginStopped, RulesLoaded, SystemReport

CODE = """
import os, sys, time
from protocols.plugin import AddTags

class Base:
    version = "1"
    alarm_types = ("x.a",)

class Good(Base):
    def touched(self, view, before, alarm):
        if before is None:
            assert view.alarm(alarm.alarm_id) == alarm
            assert view.alarm(None) is None and view.node(7) is None and view.alarm("none") is None
            assert view.node("olt-1").type == "olt" and view.above("olt-1/0/1") == ("olt-1/0/1", "olt-1", "site-1")
            assert list(view.at_resource(alarm.resource_id)) == [alarm] and list(view.children(alarm.id)) == []
            yield AddTags(alarm.id, ("good", f"{view.now:%Y}"), "why")

class Exits(Base):
    def touched(self, view, before, alarm): sys.exit(3)
class Interrupts(Base):
    def touched(self, view, before, alarm): raise KeyboardInterrupt
class Dies(Base):
    def touched(self, view, before, alarm): os._exit(9)
class Kills(Base):
    def touched(self, view, before, alarm): os.kill(os.getpid(), 9)
class Hangs(Base):
    def touched(self, view, before, alarm):
        while True:
            try:
                while True: time.sleep(1)
            except BaseException: pass
class Grows(Base):
    def touched(self, view, before, alarm):
        kept = []
        while True: kept.append(bytearray(1 << 20))
class Endless(Base):
    def touched(self, view, before, alarm):
        while True: yield AddTags(alarm.id, ("a",), "x")
class Recurses(Base):
    def touched(self, view, before, alarm): return self.touched(view, before, alarm)
class Mutates(Base):
    def touched(self, view, before, alarm):
        alarm.metadata["owned"] = "by plugin"
        return ()
class Babbles(Base):
    def touched(self, view, before, alarm):
        view._end.sendall(b"\\0\\0\\0\\3abc")
        return ()
class Huge(Base):
    def touched(self, view, before, alarm):
        view._end.sendall(b"\\xff\\xff\\xff\\xff")
        time.sleep(60)
class Asks(Base):
    def touched(self, view, before, alarm):
        return view._ask("__class__", "x")
class Unmade(Base):
    def __init__(self): sys.exit(5)
class Unversioned:
    alarm_types = ()
    def touched(self, *_): return ()
"""


@pytest.fixture(autouse=True)
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "tried_plugins.py").write_text(CODE)
    names = [line.split()[1].split("(")[0].rstrip(":") for line in CODE.splitlines() if line.startswith("class ")]
    info = tmp_path / "tried_plugins-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tried-plugins\nVersion: 1\n")
    points = "".join(f"{name.lower()} = tried_plugins:{name}\n" for name in names)
    (info / "entry_points.txt").write_text(f"[faultd.rules]\n{points}")
    monkeypatch.syspath_prepend(tmp_path)
    before = installed()
    yield
    installed().close()
    install(before)


def use(ruled: RuleWorld, name: str, limits: PluginLimits | None = None) -> PluginProcess:
    limits = limits or PluginLimits(seconds=60, bounds=Bounds(seconds=30))
    plugins, missing = load_plugins([name], limits.bounds)
    assert not missing
    host = install(Host(plugins, limits))
    ruled(RulesLoaded(f"with {name}", (), host.versions()))
    return plugins[name]


def failure(ruled: RuleWorld) -> Any:
    (alarm,) = [alarm for alarm in ruled.of_type("rule.failed") if alarm.cleared_at is None]
    return alarm


def test_a_plugin_in_its_process_sees_and_acts(ruled: RuleWorld) -> None:
    use(ruled, "good")
    alarm = ruled.get(ruled.raise_alarm("x.a", "olt-1/0/1/5/1"))
    assert {"good", "2026"} <= set(alarm.tags)
    assert not ruled.of_type("rule.failed")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exits", "SystemExit: 3"),
        ("interrupts", "KeyboardInterrupt"),
        ("dies", "its process ended with status 9"),
        ("kills", "its process ended by SIGKILL"),
        ("grows", "MemoryError"),
        ("endless", "more than 1000 actions"),
        ("recurses", "RecursionError"),
        ("babbles", "it sent something that cannot be read"),
        ("huge", "more than 67108864"),
        ("asks", "it sent Ask at the wrong time"),
    ],
)
def test_a_plugin_that_misbehaves_is_reported_and_the_fold_goes_on(ruled: RuleWorld, name: str, said: str) -> None:
    use(ruled, name)
    first = ruled.get(ruled.raise_alarm("x.a", "r"))
    assert first.cleared_at is None
    assert said in failure(ruled).description
    second = ruled.get(ruled.raise_alarm("x.a", "s"))  # also while its process is being started again
    assert second.cleared_at is None
    assert ruled.state.tally[f"plugin_failed:{name}"] == 2


def test_a_plugin_that_does_not_answer_is_ended(ruled: RuleWorld) -> None:
    plugin = use(ruled, "hangs", PluginLimits(seconds=60, bounds=Bounds(seconds=0.3)))
    process = plugin._process._process
    assert process is not None
    ruled.raise_alarm("x.a", "r")
    assert "no answer after 0.3 s" in failure(ruled).description
    assert process.returncode == -9


def test_a_plugin_cannot_change_the_fold(ruled: RuleWorld) -> None:
    use(ruled, "mutates")
    assert "owned" not in ruled.get(ruled.raise_alarm("x.a", "r")).metadata


def test_a_plugin_whose_process_is_lost_too_often_is_not_asked_any_more(ruled: RuleWorld) -> None:
    host_limits = PluginLimits(seconds=60, overruns=2, bounds=Bounds(seconds=30))
    plugin = use(ruled, "dies", host_limits)
    news: list[Any] = []
    resources = iter(range(100_000))
    while not news:  # in between the process is starting, and not asked
        ruled.raise_alarm("x.a", f"r{next(resources)}")
        news = installed().take_reports()
        if plugin._loading_until is not None and plugin._process._end is not None:
            plugin._process._end.recv(1, 2)  # MSG_PEEK: wait until it is loaded, or gone
    assert [type(event) for event in news] == [PluginStopped]
    ruled(news[0])
    counted = ruled.state.tally["plugin_failed:dies"]
    ruled.raise_alarm("x.a", "later")
    assert ruled.state.tally["plugin_failed:dies"] == counted
    assert "lost its process, 2 times" in ruled.state.memory(RuleMemory).disabled_plugins["dies"]


def test_a_closed_fold_ends_the_process() -> None:
    (plugin,) = load_plugins(["good"], Bounds())[0].values()
    process = plugin._process._process
    assert process is not None
    os.stat(f"/proc/{process.pid}")
    plugin.close()
    assert process.returncode is not None


def test_plugins_that_cannot_be_loaded() -> None:
    plugins, missing = load_plugins(["good", "unmade", "unversioned", "none"], Bounds())
    assert Host(plugins).versions() == {"good": "1"}
    plugins["good"].close()
    assert "SystemExit: 5" in missing["unmade"]
    assert "AttributeError" in missing["unversioned"]
    assert "no plugin 'none' is installed; there are: asks, babbles" in missing["none"]


def test_a_start_goes_on_without_a_plugin_and_a_reload_does_not() -> None:
    settings = RuleSettings(plugins=("good", "unmade"))
    with pytest.raises(ConfigError, match="SystemExit: 5"):
        installed_plugins(settings)
    assert not installed().plugins, "the host that was there stays"
    assert installed_plugins(settings, without=True) == {"good": "1"}
    (report,) = installed().take_reports()
    assert isinstance(report, SystemReport)
    assert (report.alarm_type, report.qualifier) == ("rule.failed", "unmade")
