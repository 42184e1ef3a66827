"""Turns: one at a time, in the order of coming, and handed on whatever happens."""

from __future__ import annotations

import threading
import time

import pytest

from app.turns import Turns

LONGEST_WAIT_S = 60.0


def _wait_for_queue(turns: Turns, n_waiting: int) -> None:
    ends = time.monotonic() + LONGEST_WAIT_S
    while turns.n_waiting < n_waiting:
        assert time.monotonic() < ends, f"{turns.n_waiting} of {n_waiting} wait"
        time.sleep(0.001)


def test_who_comes_first_is_let_in_first_and_alone() -> None:
    turns, order, n_inside, most_inside = Turns(1), [], 0, 0

    def work(number: int) -> None:
        nonlocal n_inside, most_inside
        with turns.turn():
            n_inside += 1
            most_inside = max(most_inside, n_inside)
            order.append(number)
            n_inside -= 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    with turns.turn():
        for number, thread in enumerate(threads):
            thread.start()
            _wait_for_queue(turns, number + 1)
    for thread in threads:
        thread.join(LONGEST_WAIT_S)
    assert order == list(range(8)) and most_inside == 1 and turns.n_waiting == 0


def test_turn_is_handed_on_after_an_error() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError, match="wrong"), turns.turn():
        raise ValueError("wrong")
    with turns.turn():
        assert turns.n_waiting == 0


def test_so_many_as_may_are_inside_at_once() -> None:
    turns = Turns(2)
    with turns.turn(), turns.turn():
        third = threading.Thread(target=lambda: turns.turn().__enter__())
        third.start()
        _wait_for_queue(turns, 1)
    third.join(LONGEST_WAIT_S)
    assert not third.is_alive() and turns.n_waiting == 0
