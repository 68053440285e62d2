"""Where and how it is timed: the machine, repeats that take turns, peers in environments of their own."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PEERS = {"pydvl": "pyDVL>=0.10,<0.11", "shapiq": "shapiq>=1.4,<2", "surprise": "scikit-surprise>=1.1.4,<2"}


def machine() -> dict[str, Any]:
    """Size, versions and date; nothing that says whose machine it is."""
    packages = ("dataleverage", "numpy", "scipy", "scikit-learn", "joblib")
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "processor": processor(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages},
    }


def processor() -> str:
    """The processor's model where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def peak() -> float:
    """The most memory that this process has held so far, in MB.

    `ru_maxrss` is handed down: on Linux a process starts with the peak of the one that started it. VmHWM is its own.
    """
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**20 if sys.platform == "darwin" else used / 1024


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def steady(call: Callable[[], object], times: int = 5) -> float:
    """The median of a few calls in a row, for what takes so little time that one of them says nothing."""
    return median([timed(call) for _ in range(times)])


def in_turn(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of every call, which take turns so that whatever else the machine does hits all of them alike.

    A call may return the seconds itself, as a float, where only a part of it counts.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            began = time.perf_counter()
            given = call()
            seconds[name].append(given if isinstance(given, float) else time.perf_counter() - began)
    return seconds


def median(values: list[float]) -> float:
    return statistics.median(values)


class Answering:
    """A peer's process, in a virtual environment that is made where there is none: a line of JSON for a line of text.

    Parameters
    ----------
    name : of the peer. folder : of the environments. script : what its interpreter runs. arguments : of the script.

    Attributes
    ----------
    greeting : the first line, which the script says when it is ready.

    Raises RuntimeError with the reason where it cannot be installed, started, or stops.
    """

    def __init__(self, name: str, folder: Path, script: str, *arguments: str) -> None:
        self.name, self._log = name, folder / f"{name}.log"
        command = [installed(name, folder), str(HERE / script), *arguments]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.greeting = self._answer()

    def ask(self, question: object = "go") -> dict[str, Any]:
        """What it answers."""
        assert self._process.stdin is not None
        print(question, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            told = self._log.read_text().strip().splitlines()
            raise RuntimeError(f"{self.name} stopped: {told[-1] if told else 'it said nothing'}")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        self._process.communicate()


class Peer:
    """The exact Shapley values of one column by a peer.

    Parameters
    ----------
    folder : of the environments. data : arrays for the peer's script. groups : how many it is run on.
    fits : models that the whole job takes it; what it takes on fewer groups is scaled by their number.

    Raises RuntimeError with the reason where it cannot be installed or started.
    """

    def __init__(self, name: str, folder: Path, data: Path, groups: int, fits: int) -> None:
        self.name, self.groups, self.fits = name, groups, fits
        self.values: list[float] = []
        self._process = Answering(name, folder, "peers.py", name, str(data))
        self.version: str = self._process.greeting["versions"][name]

    def run(self) -> float:
        """Seconds that it takes, scaled to the whole job."""
        answer = self._process.ask(self.groups)
        self.values = answer["values"]
        return float(answer["seconds"] * self.fits / answer["fits"])

    def close(self) -> None:
        self._process.close()


def installed(name: str, folder: Path) -> str:
    """The interpreter of a peer's environment."""
    home = folder / name
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        try:
            venv.create(home, with_pip=True, clear=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise RuntimeError(f"no virtual environment for {name}: {error}") from error
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PEERS[name]]
        done = subprocess.run(pip, capture_output=True, text=True)
        if done.returncode:
            told = done.stderr.strip().splitlines()
            raise RuntimeError(f"{PEERS[name]} cannot be installed: {told[-1] if told else 'pip said nothing'}")
        (home / "installed").touch()
    return str(python)
