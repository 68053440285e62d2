"""Dask: real schedulers and workers, some of which are lost midway."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dataleverage.errors import SweepError
from dataleverage.sweep.call import lines_of, run
from dataleverage.sweep.cluster import FAILURES, Cluster
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.store import Store
from dataleverage.sweep.table import table

distributed = pytest.importorskip("distributed", reason="dask.distributed is an extra: pip install 'dataleverage[dask]'")
pytestmark = pytest.mark.faults
SOURCE = Path(__file__).parents[2] / "src"
TROUBLE = """
import os, signal, time
def value(record):
    time.sleep(0.03)
    if record.manifest["scenario"]["payoffs"]["revenue"] == 3.0:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0
def slow(record):
    time.sleep(0.03)
    return 1.0
"""
TEXT = "vary: {payoffs.revenue: [1.0, 2.0, 4.0]}\nworlds: 4\nreplicates: 20\noutcomes: [final_score, 'dask_trouble:slow']\n"


@pytest.fixture
def trouble(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of the user's own, here and in processes that are started."""
    (folder / "dask_trouble.py").write_text(TROUBLE)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", f"{SOURCE}{os.pathsep}{folder}")


@pytest.fixture
def cluster(trouble: None) -> Iterator[Any]:
    """A scheduler here and two worker processes, each with a nanny that replaces it."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as made:
        yield made


def exported(plan: Plan, folder: Path) -> Any:
    with Store.opened(plan, folder) as store:
        return table(plan, lines_of(store))


def at(count: int, act: Callable[[], object]) -> Callable[[int, int], Callable[[str], object]]:
    """What watches a call, and acts when so many runs have ended."""
    ended: list[str] = []

    def watch(total: int, done: int) -> Callable[[str], object]:
        def note(status: str) -> None:
            ended.append(status)
            if len(ended) == count:
                threading.Thread(target=act).start()

        return note

    return watch


def pids(cluster: Any) -> list[int]:
    return [nanny.process.pid for nanny in cluster.workers.values()]


def test_dask_gives_the_same_table_also_when_a_worker_is_lost_midway(
    cluster: Any, sweep: Callable[[str], Plan], folder: Path
) -> None:
    plan = sweep(TEXT)
    lost: list[int] = []

    def kill() -> None:
        lost.append(pids(cluster)[0])
        os.kill(lost[0], signal.SIGKILL)

    standing = run(plan, folder / "far", scheduler=cluster.scheduler_address, watch=at(30, kill))
    assert lost and standing.counts["done"] == len(plan) == 240
    run(plan, folder / "near", workers=1)
    assert exported(plan, folder / "far").equals(exported(plan, folder / "near"))


def test_a_killer_takes_a_few_workers_and_is_set_aside(cluster: Any, sweep: Callable[[str], Plan], folder: Path) -> None:
    plan = sweep("vary: {payoffs.revenue: {range: [1.0, 20.0], steps: 20}}\noutcomes: ['dask_trouble:value']\n")
    standing = run(plan, folder / "runs", scheduler=cluster.scheduler_address)
    assert standing.counts["done"] == 19 and standing.counts["set_aside"] == 1
    assert standing.errors[0]["point"] == 2 and "Dask worker" in standing.errors[0]["error"]


def patience(dask_scheduler: Any = None) -> int:
    return int(dask_scheduler.allowed_failures)


def test_the_scheduler_is_as_patient_as_before_once_the_last_sweep_has_left(cluster: Any) -> None:
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as other:
        before = other.run_on_scheduler(patience)
        first, second = Cluster(cluster.scheduler_address), Cluster(cluster.scheduler_address)
        for leaving, then in ((first, FAILURES), (second, before)):
            assert other.run_on_scheduler(patience) == FAILURES != before
            leaving.shutdown(wait=False, cancel_futures=True)
            assert other.run_on_scheduler(patience) == then


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def program(*words: str, path: str | None = None) -> subprocess.Popen[bytes]:
    """`dask WORDS` as a program of its own. path : its PYTHONPATH, where it is not ours."""
    env = os.environ if path is None else {**os.environ, "PYTHONPATH": path}
    dask = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
    return subprocess.Popen(dask, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def worker_at(port: int, *more: str, path: str | None = None) -> subprocess.Popen[bytes]:
    return program("worker", f"tcp://127.0.0.1:{port}", "--nworkers", "1", "--nthreads", "1", *more, path=path)


def started(port: int, *more: str) -> list[subprocess.Popen[bytes]]:
    """A scheduler and a worker as programs of their own. more : said to the scheduler."""
    scheduler = program("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-show", *more)
    worker = worker_at(port)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            with distributed.Client(f"tcp://127.0.0.1:{port}", set_as_default=False) as client:
                client.wait_for_workers(1, timeout=60)
            return [scheduler, worker]
        except OSError:
            time.sleep(0.2)
    pytest.fail("Dask did not start")


@pytest.mark.usefixtures("trouble")
def test_a_lost_scheduler_is_told_and_a_new_one_goes_on(sweep: Callable[[str], Plan], folder: Path) -> None:
    plan, port = sweep(TEXT), free_port()
    address = f"tcp://127.0.0.1:{port}"
    first = started(port)
    try:
        with pytest.raises(SweepError, match=r"the Dask scheduler at tcp://127\.0\.0\.1:\d+ is gone"):
            run(plan, folder / "far", scheduler=address, watch=at(30, first[0].kill))
    finally:
        ended(*first)
    with Store.opened(plan, folder / "far") as store:
        kept = [number for number, *_ in store.lines()]
    assert 30 <= len(kept) < len(plan)
    second = started(port)
    try:
        assert run(plan, folder / "far", scheduler=address).counts["done"] == len(plan)
    finally:
        ended(*second)
    run(plan, folder / "near", workers=1)
    assert exported(plan, folder / "far").equals(exported(plan, folder / "near"))


@pytest.mark.usefixtures("trouble")
def test_no_scheduler_at_all(sweep: Callable[[str], Plan], folder: Path) -> None:
    with pytest.raises(SweepError, match="no Dask scheduler answers at"):
        run(sweep(TEXT), folder / "runs", scheduler=f"tcp://127.0.0.1:{free_port()}")


def ended(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.usefixtures("trouble")
def test_a_worker_of_another_version_that_comes_late_is_refused_by_name(sweep: Callable[[str], Plan], folder: Path) -> None:
    shutil.copytree(SOURCE, folder / "other", ignore=shutil.ignore_patterns("__pycache__"))
    changed = folder / "other" / "dataleverage" / "streams.py"
    changed.write_text(changed.read_text() + "\nOTHER = True\n")
    port, late = free_port(), list[subprocess.Popen[bytes]]()
    processes = started(port)

    def come() -> None:
        late.append(worker_at(port, path=f"{folder / 'other'}{os.pathsep}{folder}"))

    plan = sweep(TEXT.replace("replicates: 20", "replicates: 200"))
    try:
        with pytest.raises(SweepError, match=r"a worker \(process \d+ on .*\) has another version of dataleverage\n"):
            run(plan, folder / "runs", scheduler=f"tcp://127.0.0.1:{port}", watch=at(30, come))
    finally:
        ended(*processes, *late)
    with Store.opened(plan, folder / "runs") as store:
        assert {status for _, status, _ in store.lines()} == {"done"}, "what was kept was played by the right code"


@pytest.fixture
def hidden(folder: Path) -> list[str]:
    """What makes a program of Dask's one without dataleverage."""
    (folder / "hide.py").write_text("import sys\nsys.modules['dataleverage'] = None\n")
    return ["--preload", str(folder / "hide.py")]


@pytest.mark.usefixtures("trouble")
def test_a_scheduler_or_a_worker_without_dataleverage_is_told(
    sweep: Callable[[str], Plan], folder: Path, hidden: list[str]
) -> None:
    plan, port = sweep(TEXT), free_port()
    processes = started(port, *hidden)
    try:
        with pytest.raises(SweepError, match=r"the Dask scheduler at .* cannot play: .*dataleverage.*\n.*Install dataleverage"):
            run(plan, folder / "runs", scheduler=f"tcp://127.0.0.1:{port}")
    finally:
        ended(*processes)
    port = free_port()
    processes = started(port)
    ended(processes.pop())
    with distributed.Client(f"tcp://127.0.0.1:{port}", set_as_default=False) as client:
        while client.ncores():
            time.sleep(0.1)
    processes.append(worker_at(port, *hidden))
    with distributed.Client(f"tcp://127.0.0.1:{port}", set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
    try:
        with pytest.raises(SweepError, match=r"the Dask worker at tcp.* cannot play: .*dataleverage.*\n.*Install dataleverage"):
            run(plan, folder / "runs", scheduler=f"tcp://127.0.0.1:{port}")
    finally:
        ended(*processes)
