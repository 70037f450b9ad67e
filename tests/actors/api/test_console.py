"""The console's files over HTTP: what is served, under which policy, and what is not."""

from collections.abc import Callable
from pathlib import Path
from posixpath import dirname, normpath

import pytest
from vocabulary.api import RunningApi

from actors.api.console import POLICY
from actors.api.console_files import MEDIA_TYPES, ConsoleFiles
from faultd.places import shipped_console

FILES = ConsoleFiles(shipped_console())


@pytest.fixture
def console(tmp_path: Path) -> RunningApi:
    return RunningApi(tmp_path, console=FILES)


async def test_the_page_and_its_files_need_no_token_and_allow_nothing_of_others(console: RunningApi) -> None:
    async with console.serve(), console.client(None) as client:
        for path in ("/", "/?view=all&text=%20olt", *(f"/console/{name}" for name in FILES.names)):
            answer = await client.get(path)
            assert answer.status_code == 200, path
            assert answer.headers["content-security-policy"] == POLICY
            assert answer.headers["content-type"].split(";")[0] in MEDIA_TYPES.values()
            assert answer.headers["x-content-type-options"] == "nosniff"
            tag = answer.headers["etag"]
            again = await client.get(path, headers={"If-None-Match": tag})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'; ")


@pytest.mark.parametrize(
    "path",
    [
        "/console/../faultd.toml",
        "/console/%2e%2e/pyproject.toml",
        "/console//etc/passwd",
        "/console/vendor/VENDOR.toml",
        "/console/vendor/preact-htm.d.ts",
        "/console/model",
        "/console/",
        "/console/index.html/x",
    ],
)
async def test_nothing_else_is_served(console: RunningApi, path: str) -> None:
    async with console.serve(), console.client(None) as client:
        answer = await client.get(path)
        assert answer.status_code in (401, 404), (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


def test_every_file_that_the_page_names_is_there() -> None:
    names = [name for name in FILES.names if name.endswith(".js") and not name.startswith("vendor/")]
    assert "start.js" in names
    for name in names:
        file = FILES.get(name)
        assert file is not None
        for line in file.content.decode().splitlines():
            if line.startswith("import ") and " from " in line:
                imported = line.rsplit('"', 2)[1]
                assert FILES.get(normpath(f"{dirname(name)}/{imported}").removeprefix("/")) is not None, (name, imported)


async def test_without_a_console_the_root_leads_to_the_description(lab: RunningApi) -> None:
    async with lab.serve(), lab.client(None) as client:
        assert (await client.get("/")).headers["location"] == "/schema"
        assert (await client.get("/console/start.js")).status_code == 404


async def test_a_plain_request_for_the_stream_is_told_what_to_do(console: RunningApi) -> None:
    async with console.serve(), console.client(None) as client:
        answer = await client.get("/stream?since=7")
        console.problem(answer, 426, "upgrade_required")
        assert answer.headers["upgrade"] == "websocket"


async def test_the_console_begins_with_who_asks(make_lab: Callable[..., RunningApi]) -> None:
    lab = make_lab()
    async with lab.serve(), lab.client("viewer") as client:
        begins = (await client.get(f"{lab.FAULTS}/console")).json()
    assert begins == {"me": {"name": "viewer", "role": "viewer", "tenant": None}, "title": "faultd", "views": []}


def test_a_folder_without_a_page_is_no_console(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"index\.html: there is no page"):
        ConsoleFiles(tmp_path)
