"""How many threads BLAS has, as threadpoolctl sees it."""

from __future__ import annotations

import threading

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_limits

from dataleverage.grid.blas import one_thread

CONTROL = ThreadpoolController().select(user_api="blas")
np.linalg.solve(np.eye(2), np.ones(2))


def threads() -> set[int]:
    return {library["num_threads"] for library in CONTROL.info()}


def test_one_thread_inside_and_what_was_before_outside():
    with threadpool_limits(2):
        before = threads()
        with one_thread():
            assert threads() == {1}
            with one_thread():
                assert threads() == {1}
            assert threads() == {1}
        assert threads() == before


def test_who_leaves_first_does_not_take_the_limit_from_others():
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with one_thread():
            inside.set()
            leave.wait(10)

    with threadpool_limits(2):
        before = threads()
        other = threading.Thread(target=first)
        other.start()
        inside.wait(10)
        with one_thread():
            leave.set()
            other.join()
            assert threads() == {1}
        assert threads() == before


def test_the_threads_come_back_after_an_error():
    with threadpool_limits(2):
        before = threads()
        try:
            with one_thread():
                raise ValueError
        except ValueError:
            pass
        assert threads() == before
