"""Does the time of an answer tell which public parts of tokens exist? It must not: Welch's t stays below 3.

    python -m benchmarks.token_timing [samples]

Authenticates, in turn, a token with a public part that exists and a wrong secret, and one with neither, and compares
the two samples.
"""

from __future__ import annotations

import sys
from statistics import fmean, variance
from time import perf_counter_ns

from benchmarks.database import a_database

SAMPLES = 4000
#: Of each sample, sorted: what is slower was interrupted by something else, and says nothing about the token.
KEPT = 0.9
LIMIT = 3.0


def welch(one: list[float], other: list[float]) -> float:
    """Welch's t of two samples: how far apart their means are, in standard errors."""
    error = variance(one) / len(one) + variance(other) / len(other)
    return (fmean(one) - fmean(other)) / float(error**0.5)


def measure(samples: int) -> tuple[list[float], list[float]]:
    """Microseconds of each refusal: public part known, and unknown."""
    from scim_provisioning import tokens
    from scim_provisioning.tokens.text import checksum
    from tests.sharing import Customer

    known = Customer.make().token[:16]
    texts = [start + "1" * 43 for start in (known, "lmsscim_" + known[:7:-1])]
    texts = [text + checksum(text) for text in texts]
    times: tuple[list[float], list[float]] = [], []
    for number in range(2 * samples):
        # In turn, and the order swapped every time, so that nothing that drifts favours one.
        which = (number + number // 2) % 2
        began = perf_counter_ns()
        try:
            tokens.authenticate(texts[which], address="203.0.113.7")
        except tokens.AuthenticationRefused:
            times[which].append((perf_counter_ns() - began) / 1000)
    return times


def trimmed(times: list[float]) -> list[float]:
    return sorted(times)[: int(len(times) * KEPT)]


def main(samples: int) -> int:
    """Print both means and t; 1 when the two can be told apart."""
    with a_database():
        known, unknown = (trimmed(times) for times in measure(samples))
    t = welch(known, unknown)
    print(f"known public part {fmean(known):.1f} µs, unknown {fmean(unknown):.1f} µs, Welch's t {t:.2f}")
    return int(abs(t) >= LIMIT)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES))
