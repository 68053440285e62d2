"""The engine, on threads and on executors that lose what they are given: every run ends once, as its own doing says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataleverage.errors import StoreError, SweepError
from dataleverage.measure.outcomes import outcomes
from dataleverage.sweep.engine import BREAKS, Engine
from dataleverage.sweep.plan import Plan
from dataleverage.sweep.pool import WorkerLost
from dataleverage.sweep.store import Store
from dataleverage.sweep.work import Job, Task, play

TEXT = "vary: {rounds: [2, 3, 4]}\nworlds: 3\nreplicates: 4\noutcomes: [final_score, creators_welfare]\n"


class Scripted(Executor):
    """Plays at once, but first asks what happens to a task: nothing, or an error."""

    def __init__(self, fate: Callable[[list[int]], BaseException | None]) -> None:
        self.fate, self.given = fate, list[list[int]]()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        packed, tasks, limit = args
        numbers = [task.number for task in tasks]
        self.given.append(numbers)
        error = self.fate(numbers)
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(fn(packed, tasks, limit, **kwargs))
        return future


def engine(plan: Plan, store: Store, executor: Executor, **more: Any) -> Engine:
    job = Job.of(plan)
    made = Engine(store, executor, job, window=more.pop("window", 4), **more)
    made.resume()
    return made


@pytest.fixture
def store(sweep: Callable[[str], Plan], tmp_path: Path) -> Any:
    (tmp_path / "runs").mkdir()
    with Store.opened(sweep(TEXT), tmp_path / "runs") as opened:
        yield opened


def ended(store: Store) -> dict[int, str]:
    return {number: status for number, status, _ in store.lines()}


def test_every_run_is_what_the_game_gives_by_hand(store: Store) -> None:
    plan = store.plan
    told: list[str] = []
    with ThreadPoolExecutor(2) as threads:
        assert engine(plan, store, threads, progress=told.append).run()
    assert told == ["done"] * len(plan) == ["done"] * 36
    for number, _, values in store.lines():
        run = plan.run(number)
        assert run.data_seed is not None
        by_hand = outcomes(plan.scenario(run.point).in_world(run.data_seed).play(run.seed))
        assert values == [by_hand["final_score"], by_hand["creators_welfare"]]


def test_tasks_hold_runs_of_one_world_and_grow_while_runs_are_short(store: Store) -> None:
    given = Scripted(lambda numbers: None)
    engine(store.plan, store, given, window=1).run()
    assert len(given.given[0]) == 1 and max(map(len, given.given)) > 1
    for numbers in given.given:
        assert len({store.plan.run(number).world for number in numbers}) == 1
    assert [n for numbers in given.given for n in numbers] == list(range(36))


def test_tasks_never_come_near_the_limit_of_a_run(store: Store) -> None:
    given = Scripted(lambda numbers: None)
    engine(store.plan, store, given, window=1, alone=1e-3).run()
    assert max(map(len, given.given)) == 1


def test_a_killer_is_set_aside_after_two_processes_and_costs_nobody_else(store: Store) -> None:
    killer = 17
    alone = Counter[int]()

    def fate(numbers: list[int]) -> BaseException | None:
        if killer not in numbers:
            return None
        alone.update(numbers if len(numbers) == 1 else [])
        return WorkerLost("killed")

    engine(store.plan, store, Scripted(fate), least=5).run()
    assert ended(store) == {n: "set_aside" if n == killer else "done" for n in range(36)}
    assert alone == {killer: 2}, "alone, twice"
    assert "took 2 worker processes" in store.errors()[0][2]


def test_whoever_was_only_near_a_killer_is_played_again_when_nothing_else_is(store: Store) -> None:
    killer, flying = 17, list[list[int]]()

    class Crowded(Scripted):
        """Holds tasks until the window is full, and loses all of them where one of them kills."""

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            held.append((Future(), args))
            flying.append([task.number for task in args[1]])
            return held[-1][0]

    held = list[tuple[Future[Any], tuple[Any, ...]]]()
    run = engine(store.plan, store, Crowded(lambda numbers: None), alone=1e-3)

    def land() -> None:
        deadly = any(task.number == killer for _, args in held for task in args[1])
        for future, args in held:
            if deadly:
                future.set_exception(WorkerLost("killed"))
            else:
                future.set_result(play(*args))
        held.clear()

    run.pulse = land
    assert run.run()
    assert ended(store) == {n: "set_aside" if n == killer else "done" for n in range(36)}
    assert flying[-4:] == [[number] for number in sorted(n for (n,) in flying[-4:])] and [killer] in flying[-4:]


def test_a_worker_that_is_killed_once_costs_one_more_try(store: Store) -> None:
    lost = Counter[int]()

    def fate(numbers: list[int]) -> BaseException | None:
        lost.update(numbers)
        return WorkerLost("killed") if numbers[0] % 7 == 0 and lost[numbers[0]] == 1 else None

    engine(store.plan, store, Scripted(fate)).run()
    assert set(ended(store).values()) == {"done"} and len(ended(store)) == 36


def test_a_pool_that_breaks_is_nobodys_fault(store: Store) -> None:
    broken = Counter[str]()

    def fate(numbers: list[int]) -> BaseException | None:
        broken["times"] += 1
        return WorkerLost("the pool broke", deaths=0) if broken["times"] <= 5 else None

    engine(store.plan, store, Scripted(fate)).run()
    assert set(ended(store).values()) == {"done"} and len(ended(store)) == 36


def test_a_pool_that_does_nothing_but_break_ends_the_sweep(store: Store) -> None:
    broken = Scripted(lambda numbers: WorkerLost("the pool broke: no memory", deaths=0))
    with pytest.raises(SweepError, match=f"broke {BREAKS} times in a row and no run ended in between: .*no memory"):
        engine(store.plan, store, broken, window=4).run()
    assert len(broken.given) == 4 * BREAKS, "a break loses all tasks in hand, and counts once"
    assert not ended(store)


def test_a_pool_that_breaks_now_and_then_plays_everything(store: Store) -> None:
    tried = Counter[str]()

    def fate(numbers: list[int]) -> BaseException | None:
        tried["times"] += 1
        return WorkerLost("the pool broke", deaths=0) if tried["times"] % BREAKS else None

    engine(store.plan, store, Scripted(fate), window=1, alone=1e-3).run()
    assert set(ended(store).values()) == {"done"} and len(ended(store)) == 36 and tried["times"] > 36 * (BREAKS - 1)


def test_a_run_that_takes_too_long_is_told_apart_from_those_in_its_task(store: Store) -> None:
    engine(store.plan, store, Scripted(lambda numbers: TimeoutError() if 20 in numbers else None), least=6, alone=60.0).run()
    assert ended(store) == {n: "timed_out" if n == 20 else "done" for n in range(36)}


@pytest.mark.parametrize("fault", [SystemExit(0), KeyboardInterrupt(), GeneratorExit()])
def test_what_would_end_the_coordinator_fails_the_run_that_raised_it(store: Store, fault: BaseException) -> None:
    engine(store.plan, store, Scripted(lambda numbers: fault if 0 in numbers else None), least=6).run()
    assert ended(store) == {n: "failed" if n == 0 else "done" for n in range(36)}
    assert type(fault).__name__ in store.errors()[0][2]


def test_a_fault_of_the_executor_ends_the_sweep(store: Store) -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        engine(store.plan, store, Scripted(lambda numbers: RuntimeError("no such thing"))).run()


def test_what_was_kept_is_not_played_again(store: Store) -> None:
    first = Scripted(lambda numbers: None)
    begun = engine(store.plan, store, first, window=1)
    begun.progress = lambda status: begun.stop() if len(ended(store)) >= 10 else None
    assert not begun.run()
    kept = set(ended(store))
    second = Scripted(lambda numbers: None)
    assert engine(store.plan, store, second).run()
    assert 10 <= len(kept) < 36 and not kept & {n for numbers in second.given for n in numbers}
    assert len(ended(store)) == 36


def test_asked_once_it_waits_for_what_is_in_hand_and_asked_twice_it_does_not(store: Store) -> None:
    class Held(Executor):
        futures: list[tuple[Future[Any], tuple[Any, ...]]]

        def __init__(self) -> None:
            self.futures = []

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            self.futures.append((Future(), args))
            return self.futures[-1][0]

    held = Held()
    once = engine(store.plan, store, held, window=2)
    looks = Counter[str]()

    def pulse() -> None:
        looks["times"] += 1
        if looks["times"] == 1:
            once.stop()
        else:
            for future, args in held.futures:
                if not future.done():
                    future.set_result(play(*args))

    once.pulse = pulse
    assert not once.run() and len(held.futures) == 2 and len(ended(store)) == 2
    held = Held()
    twice = engine(store.plan, store, held, window=2)
    twice.pulse = twice.stop
    assert not twice.run() and len(ended(store)) == 2


def test_a_store_that_cannot_be_written_ends_the_sweep_and_keeps_what_it_has(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = store.write

    def full(results: Sequence[Any]) -> None:
        if len(ended(store)) > 9:
            raise StoreError("the disk is full")
        write(results)

    monkeypatch.setattr(store, "write", full)
    with pytest.raises(StoreError, match="full"):
        engine(store.plan, store, Scripted(lambda numbers: None), alone=1e-3).run()
    kept = len(ended(store))
    monkeypatch.undo()
    assert kept > 9 and engine(store.plan, store, Scripted(lambda numbers: None)).run()
    assert len(ended(store)) == 36


def test_worlds_are_left_out_once_a_point_is_known_well_enough(sweep: Callable[[str], Plan], tmp_path: Path) -> None:
    plan = sweep(
        "vary: {rounds: [2, 3]}\nworlds: 40\noutcomes: [rounds_played]\n"
        "precision: {outcome: rounds_played, half_width: 0.1, at_least: 3}\n"
    )
    (tmp_path / "few").mkdir()
    with Store.opened(plan, tmp_path / "few") as store:
        run = engine(plan, store, Scripted(lambda numbers: None), window=1)
        assert run.run()
        assert run.enough.after.tolist() == [3, 3] and len(ended(store)) < 20
        assert run.enough.wanted_runs().sum() == 6
        assert np.flatnonzero(run.enough.wanted_runs()).tolist() == list(range(6))


def test_a_task_is_small_enough_to_send_and_unpacks_to_what_it_was(sweep: Callable[[str], Plan]) -> None:
    import pickle

    plan = sweep(TEXT)
    task = Task(3, plan.settings(1), 5, 7)
    assert pickle.loads(pickle.dumps(task)) == task and len(pickle.dumps(task)) < 500
