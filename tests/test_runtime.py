"""The browser runtime: what it holds, that only official bytes get in, how it is served."""

import gzip
import hashlib
import http.client
import importlib
import json
import re
import shutil
import socket
import subprocess
import zipfile
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from docs.tools import runtime
from docs.tools.font import FONT_NAME
from docs.tools.serve import first_free, serve

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / ".cache/runtime"
LOCK = json.loads((RUNTIME / "pyodide-lock.json").read_text())
USED = {
    *("contourpy", "cycler", "kiwisolver", "labkit", "matplotlib", "numpy", "packaging"),
    *("pillow", "pyparsing", "python-dateutil", "six"),
}


def run_in_pyodide(code: str, *packages: str) -> str:
    """Run Python on the assembled runtime in node; the value of the last expression."""
    script = """
        const [folder, code, packages] = process.argv.slice(1);
        const { loadPyodide } = await import(`${folder}/pyodide.mjs`);
        const python = await loadPyodide({
            indexURL: folder,
            packageBaseUrl: `${folder}/`,
            env: { MPLBACKEND: "agg", HOME: "/tmp" },
        });
        await python.loadPackage(JSON.parse(packages), { messageCallback: () => {} });
        console.log(python.runPython(code));
    """
    command = ["node", "--input-type=module", "-e", script, str(RUNTIME), code]
    done = subprocess.run(
        [*command, json.dumps(packages)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


def no_download(directory: Path) -> Path:
    raise AssertionError("nothing needs to be downloaded")


# What the runtime holds


def test_lock_lists_exactly_the_packages_used():
    assert set(LOCK["packages"]) == USED
    for package in LOCK["packages"].values():
        assert set(package["depends"]) <= USED


def test_files_are_exactly_those_of_the_lock():
    listed = {package["file_name"] for package in LOCK["packages"].values()}
    assert {path.name for path in RUNTIME.glob("*.whl")} == listed
    others = {path.name for path in RUNTIME.iterdir() if path.suffix != ".whl"}
    lists = {runtime.LOCK_FILE, runtime.FILE_LIST}
    assert others == {*runtime.CORE_FILES, runtime.STANDARD_LIBRARY, *lists, "fonts", "datasets"}


@pytest.mark.parametrize("name", sorted(USED))
def test_every_hash_is_the_locks(name):
    package = LOCK["packages"][name]
    assert runtime.sha256(RUNTIME / package["file_name"]) == package["sha256"]


def test_sizes_and_hashes_are_those_of_the_files():
    listed = json.loads((RUNTIME / runtime.FILE_LIST).read_text())
    files = {path.relative_to(RUNTIME).as_posix(): path for path in RUNTIME.rglob("*")}
    present = {name for name, path in files.items() if path.is_file()}
    assert set(listed) == present - {runtime.FILE_LIST}
    for name, file in listed.items():
        assert (file["size"], file["sha256"]) == (
            files[name].stat().st_size,
            runtime.sha256(files[name]),
        )


def test_core_files_are_those_of_the_npm_package():
    for name in runtime.CORE_FILES:
        assert (RUNTIME / name).read_bytes() == (runtime.PYODIDE / name).read_bytes()


@pytest.fixture(scope="module")
def pyodide_magic_number() -> bytes:
    code = "import importlib.util; importlib.util.MAGIC_NUMBER.hex()"
    return bytes.fromhex(run_in_pyodide(code))


def assert_bytecode(archive: zipfile.ZipFile, magic_number: bytes) -> None:
    compiled = [member for member in archive.namelist() if member.endswith(".pyc")]
    assert compiled
    for member in compiled:
        header = archive.read(member)[:8]
        # 1: valid by a hash that is never checked; times do not survive the unpacking.
        assert header == magic_number + (1).to_bytes(4, "little"), member


@pytest.mark.parametrize("name", sorted(USED))
def test_bytecode_is_for_pyodides_python(name, pyodide_magic_number):
    with zipfile.ZipFile(RUNTIME / LOCK["packages"][name]["file_name"]) as wheel:
        assert_bytecode(wheel, pyodide_magic_number)


def test_standard_library_is_complete_and_compiled(pyodide_magic_number):
    with zipfile.ZipFile(runtime.PYODIDE / runtime.STANDARD_LIBRARY) as archive:
        sources = {name for name in archive.namelist() if not name.endswith("/")}
    with zipfile.ZipFile(RUNTIME / runtime.STANDARD_LIBRARY) as archive:
        assert_bytecode(archive, pyodide_magic_number)
        assert {name.replace(".pyc", ".py") for name in archive.namelist()} == sources


def test_labkit_keeps_its_sources_and_all_are_compiled():
    with zipfile.ZipFile(RUNTIME / LOCK["packages"]["labkit"]["file_name"]) as wheel:
        members = set(wheel.namelist())
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "labkit").rglob("*.py")}
    assert {member for member in members if member.endswith(".py")} == sources
    for source in sources:
        folder, _, name = source.rpartition("/")
        assert f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-314.pyc" in members


