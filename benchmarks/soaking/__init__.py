"""The parts of the soak (``python -m benchmarks.soak``): servers, troubles, players, what was said, and the verdict."""
