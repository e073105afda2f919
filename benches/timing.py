"""How long one call takes, measured as src/time.rs measures it."""

import time
from statistics import median

ROUNDS = 15
ROUND_NANOSECONDS = 100_000_000


def nanoseconds(work):
    """Nanoseconds of one call: the median of several rounds."""
    rounds = []
    for _ in range(ROUNDS):
        began, calls = time.perf_counter_ns(), 0
        while (taken := time.perf_counter_ns() - began) < ROUND_NANOSECONDS:
            for _ in range(10):
                work()
            calls += 10
        rounds.append(taken / calls)
    return median(rounds)