def test_labkit_and_matplotlib_run_on_the_runtime():
    code = """
import inspect, io, labkit.errors
import matplotlib.pyplot as plt
plt.plot([1, 2], label="$\\\\alpha$")
plt.legend()
picture = io.BytesIO()
plt.savefig(picture)
f"{picture.getvalue()[1:4].decode()} {'def explain' in inspect.getsource(labkit.errors.explain)}"
"""
    assert run_in_pyodide(code, "numpy", "matplotlib", "labkit") == "PNG True"


def test_browser_and_tests_have_the_same_numpy_and_matplotlib():
    for name in runtime.PACKAGES:
        installed = importlib.import_module(name).__version__
        assert LOCK["packages"][name]["version"] == installed


def test_font_has_chinese_greek_and_mathematics():
    with TTFont(RUNTIME / "fonts" / FONT_NAME) as font:
        glyphs = font.getBestCmap()
    for character in "卷积长短期记忆损失函数，。（）：αβσΣμ∂∑√∞≤≥≈×÷→ABCxyz019":
        assert ord(character) in glyphs, character
    assert (RUNTIME / "fonts" / FONT_NAME).stat().st_size < 1_500_000


# Only official bytes get in, and nothing half-made stays


@pytest.fixture(scope="module")
def official() -> dict:
    return runtime.used_packages(runtime.official_lock(), runtime.PACKAGES)


def write_carrier(path: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"somewhere/pyodide/{name}", content)
    return path


def assert_nothing_is_left(cache: Path):
    assert [path for path in cache.rglob("*") if path.name != "parts"] == []


def test_corrupt_wheel_is_refused(tmp_path, official):
    contents = {package.file_name: b"not a wheel" for package in official.values()}
    carrier = write_carrier(tmp_path / "carrier.whl", contents)
    first = next(iter(official.values()))
    with pytest.raises(runtime.AssemblyError) as error:
        runtime.assemble(tmp_path / "cache", lambda directory: carrier)
    assert first.file_name in str(error.value)
    assert first.sha256 in str(error.value)
    assert hashlib.sha256(b"not a wheel").hexdigest() in str(error.value)
    assert_nothing_is_left(tmp_path / "cache")


def test_damaged_archive_is_refused(tmp_path, official):
    contents = {package.file_name: b"x" * 1000 for package in official.values()}
    carrier = write_carrier(tmp_path / "carrier.whl", contents)
    carrier.write_bytes(carrier.read_bytes().replace(b"xxx", b"xyx"))
    with pytest.raises(runtime.AssemblyError, match="无法解压"):
        runtime.assemble(tmp_path / "cache", lambda directory: carrier)
    assert_nothing_is_left(tmp_path / "cache")


def test_missing_wheel_is_named(tmp_path, official):
    carrier = write_carrier(tmp_path / "carrier.whl", {})
    first = next(iter(official.values()))
    with pytest.raises(runtime.AssemblyError, match=re.escape(first.file_name)) as error:
        runtime.assemble(tmp_path / "cache", lambda directory: carrier)
    assert first.sha256 in str(error.value)
    assert_nothing_is_left(tmp_path / "cache")


def test_failed_download_is_explained(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "CARRIER", "open-webui==0.0.0.dev0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(runtime.AssemblyError, match="没能从 PyPI 下载"):
        runtime.assemble(tmp_path / "cache")
    assert_nothing_is_left(tmp_path / "cache")


def test_failure_keeps_the_earlier_folder(tmp_path):
    target = tmp_path / "runtime"
    target.mkdir()
    (target / "kept").touch()
    with pytest.raises(RuntimeError), runtime.filled_then_renamed(target) as empty:
        (empty / "half-made").touch()
        raise RuntimeError
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == [
        "runtime",
        "runtime/kept",
    ]


# Only what changed is made again


@pytest.fixture
def cache(tmp_path) -> Path:
    """A copy of the assembled runtime and its parts."""
    for name in ("parts", "runtime"):
        runtime.link_files(ROOT / ".cache" / name, tmp_path / "cache" / name)
    shutil.copy(ROOT / ".cache/runtime.key", tmp_path / "cache")
    return tmp_path / "cache"


def names_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_nothing_changed_means_nothing_done(cache):
    before = runtime.assemble(cache, no_download).stat()
    runtime.assemble(cache, no_download)
    assert (cache / "runtime").stat() == before


def test_changed_labkit_rebuilds_only_its_wheel(cache, tmp_path, monkeypatch):
    before = names_below(cache / "runtime")
    shutil.copytree(ROOT / "labkit", tmp_path / "labkit")
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "labkit/added.py").write_text("value = 1\n")
    monkeypatch.setattr(runtime, "ROOT", tmp_path)
    runtime.assemble(cache, no_download)
    after = names_below(cache / "runtime")
    (removed,), (added,) = before - after, after - before
    assert removed.startswith("labkit-") and added.startswith("labkit-")
    lock = json.loads((cache / "runtime/pyodide-lock.json").read_text())
    assert lock["packages"]["labkit"]["sha256"] == runtime.sha256(cache / "runtime" / added)
    assert "labkit/added.py" in zipfile.ZipFile(cache / "runtime" / added).namelist()
    assert not list(cache.glob("parts/*/" + removed))


