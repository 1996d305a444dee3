"""The ordered pool: results in order, a bounded queue, errors where they belong."""

import threading
import time

import pytest

from compressor.engine.pool import SMALL, OrderedPool, spread


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_results_come_in_the_order_of_submission(threads) -> None:
    pool, done = OrderedPool(threads), []

    for number in range(20):
        pool.submit(lambda n=number: (time.sleep(0.001 * (n % 3)), n)[1], done.append, SMALL)
    pool.drain()
    pool.close()

    assert done == list(range(20))


def test_an_action_waits_for_the_tasks_before_it() -> None:
    pool, done = OrderedPool(2), []

    pool.submit(lambda: time.sleep(0.02), lambda _: done.append("task"), SMALL)
    pool.then(lambda: done.append("action"))
    pool.submit(lambda: None, lambda _: done.append("small"), 1)
    pool.drain()
    pool.close()

    assert done == ["task", "action", "small"]


def test_no_more_tasks_are_under_way_than_allowed() -> None:
    pool, lock, now, most = OrderedPool(2), threading.Lock(), [0], [0]

    def work() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])

    def then(_result: None) -> None:
        with lock:
            now[0] -= 1

    for _ in range(50):
        pool.submit(work, then, SMALL)
    pool.drain()
    pool.close()

    assert most[0] <= 3


def test_work_done_at_once_counts_while_it_waits_for_its_turn() -> None:
    pool, go, waiting, most = OrderedPool(2), threading.Event(), [0], [0]
    timer = threading.Timer(0.1, go.set)

    def work() -> None:
        waiting[0] += 1
        most[0] = max(most[0], waiting[0])

    def then(_result: None) -> None:
        waiting[0] -= 1

    pool.submit(go.wait, lambda _: None, SMALL)
    timer.start()
    for _ in range(50):
        pool.submit(work, then, SMALL - 1)
    pool.drain()
    pool.close()

    assert most[0] <= 2


def test_an_error_in_a_task_reaches_the_caller() -> None:
    pool = OrderedPool(2)

    pool.submit(lambda: 1 / 0, lambda _: None, SMALL)
    with pytest.raises(ZeroDivisionError):
        pool.drain()
    pool.close()


def test_small_work_starts_no_threads() -> None:
    pool, before = OrderedPool(4), threading.active_count()

    pool.submit(lambda: None, lambda _: None, SMALL - 1)
    pool.drain()

    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_tasks_are_spread_over_threads_each_done_once(threads) -> None:
    done, together = [], threading.Barrier(threads)

    def work(number: int) -> None:
        together.wait(30)  # nobody goes on before all are at work
        done.append(number)

    spread(threads, range(10 * threads), work)

    assert sorted(done) == list(range(10 * threads))


def test_no_tasks_are_no_work() -> None:
    spread(4, [], pytest.fail)


def test_of_errors_the_earliest_tasks_is_raised_and_no_later_task_begins() -> None:
    done, met = [], threading.Barrier(2)

    def work(number: int) -> None:
        done.append(number)
        met.wait(10)
        time.sleep(0.02 * (1 - number))  # the second fails first
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        spread(2, range(100), work)

    assert sorted(done) == [0, 1]


def test_works_are_handed_over_together_up_to_a_limit() -> None:
    pool, seen = OrderedPool(2, 3 * SMALL), []

    for _ in range(7):
        pool.submit(threading.get_ident, seen.append, SMALL)
    waiting = len(seen)
    pool.drain()
    pool.close()

    assert waiting == 0  # two tasks, and one that is being filled
    assert len(seen) == 7
    assert seen[0] == seen[1] == seen[2] != threading.get_ident()


def test_what_is_larger_than_the_limit_is_handed_over_alone() -> None:
    pool, most = OrderedPool(2, 2 * SMALL), [0]
    now = [0]

    def work() -> None:
        now[0] += 1
        most[0] = max(most[0], now[0])

    def then(_result: None) -> None:
        now[0] -= 1

    for _ in range(9):
        pool.submit(work, then, 3 * SMALL)
    pool.drain()
    pool.close()

    assert most[0] <= 3


def test_an_error_among_works_comes_in_its_turn() -> None:
    pool, done = OrderedPool(2, 4 * SMALL), []

    pool.submit(lambda: 1, done.append, SMALL)
    pool.submit(lambda: 1 / 0, done.append, SMALL)
    pool.submit(lambda: 3, done.append, SMALL)
    with pytest.raises(ZeroDivisionError):
        pool.drain()
    pool.drain()
    pool.close()

    assert done == [1, 3]


def test_what_waits_to_be_handed_over_is_dropped_with_the_pool() -> None:
    pool, done = OrderedPool(2, 4 * SMALL), []

    pool.submit(lambda: 1, done.append, SMALL)
    pool.close()
    pool.drain()

    assert done == []


def test_results_larger_than_was_said_do_not_gather() -> None:
    pool, most, lock = OrderedPool(2, 4 * SMALL), [0], threading.Lock()
    held, taken = [0], []

    def work(number: int) -> bytes:
        with lock:
            held[0] += 1
            most[0] = max(most[0], held[0])
        return bytes([number]) * 4 * SMALL

    def then(result: bytes) -> None:
        time.sleep(0.002)  # the others could all be done meanwhile
        with lock:
            held[0] -= 1
        taken.append(result[0])

    for number in range(16):
        pool.submit(lambda n=number: work(n), then, SMALL)
    pool.drain()
    pool.close()

    assert taken == list(range(16))
    assert most[0] <= 4  # one of each of three tasks, and the one that is being taken


def test_results_as_large_as_was_said_come_of_one_run() -> None:
    pool, seen = OrderedPool(2, 4 * SMALL), []

    for _ in range(4):
        pool.submit(lambda: (seen.append(threading.get_ident()), bytes(SMALL))[1], len, SMALL)
    for _ in range(400):  # nothing is taken yet
        if len(seen) == 4:
            break
        time.sleep(0.005)
    pool.close()

    assert len(seen) == 4
    assert len(set(seen)) == 1
