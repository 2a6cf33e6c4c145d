"""The machine of the figures, and how busy it was."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import median

__all__ = ["available_cores", "busy_cores_s", "describe_load", "is_disturbed", "machine"]

BUSY = 0.1  # share of the machine that others use from which on the figures should not be quoted


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model() -> str:
    """Return the processor's name."""
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def machine() -> dict[str, str | int]:
    """Return processor, cores, system and Python."""
    return {
        "cpu": cpu_model(),
        "cores": available_cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def busy_cores_s() -> float | None:
    """Return the core-seconds that all cores together have worked since the machine started; None if unknown."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    except OSError:
        return None
    user, nice, system, _, _, irq, softirq, steal = map(int, first[1:9])  # guests are in user
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def is_disturbed(others: list[float | None], cores: int) -> bool:
    """Return whether others kept more than a tenth of the machine busy in the median; False if that is unknown."""
    known = [x for x in others if x is not None]
    return bool(known) and median(known) > BUSY * cores


def describe_load(loads: list[float | None], others: list[float | None], cores: int) -> str:
    """Say plainly how busy the machine was.

    Parameters
    ----------
    loads : list of float or None
        Load averages before each measurement; the benchmark's own processes are among them.
    others : list of float or None
        Cores that other processes kept busy during each measurement.
    """
    known = [x for x in loads if x is not None]
    words = (
        f"load average before each measurement: median {median(known):.1f}, at most {max(known):.1f}. "
        if known
        else ""
    )
    foreign = [x for x in others if x is not None]
    if not foreign:
        return f"{words}How much of it was others' is not known here; compare only what was measured in one run."
    words += f"Others kept {median(foreign):.2f} of {cores} cores busy in the median, at most {max(foreign):.2f}. "
    if is_disturbed(others, cores):
        return f"{words}THE MACHINE WAS BUSY: repeat when it is quiet before quoting a figure."
    return f"{words}On the whole the machine was quiet."
