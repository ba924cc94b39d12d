"""The app beside a bare Django project: what ``python -m benchmarks`` is made of."""
