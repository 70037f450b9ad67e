"""The PDF itself: made by typst, read back by pypdf."""

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import trio
import typst
from msgspec.structs import replace
from pypdf import PdfReader
from vocabulary.sla_reports import make_revision, make_sla_report, make_sla_reports

from faultd.sla_report.document import document_of
from faultd.sla_report.printer import ReportPrinter
from faultd.sla_report.render import EX_CONTRADICTORY, TEMPLATE, render_pdf
from protocols.sla.report import SlaReport
from protocols.sla.report_check import ContradictoryReport
from protocols.sla.report_print import PrinterMissing, PrintingFailed

MARKUP = '*bold* _it_ #panic("no") $a^2$ `raw` \\ [x] <label> @ref // c /* d */ = h "q"'


def pages(pdf: bytes) -> list[str]:
    """The text of each page, words separated by one space."""
    return [" ".join(page.extract_text().replace("\xa0", " ").split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def printed_elsewhere(report: SlaReport, folder: Path, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """A print by another process, in ``folder``."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "faultd.sla_report", "report"],
        input=msgspec.json.encode(report),
        env=os.environ | environment,
        cwd=folder,
        capture_output=True,
        check=False,
    )


# --- the same report is the same file ------------------------------------------------------------------------------


def test_another_process_another_zone_and_language_print_the_same_bytes(tmp_path: Path) -> None:
    report = make_revision()
    here = hashlib.sha256(render_pdf(report)).hexdigest()
    assert hashlib.sha256(render_pdf(make_revision())).hexdigest() == here
    for environment in (
        {"TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LANG": "C", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "1", "HOME": str(tmp_path)},
    ):
        done = printed_elsewhere(report, tmp_path, **environment)
        assert (done.returncode, done.stderr) == (0, b"")
        assert hashlib.sha256(done.stdout).hexdigest() == here


def test_the_date_is_that_of_the_report() -> None:
    metadata = PdfReader(io.BytesIO(render_pdf(make_sla_report()))).metadata
    assert metadata is not None
    assert str(metadata["/CreationDate"]) == "D:20261201050000Z"
    assert str(metadata["/Title"]) == "Service level report: Bäckerei Müller & Söhne KG"
    assert render_pdf(make_sla_report(made_at=make_sla_report().made_at + 1_000_000)) != render_pdf(make_sla_report())


def test_fonts_are_those_inside_typst() -> None:
    fonts = set()
    for page in PdfReader(io.BytesIO(render_pdf(make_sla_report(customer_name="שלום مرحبا 日本語 😀")))).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            fonts.add(str(font.get_object()["/BaseFont"]).split("+")[1].split("-")[0])
    assert fonts <= {"LibertinusSerif", "DejaVuSansMono", "NewCM10", "NewCMMath"}


# --- what is on the paper ------------------------------------------------------------------------------------------


def test_a_page_has_the_figures_and_their_arithmetic() -> None:
    pdf = render_pdf(make_sla_report())
    assert [str(value) for value in PdfReader(io.BytesIO(pdf)).pages[0].mediabox[2:]] == ["595.2756", "841.8898"]
    text = " ".join(pages(pdf))
    for wanted in (
        "Stadtnetz Musterstadt GmbH",
        "Bäckerei Müller & Söhne KG (C-1001)",
        "Business Gold, version 3: 99.9 % available",
        "99.582753 % target 99.9 %: missed",
        "1 − 10,800 s / 2,588,400 s = 99.582753 % (rounded down)",
        "2,588,400 s × (100 % − 99.9 %) = 2,588.4 s allowed",
        "Splicing at cabinet 7, announced on 3 November entered by a.schmidt",
        "10:43:08.400001 +01:00",
        "paused 11:00 to 12:00: maintenance",
        "up 2577600 of 2588400 s is 99.582753 % (rounded down), below 99.9 %: 6.00 EUR (10 % of 59.95 EUR is 5.995)",
        "Total 6.00 EUR",
    ):
        assert wanted in text


def test_every_page_has_its_number_customer_and_period() -> None:
    report = make_sla_report()
    long = make_sla_report(exclusions=report.exclusions * 100)
    found = pages(render_pdf(long))
    assert len(found) > 3
    for number, text in enumerate(found, 1):
        assert text.startswith("Bäckerei Müller & Söhne KG, ftth-0042 2026-11-01 to 2026-11-30, revision 1")
        assert text.endswith(f"Stadtnetz Musterstadt GmbH Page {number} of {len(found)}")


def test_a_document_of_several_reports_begins_with_their_totals_and_pages() -> None:
    other = make_sla_report(customer_name="Tischlerei Åkesson", service_id="ftth-0099")
    found = pages(render_pdf(make_sla_reports((make_sla_report(), other))))
    assert found[0].startswith("Customer C-1001 2026-11-01")
    second = next(number for number, text in enumerate(found, 1) if text.startswith("Tischlerei Åkesson, ftth-0099"))
    assert "ftth-0042" in found[1]
    assert f"2 6.00 EUR {second} Total" in found[0]
    assert "Total 99.5828 % mean" in found[0]


# --- texts of strangers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_name", "printed_name"),
    [
        (MARKUP, MARKUP),
        ('#import "@preview/x:1.0.0": *', '#import "@preview/x:1.0.0": *'),
        ('#read("/etc/passwd")', '#read("/etc/passwd")'),
        ("]}})) \"; ' -- $", "]}})) \"; ' -- $"),
        ("a\x1b[31m\x00b\nc", "a\\x1b[31m\\x00b c"),
        ("\u202eevil", "\\u202eevil"),
        ("Ελληνικά Кириллица Việt ßñ€", "Ελληνικά Кириллица Việt ßñ€"),
        ("W" * 10_000, "… (+9,700 characters)"),
    ],
)
def test_a_text_comes_out_as_text(given_name: str, printed_name: str) -> None:
    report = make_sla_report()
    outages = tuple(replace(each, cause=given_name) for each in report.outages)
    text = " ".join(pages(render_pdf(make_sla_report(customer_name=given_name, outages=outages))))
    assert printed_name in text
    assert "Credits" in text


def test_characters_without_a_glyph_are_no_mistake() -> None:
    report = make_sla_report(operator="日本語 😀 ไทย \U0001f3f3\ufe0f\u200d\U0001f308")
    values = msgspec.json.encode(document_of(report)).decode()
    pdf, warnings = typst.compile_with_warnings(
        TEMPLATE.read_bytes(), sys_inputs={"document": values}, ignore_system_fonts=True, format="pdf"
    )
    assert warnings == []
    assert isinstance(pdf, bytes)


def test_no_text_runs_over_its_column() -> None:
    """A word without a place to break goes on in the next line."""
    report = make_sla_report()
    word = "".join(f"{number:04}" for number in range(50))
    pdf = render_pdf(make_sla_report(outages=tuple(replace(each, cause=word) for each in report.outages)))
    text = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert word in text.replace("\n", "")
    assert not any(word[:100] in line for line in text.splitlines())


# --- the printer's process -----------------------------------------------------------------------------------------


async def test_the_printer_prints_what_the_renderer_does() -> None:
    report, several = make_revision(), make_sla_reports((make_sla_report(),))
    printer = ReportPrinter()
    results: dict[str, bytes] = {}

    async def keep(name: str, given: SlaReport | None) -> None:
        results[name] = await printer.print_pdf(given if given is not None else several)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, "report", report)
        nursery.start_soon(keep, "several", None)
    assert results == {"report": render_pdf(report), "several": render_pdf(several)}


async def test_the_printer_says_what_contradicts_itself() -> None:
    with pytest.raises(ContradictoryReport, match=r"^report of 'ftth-0042': availability 0\.999999"):
        await ReportPrinter().print_pdf(make_sla_report(availability=999_999))


async def test_a_document_that_takes_too_long_is_given_up() -> None:
    printer = ReportPrinter(limit_seconds=0)
    with pytest.raises(PrintingFailed, match="took longer than 0 s"):
        await printer.print_pdf(make_sla_report())


def test_the_process_says_why_it_failed(tmp_path: Path) -> None:
    assert printed_elsewhere(make_sla_report(zone="Nowhere"), tmp_path).returncode == EX_CONTRADICTORY


# --- without the extra ---------------------------------------------------------------------------------------------


async def test_without_typst_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(PrinterMissing, match=r"pip install 'faultd\[pdf\]'"):
        render_pdf(make_sla_report())
    with pytest.raises(PrinterMissing):
        await ReportPrinter().print_pdf(make_sla_report())


def test_the_daemon_is_put_together_without_typst() -> None:
    without = "import sys; sys.modules['typst'] = None; import faultd.app, faultd.cli, faultd.sla_report.printer"
    done = subprocess.run([sys.executable, "-c", without], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
