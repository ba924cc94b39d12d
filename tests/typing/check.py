"""Type-checks a host's modules (``host.py``) strictly, against the package as it is installed from its wheel.

    python tests/typing/check.py        exits with mypy's status

The package's own mypy run reads the sources here, with plug-ins and this project's settings. A host has neither:
what it sees is the wheel, and ``py.typed`` is what makes a type checker look into it.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).with_name("host.py")


def installed(folder: Path) -> Path:
    """The Python of a host that has the wheel, and for everything else what is installed here."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    home = folder / "host"
    venv.create(home, with_pip=False)
    packages = next(home.glob("lib/python*/site-packages"))
    with ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(packages)
    # An editable install of this package is a .pth file there, which is not followed from here.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    return home / "bin" / "python"


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        host = folder / SAMPLE.name
        host.write_text(SAMPLE.read_text("utf-8"), "utf-8")
        python = installed(folder)
        arguments = [
            "--strict",
            "--config-file=",
            f"--python-executable={python}",
            "--cache-dir=mypy",
            host.name,
        ]
        return subprocess.run([sys.executable, "-m", "mypy", *arguments], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
