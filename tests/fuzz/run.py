"""Fuzzes the filter parser, the path parser and PATCH for a while, with atheris or with a generator of our own.

    python tests/fuzz/run.py --seconds 120          each target for a third of it
    python tests/fuzz/run.py --seconds 30 filter    one target

Exits with 1 at the first input that a target fails at, and prints it. The seeds are in ``corpus``, one input a file:
whatever was found once is put there, and ``tests/test_fuzz.py`` tries it for good.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

WORDS = (HERE / "words.txt").read_text(encoding="utf-8").splitlines()
_LONGEST = 4096


def seeds(target: str) -> list[bytes]:
    """The corpus of a target."""
    return [file.read_bytes() for file in sorted((HERE / "corpus" / target).iterdir())]


def mutated(seed: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """``seed`` after a few changes: a byte, a piece of another seed, a word of the grammar, something twice."""
    data = bytearray(seed)
    for _change in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.randint(1, 12))
        match chance.randrange(6):
            case 0:
                del data[at:to]
            case 1:
                data[at:at] = bytes([chance.randrange(256)])
            case 2:
                data[at:to] = chance.choice(WORDS).encode()
            case 3:
                data[at:at] = chance.choice(WORDS).encode()
            case 4:
                other = chance.choice(others)
                start = chance.randrange(len(other) + 1)
                data[at:at] = other[start : start + chance.randint(1, 40)]
            case 5:
                data[at:at] = data[at:to] * chance.randint(1, 8)
    return bytes(data[:_LONGEST])


def generate(name: str, target: Callable[[bytes], None], seconds: float) -> None:
    """Our own generator: mutates the corpus, and what came of it. Raises what the target raises."""
    chance, pool = random.Random(name), seeds(name)  # noqa: S311 - the same run each time, no secret
    tried, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        data = mutated(chance.choice(pool), pool, chance)
        try:
            target(data)
        except Exception:
            print(f"{name} fails at {data!r}", file=sys.stderr)
            raise
        tried += 1
        if tried % 50 == 0 and len(pool) < 2000:
            pool.append(data)
    print(f"{name}: {tried} inputs of our own generator, none of them a fault.", flush=True)


def one(name: str, seconds: int, work: str, *, use_atheris: bool) -> None:
    """Fuzz one target in this process. With atheris it never returns: libFuzzer ends the process.

    ``work`` is a folder for what it finds on the way.
    """
    if not use_atheris:
        from tests.fuzz.targets import TARGETS

        generate(name, TARGETS[name], seconds)
        return
    import atheris

    with atheris.instrument_imports(include=["scim_provisioning", "scim2_filter_parser"]):
        from tests.fuzz.targets import TARGETS
    options = [f"-max_total_time={seconds}", f"-max_len={_LONGEST}", "-timeout=10", "-rss_limit_mb=2048"]
    options += [
        f"-dict={_dictionary(work)}",
        f"-artifact_prefix={work}/",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, work, str(HERE / "corpus" / name)], TARGETS[name])
    atheris.Fuzz()


def _dictionary(folder: str) -> Path:
    file = Path(folder, "words.dict")
    lines = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in WORDS if word)
    file.write_text("".join(f'"{line}"\n' for line in lines), encoding="ascii")
    return file


def main() -> int:
    """Each target in a process of its own, since libFuzzer ends the one it runs in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="filter, path, patch; all unless named")
    parser.add_argument("--seconds", type=int, default=120, help="for all targets together")
    parser.add_argument("--work", default="", help="in this process, with this folder to work in")
    arguments = parser.parse_args()
    use_atheris = find_spec("atheris") is not None
    names = arguments.targets or [folder.name for folder in sorted((HERE / "corpus").iterdir())]
    if arguments.work:
        one(names[0], arguments.seconds, arguments.work, use_atheris=use_atheris)
        return 0
    if not use_atheris:
        print(
            "atheris cannot be installed on this Python or machine: a generator of our own runs in its place."
        )
    for name in names:
        print(f"--- {name}", flush=True)
        seconds = max(1, arguments.seconds // len(names))
        with tempfile.TemporaryDirectory() as work:
            command = [sys.executable, __file__, name, "--work", work, "--seconds", str(seconds)]
            if subprocess.run(command, check=False).returncode:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
