"""Looks for known vulnerabilities of what is installed: python .ci/audit.py

Exits with 1 for a vulnerability, and when nothing could be looked up although the index answers: silence is no result.
Where the index does not answer (a closed network, a mirror that has packages only), it says so and exits with 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

#: Has faults that every index of vulnerabilities knows: by it one that answers is told from one that does not.
NOTORIOUS: Final = "django==2.2.0"


def asked(*what: str) -> tuple[list[dict[str, Any]], str]:
    """The packages of which something is known, and what was said beside it."""
    command = [sys.executable, "-m", "pip_audit", *what, "--progress-spinner", "off", "--timeout", "15"]
    done = subprocess.run(  # noqa: S603 - the arguments stand below
        [*command, "--format", "json"], capture_output=True, text=True, check=False
    )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return [], done.stderr[-2000:]
    skipped = sum("skip_reason" in package for package in packages)
    return [
        package for package in packages if "skip_reason" not in package
    ], f"{skipped} packages passed over"


def index_answers() -> bool:
    """Whether there is an index here that knows what every one of them knows."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "requirements.txt")
        file.write_text(NOTORIOUS, encoding="utf-8")
        packages, _said = asked("--requirement", str(file), "--no-deps", "--disable-pip")
    return any(package["vulns"] for package in packages)


def main() -> int:
    """Ask, and say in words what came of it."""
    audited, said = asked("--local", "--skip-editable")
    if not audited:
        if not index_answers():
            print(
                "pip-audit: NOTHING WAS AUDITED. No index of vulnerabilities answers here; CI goes on without."
            )
            return 0
        print(f"pip-audit: nothing was audited although the index answers: {said}", file=sys.stderr)
        return 1
    known = [(package, fault) for package in audited for fault in package["vulns"]]
    for package, fault in known:
        fixed = ", ".join(fault["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {fault['id']}, mended in {fixed}", file=sys.stderr)
    print(f"pip-audit: {len(audited)} packages looked up, {said}, {len(known)} known vulnerabilities.")
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
