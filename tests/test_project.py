"""The project's own names, licences and requirements: said in several places, equal in all."""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import labkit
from tests.browser import SITE
from tests.fences import ROOT


def tracked_texts():
    """path: text of everything that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = {}
    for name in listing.strip("\0").split("\0"):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            texts[name] = content.decode()
    return texts


# `labkit` on PyPI is somebody else's package of 2015.
FROM_PYPI = re.compile(
    r"""\bpip3?\s+(install|download)\b[^\n`|;&，。]*(?<![\w./-])labkit(?![\w/])"""
)


def test_nothing_tells_readers_to_install_a_strangers_package():
    texts = tracked_texts()
    assert "README.md" in texts and "labkit/__init__.py" in texts
    assert [name for name, text in texts.items() if FROM_PYPI.search(text)] == []


@pytest.mark.parametrize("name", ["labkit", "labkit[files]", "'labkit[files]'", "-U labkit==0.2"])
def test_that_text_would_be_found(name):
    assert FROM_PYPI.search(f"请运行 pip install {name}，再试一次")


@pytest.mark.parametrize("name", [".", '".[files]"', "h5py，labkit 要用它", "pyyaml"])
def test_other_commands_are_free(name):
    assert FROM_PYPI.search(f"请运行 pip install {name}") is None


def test_the_wheel_carries_the_licence():
    [wheel] = (SITE / "runtime").glob("labkit-*.whl")
    folder = f"labkit-{labkit.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"{folder}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        metadata = archive.read(f"{folder}/METADATA").decode()
    assert "License-Expression: MIT\n" in metadata and "License-File: LICENSE\n" in metadata


def test_licences_are_ours():
    assert "Copyright (c) 2026 labkit contributors" in (ROOT / "LICENSE").read_text()
    creative_commons = (ROOT / "docs/LICENSE").read_text()
    assert creative_commons.startswith("Attribution 4.0 International\n")
    # Complete: from the first section to the address at the end.
    sections = re.findall(r"^Section (\d) -- ", creative_commons, re.MULTILINE)
    assert sections == list("12345678")
    assert creative_commons.rstrip().endswith("may be contacted at creativecommons.org.")


@pytest.mark.parametrize("name", ["LICENSE", "docs/LICENSE", "CITATION.cff", "docs/third-party.md"])
def test_readme_links_to(name):
    assert f"]({name})" in (ROOT / "README.md").read_text()


def test_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == labkit.__version__
    assert citation["license"] == "MIT"
    assert citation["authors"] == [{"name": "labkit contributors"}]
    assert all(citation[key] for key in ("message", "title", "abstract"))


def test_node_version_is_the_same_everywhere():
    def numbers(file, pattern):
        found = re.findall(pattern, (ROOT / file).read_text())
        return {int(number) for number in found}

    least = {int(json.loads((ROOT / "package.json").read_text())["engines"]["node"][2:])}
    assert numbers("Makefile", r"process\.versions\.node\) < (\d+)") == least
    assert numbers("Makefile", r"Node\.js>=(\d+)") == least
    assert numbers("README.md", r"Node\.js (?:≥ )?(\d+)") == least
    assert numbers("docs/contributing.md", r"Node\.js (\d+)") == least
    # Each package's own least, of which the last of several alternatives is the newest.
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"].values()
    ranges = {package.get("engines", {}).get("node", "*") for package in locked} - {"*"}
    assert max(int(re.findall(r"(\d+)[.\d*]*$", text)[0]) for text in ranges) == max(least)


# ---- Python packages, pinned by hash ----


def locked():
    """(requirement, hashes, groups of pyproject.toml that ask for it) of every locked package."""
    _, *entries = re.split(r"^(?=\w)", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE)
    return [
        (
            Requirement(entry.splitlines()[0].rstrip(" \\")),
            re.findall(r"^ +--hash=sha256:([0-9a-f]{64})(?: \\)?$", entry, re.MULTILINE),
            re.findall(r"labkit \(pyproject\.toml:(\w+)\)", entry),
        )
        for entry in entries
    ]


def test_every_locked_package_has_one_version_and_a_hash():
    packages = locked()
    assert len({requirement.name for requirement, *_ in packages}) == len(packages) > 100
    pin = re.compile(r"==[^*,]+")
    assert [
        requirement.name
        for requirement, hashes, _ in packages
        if not (hashes and pin.fullmatch(str(requirement.specifier)))
    ] == []


def test_lock_file_is_of_these_groups():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    asked = {
        (group, canonicalize_name(requirement.name), str(requirement.specifier))
        for group, lines in groups.items()
        for requirement in map(Requirement, lines)
    }
    held = {
        (group, requirement.name, str(requirement.specifier))
        for requirement, _, groups in locked()
        for group in groups
    }
    assert asked == held, "make lock renews constraints.txt"


def test_lock_file_names_no_host():
    text = (ROOT / "constraints.txt").read_text()
    assert not re.search(r"://|--index|--find-links| @ |# .*/", text)


CHECKED = dict(re.findall(r"^(LOCKED|FROM_STDIN) := (.+)$", (ROOT / "Makefile").read_text(), re.M))


def test_every_installation_checks_hashes():
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    installations = re.findall(r"^\t.*-m pip .*install.*$", makefile, re.MULTILINE)
    assert len(installations) == 5
    for command in installations:
        [name] = re.findall(r"\$\((LOCKED|FROM_STDIN)\)", command)
        assert "--require-hashes" in CHECKED[name].split()


@pytest.mark.parametrize(
    ("hashes", "complaint"),
    [
        (" --hash=sha256:{right}", ""),
        (" --hash=sha256:{wrong}", "DO NOT MATCH THE HASHES"),
        ("", "In --require-hashes mode"),
    ],
    ids=["right", "one digit wrong", "none"],
)
def test_pip_takes_only_what_has_the_locked_hash(hashes, complaint, tmp_path):
    wheel = tmp_path / "asked_for-1.0-py3-none-any.whl"
    files = {
        "METADATA": "Metadata-Version: 2.1\nName: asked-for\nVersion: 1.0\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"asked_for-1.0.dist-info/{name}", text)
    right = hashlib.sha256(wheel.read_bytes()).hexdigest()
    wrong = right[:-1] + ("1" if right[-1] == "0" else "0")
    lock = "asked-for==1.0" + hashes.format(right=right, wrong=wrong)
    (tmp_path / "constraints.txt").write_text(lock + "\n")
    command = [sys.executable, "-m", "pip", "--isolated", "install", "--dry-run"]
    command += ["--no-index", "--find-links", ".", *CHECKED["LOCKED"].split(), "asked-for"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert complaint in done.stderr
    assert (done.returncode == 0) == (complaint == "") == ("Would install" in done.stdout)
