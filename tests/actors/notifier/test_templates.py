"""Templates in their process: what they may use, and how those end that loop, grow, or ask for what is none of theirs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from vocabulary.delivery import DeliveryHouse, ScriptedChannel, dispatched

from actors.metrics import Metrics
from actors.notifier.acknowledge_links import AcknowledgeLinks
from actors.notifier.template_process import LOSSES, TemplateFailed, TemplateRenderer
from actors.notifier.templates import MessageTemplate, TemplateErrors, load_templates
from actors.notifier.texts import built_in_text
from actors.notifier.writer import MessageWriter, values_of
from faultd.config import Config, ConfigError, parse
from faultd.inputs import read_templates


@pytest.fixture
def renderer() -> Iterator[TemplateRenderer]:
    made = TemplateRenderer({}, seconds=60.0)
    yield made
    made.close()


@pytest.fixture
def hasty() -> Iterator[TemplateRenderer]:
    """For templates that never end."""
    made = TemplateRenderer({}, seconds=0.3)
    yield made
    made.close()


def values(**fields: Any) -> dict[str, Any]:
    notification = dispatched(**fields)
    return values_of(notification, built_in_text(notification), "https://noc.example")


async def test_a_template_uses_facts_and_the_built_in_text(renderer: TemplateRenderer) -> None:
    template = MessageTemplate(
        subject="{{ causes[0].severity|upper }} {{ causes[0].title }}",
        text="{% for cause in causes %}{{ cause.resource_name }} {{ cause.nothing.at.all }}{% endfor %}\n\n{{ built_in.text }}",
        html="<b>{{ causes[0].title }}</b>",
    )
    facts = {"causes": [{"severity": "critical", "title": "cut & <run>", "resource_name": "PON 1"}], "count": 1}
    found = await renderer.render_source(template, values(facts=facts))
    assert found.subject == "CRITICAL cut & <run>"
    assert found.text.startswith("PON 1 \nCRITICAL: cut & <run>")
    assert found.html == "<b>cut &amp; &lt;run&gt;</b>"


async def test_a_template_shows_instants_in_the_readers_zone(renderer: TemplateRenderer) -> None:
    template = MessageTemplate(text="{{ starts|local }}, {{ 1772334000000000|local }}, {{ nothing|local }}, {{ 'soon'|local }}")
    facts = {"causes": [], "starts": "2026-03-01T03:00:00+00:00", "time_zone": "Europe/Berlin"}
    found = await renderer.render_source(template, values(facts=facts))
    assert found.text == "2026-03-01 04:00:00 CET, 2026-03-01 04:00:00 CET, , soon"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ 'a' * 100000000 }}", "longer than 65536 characters|MemoryError"),
        ("{{ 'a' * 10000000000 }}", "MemoryError"),
        ("{% for a in range(70000) %}x{% endfor %}", "longer than 65536"),
        ("{{ range(10000000)|list }}", "OverflowError"),
        ("{{ causes.__class__ }}", "SecurityError: access to attribute '__class__'"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "SecurityError"),
        ("{{ ''['__class__'] }}", "SecurityError"),
        ("{{ ''|attr('__class__') }}", "SecurityError"),
        ("{{ self.__init__.__globals__ }}", "SecurityError"),
        ("{{ cycler.__init__.__globals__.os }}", "SecurityError"),
        ("{{ '{0.__class__}'.format(1) }}", "SecurityError"),
        ("{{ causes.append(1) }}", "SecurityError"),
        ("{% include '/etc/passwd' %}", "TypeError: no loader"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ causes.title() }}", "UndefinedError"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "RecursionError"),
    ],
)
async def test_what_a_template_may_not(renderer: TemplateRenderer, text: str, reason: str) -> None:
    with pytest.raises(TemplateFailed, match=reason):
        await renderer.render_source(MessageTemplate(text=text), values())
    # The next one is rendered, by another process where this one was ended.
    assert (await renderer.render_source(MessageTemplate(text="{{ id }}"), values())).text == "N17"


@pytest.mark.parametrize(
    "text", ["{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "{{ 9 ** (9 ** 9) }}"]
)
async def test_a_template_that_does_not_end_is_ended(hasty: TemplateRenderer, text: str) -> None:
    with pytest.raises(TemplateFailed, match=r"no answer after 0\.3 s"):
        await hasty.render_source(MessageTemplate(text=text), values())
    assert not hasty._process.runs


async def test_one_that_costs_processes_is_left_out_until_a_reload(hasty: TemplateRenderer) -> None:
    loops = MessageTemplate(text="{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")
    hasty.replace({"loops": loops})
    for _ in range(LOSSES):
        with pytest.raises(TemplateFailed, match="no answer"):
            await hasty.render("loops", {})
    with pytest.raises(TemplateFailed, match="until a reload"):
        await hasty.render("loops", {})
    assert not hasty._process.runs
    hasty.replace({"loops": MessageTemplate(text="well")})


async def test_a_template_that_fails_costs_the_message_its_words_alone(autojump_clock: trio.testing.MockClock) -> None:
    mail = ScriptedChannel()
    house = DeliveryHouse({"email": mail})
    house.decide(dispatched(template="gone"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.ledger)
        await nursery.start(house.notifier.run)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert house.sent() == ["N17"]
    ((_, message),) = mail.seen
    assert message.text.subject == "[CRITICAL] Feeder cut"
    assert house.table["N17"].answer == (
        "250 ok; with the built-in text, since template gone failed: no template is named 'gone'"
    )
    assert house.metrics.registry.get_sample_value("faultd_templates_failed_total", {"channel": "email"}) == 1


async def test_a_part_that_is_empty_is_the_built_in_one(renderer: TemplateRenderer) -> None:
    renderer.replace({"short": MessageTemplate(text="  {{ causes[0].title }}\n\n"), "blank": MessageTemplate(text=" {{ x }} ")})
    writer = MessageWriter(renderer, Metrics(), AcknowledgeLinks("", b""))
    short = await writer.write(dispatched(template="short"))
    assert (short.subject, short.text, short.html) == ("[CRITICAL] Feeder cut", "Feeder cut\n", "")
    assert await writer.write(dispatched(template="blank")) == built_in_text(dispatched())


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("text = '{{ x'", "text: line 1 of the text: unexpected end of template"),
        ("html = '{% for %}'", "html: line 1 of the text"),
        ("text = '{% nonsense %}'", "unknown tag 'nonsense'"),
        ("words = 'x'", "unknown field `words`"),
        ("", "none of subject, text and html"),
        ("text = 7", "Expected `str`"),
        ("text = ", "Invalid value"),
        (f"text = '{'x' * 70_000}'", "length <= 65536"),
        (f"text = '{'{{' + '(' * 5_000}'", "nested too deeply|unexpected"),
    ],
)
def test_mistakes_of_a_file_are_found_when_it_is_read(tmp_path: Path, text: str, mistake: str) -> None:
    (tmp_path / "short.toml").write_text(text)
    with pytest.raises(TemplateErrors, match=mistake):
        load_templates({str(tmp_path / "short.toml"): text})
    config: Config = parse(f'[notifier]\ntemplates = "{tmp_path}"\n')
    with pytest.raises(ConfigError, match=r"short\.toml"):
        read_templates(config)


def test_templates_are_named_for_their_files(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text("text = 'x'")
    assert read_templates(parse(f'[notifier]\ntemplates = "{tmp_path}"\n')) == {"short": MessageTemplate(text="x")}
    assert read_templates(Config()) == {}
