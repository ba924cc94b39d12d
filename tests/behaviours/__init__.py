"""The behaviours that ``mutants.py`` switches off: what each is called, where it is, and the test that must notice.

A mutant is about what somebody may rely on, not about a line. When the code moves, its targets are mended here, a
line each. Switching off is a function that gets what it replaces and returns what stands there instead. A file a
subject; a new subject is a file, and its name below.
"""

from __future__ import annotations

from tests.behaviours import (
    accounts,
    administration,
    callers,
    disconnection,
    documents,
    failures,
    guests,
    identity,
    leavers,
    locks,
    operating,
    patch,
    reconciling,
    requests,
    running,
    searching,
    tenants,
    tokens,
    told,
    transport,
    waiting,
)
from tests.behaviours.mutant import Mutant

SUBJECTS = (
    documents,
    patch,
    searching,
    tenants,
    told,
    identity,
    guests,
    callers,
    failures,
    administration,
    operating,
    running,
    disconnection,
    leavers,
    locks,
    reconciling,
)
#: What stands against the threats of ``docs/security.md``, in the order of its rows.
DEFENCES = (tokens, accounts, requests, transport)
MUTANTS = [mutant for subject in (*SUBJECTS, *DEFENCES) for mutant in subject.MUTANTS]
#: What takes a server to be noticed.
ON_A_SERVER = waiting.MUTANTS

__all__ = ["MUTANTS", "ON_A_SERVER", "Mutant"]
