"""What is timed, and so is no test: run by hand, each prints one line and exits with 1 when it is too much."""
