"""What is installed is what stands here: the wheel holds every file of the package, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from email import message_from_string
from pathlib import Path
from zipfile import ZipFile

import pytest

import scim_provisioning.adapters as scim

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "tests" / "typing" / "host.py"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """Built as pip builds it, without a network: hatchling is one of the tests' own requirements."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    (path,) = folder.glob("*.whl")
    return ZipFile(path)


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: ZipFile) -> None:
    package = ROOT / "scim_provisioning"
    files = {
        str(file.relative_to(ROOT)) for file in package.rglob("*") if file.is_file() and file.suffix != ".pyc"
    }
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == files


@pytest.mark.parametrize(
    "file",
    [
        "py.typed",
        "locale/de/LC_MESSAGES/django.mo",
        "locale/de/LC_MESSAGES/django.po",
        "migrations/0001_initial.py",
        "static/scim_provisioning/admin.css",
        "templates/scim_provisioning/admin/sso/change_form.html",
    ],
)
def test_what_is_no_python_travels_too(file: str, wheel: ZipFile) -> None:
    assert wheel.read(f"scim_provisioning/{file}") == (ROOT / "scim_provisioning" / file).read_bytes()


def test_it_says_that_it_is_typed_and_what_it_needs(wheel: ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_string(wheel.read(name).decode())
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    required = {line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line}
    assert {line.split(">")[0].split("<")[0] for line in required} == {
        "django",
        "django-scim2",
        "djangorestframework",
        "scim2-filter-parser",
    }


def test_the_typed_sample_of_a_host_uses_every_public_name() -> None:
    """`tests/typing/check.py` runs mypy on it: what it leaves out nobody checks."""
    source = SAMPLE.read_text("utf-8")
    unused = [name for name in scim.__all__ if f"scim.{name}" not in source]
    assert unused == []
