"""``python -m tests.idp_cases`` writes ``cases.json`` again, one case a line, after somebody edited it."""

from __future__ import annotations

from tests.idp_cases import runner

runner.CASES.write_text(runner.as_text(runner.load()), "utf-8")
