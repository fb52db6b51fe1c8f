"""What benchmarks have in common: where they are, how a command is run, how numbers are written."""

import statistics
import subprocess
from pathlib import Path

import joblib

HERE = Path(__file__).parent
CORES = joblib.cpu_count()  # by affinity and cgroup, as a sweep counts them


def run(command: list[str]) -> str:
    """Run a command, and return the last line that it printed, if any."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return "".join(done.stdout.strip().splitlines()[-1:])


def spread(values: list[float], form: str) -> str:
    """Return the median, the lowest and the highest; of one value, it alone."""
    if len(values) == 1:
        return f"{values[0]:{form}}"
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"