# The local server


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text("<p>首页</p>" * 100)
    (folder / "404.html").write_text("<p>没有这一页</p>")
    (folder / "layers").mkdir()
    (folder / "layers/index.html").write_text("<p>层</p>")
    for name in ("a.mjs", "a.js", "a.wasm", "a.svg", "a.css", "a.whl", "chunk-ABCD2345.js"):
        (folder / name).write_text("x" * 1000)
    (folder / "labkit-0.1.0-0_0123456789ab-py3-none-any.whl").write_text("wheel")
    (folder.parent / "secret.txt").write_text("secret")
    return folder


@pytest.fixture(scope="module")
def address(served):
    with serve(served) as url:
        yield url


def request(url: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request(
            "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/layers/", "text/html; charset=utf-8"),
        ("/a.js", "text/javascript; charset=utf-8"),
        ("/a.mjs", "text/javascript; charset=utf-8"),
        ("/a.wasm", "application/wasm"),
        ("/a.svg", "image/svg+xml"),
        ("/a.css", "text/css; charset=utf-8"),
        ("/a.whl", "application/zip"),
    ],
)
def test_content_types(address, path, kind):
    response, _ = request(address, path)
    assert (response.status, response.headers["Content-Type"]) == (200, kind)


def test_isolation_headers_can_be_left_out(address, served):
    response, _ = request(address, "/")
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    with serve(served, isolation=False) as plain:
        response, _ = request(plain, "/")
    assert response.status == 200
    assert response.headers["Cross-Origin-Opener-Policy"] is None
    assert response.headers["Cross-Origin-Embedder-Policy"] is None


def test_text_is_compressed_for_those_who_accept_it(address, served):
    response, body = request(address, "/", Accept_Encoding="gzip, br")
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(body) < 200
    assert gzip.decompress(body) == (served / "index.html").read_bytes()
    response, body = request(address, "/")
    assert response.headers["Content-Encoding"] is None
    assert body == (served / "index.html").read_bytes()
    response, _ = request(address, "/a.whl", Accept_Encoding="gzip")
    assert response.headers["Content-Encoding"] is None


def test_changed_page_is_sent_and_unchanged_page_is_not(address, served):
    page = served / "page.html"
    page.write_text("one")
    response, _ = request(address, "/page.html", Accept_Encoding="gzip")
    assert response.headers["Cache-Control"] == "no-cache"
    tag = response.headers["ETag"]
    response, body = request(address, "/page.html", If_None_Match=tag)
    assert (response.status, body) == (304, b"")
    page.write_text("two, longer")
    response, body = request(address, "/page.html", If_None_Match=tag)
    assert (response.status, body) == (200, b"two, longer")


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/labkit-0.1.0-0_0123456789ab-py3-none-any.whl", True),
        ("/chunk-ABCD2345.js", True),
        ("/a.whl", False),
        ("/a.mjs", False),
    ],
)
def test_only_files_named_by_their_contents_are_kept_for_ever(address, path, kept):
    response, _ = request(address, path)
    assert ("immutable" in response.headers["Cache-Control"]) == kept


@pytest.mark.parametrize("path", ["/none", "/../secret.txt", "/%2e%2e/secret.txt", "/layers/none"])
def test_unknown_paths_show_the_sites_own_page(address, path):
    response, body = request(address, path)
    assert response.status == 404
    assert "没有这一页" in body.decode()


def test_folder_without_final_slash_is_redirected(address):
    response, _ = request(address, "/layers")
    assert (response.status, response.headers["Location"]) == (301, "/layers/")


def test_taken_port_gives_the_next_free_one(served):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with first_free(served, port, isolation=True) as server:
            assert port < server.server_port < port + 100


# What the machine lacks is named


def test_missing_tools_are_named_with_the_command_that_installs_them(tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "labkit").mkdir()
    done = subprocess.run(
        ["make", "PYTHON=no-such-python", ".venv/.stamp"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "缺少（missing）: Python>=3.11 python3-venv" in done.stdout.splitlines()
    assert "apt-get install python3-venv nodejs npm make git" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_npm_lock_names_no_host():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
