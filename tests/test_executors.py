"""Executors: tasks of several kinds, in this process or in others, and what becomes of those that kill or raise."""

import os
import tempfile
from pathlib import Path

import pytest
from errands import ERRANDS, FEW, LOSABLE, PARTABLE, Errand

from stacbuild.execute.base import open_executor
from stacbuild.failures import SurroundingsError

SQUARES = [Errand("square", [number, number + 1]) for number in range(50)]


@pytest.fixture
def pool(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    executor = open_executor("processes", 2)
    yield executor
    executor.close()


def done(executor, kind, tasks, tools="tools"):
    return list(executor.map(kind, tools, tasks))


def numbers(results):
    return sorted(result.numbers for result in results)


def workers(pool):
    return [worker.process for worker in pool._workers]


def test_both_executors_give_the_same_results(pool):
    here = done(open_executor("serial", 2), ERRANDS, SQUARES)
    there = done(pool, ERRANDS, SQUARES)
    assert [result.numbers for result in here] == numbers(there) == [[n**2, (n + 1) ** 2] for n in range(50)]
    assert {result.pid for result in here} == {os.getpid()}
    assert os.getpid() not in {result.pid for result in there}
    assert ({result.seat for result in here}, {result.seat for result in there}) == ({0}, {1, 2})


def test_one_process_is_no_pool():
    assert done(open_executor("processes", 1), ERRANDS, SQUARES)[0].pid == os.getpid()


def test_workers_stay_for_other_kinds_and_other_tools(pool):
    first = {result.pid for result in done(pool, ERRANDS, SQUARES)}
    assert {result.pid for result in done(pool, LOSABLE, SQUARES)} == first
    again = done(pool, ERRANDS, SQUARES, tools="others")
    assert ({result.pid for result in again}, {result.said for result in again}) == (first, {"others"})


def test_few_tasks_start_nobody(pool):
    assert {result.pid for result in done(pool, FEW, SQUARES[:2])} == {os.getpid()}
    assert workers(pool) == []
    assert os.getpid() not in {result.pid for result in done(pool, FEW, SQUARES[:3])}


def test_no_task_starts_nobody(pool):
    assert done(pool, ERRANDS, []) == []
    assert workers(pool) == []


def test_no_more_is_drawn_than_workers_can_have(pool):
    drawn = []
    results = pool.map(ERRANDS, "tools", (drawn.append(1) or task for task in SQUARES))
    next(results)
    assert len(drawn) <= 2 * 2 + 1


@pytest.mark.parametrize("kind", [ERRANDS, LOSABLE, PARTABLE], ids=["plain", "losable", "partable"])
def test_a_task_whose_worker_died_is_done_by_another(pool, tmp_path, kind):
    tasks = [*SQUARES, Errand("die-once", [7], str(tmp_path / "dead")), *SQUARES]
    wanted = [[number**2, (number + 1) ** 2] for number in range(50)] * 2 + [[7]]
    assert numbers(done(pool, kind, tasks)) == sorted(wanted)
    assert (tmp_path / "dead").exists()


def test_a_task_that_kills_two_workers_ends_the_build_with_a_reason(pool):
    with pytest.raises(SurroundingsError) as caught:
        done(pool, ERRANDS, [*SQUARES[:5], Errand("die", [1]), *SQUARES])
    assert caught.value.problems[0].code == "SB609"
    assert "run errands" in caught.value.problems[0].message


def test_a_task_that_may_be_lost_costs_itself(pool):
    results = done(pool, LOSABLE, [*SQUARES, Errand("die", [3])])
    assert len(results) == 51
    assert [-3] in numbers(results)


def test_a_task_that_can_be_taken_apart_costs_its_bad_part(pool):
    results = done(pool, PARTABLE, [*SQUARES, Errand("die-of-odd", [2, 3, 4, 6])])
    assert len(results) == 51
    assert [2, -3, 4, 6] in numbers(results)


def test_what_a_task_raises_is_raised_here(pool):
    with pytest.raises(SurroundingsError) as caught:
        done(pool, ERRANDS, [*SQUARES[:5], Errand("refuse", [1])])
    (problem,) = caught.value.problems
    assert (problem.code, problem.message, problem.hint) == ("SB602", "cannot do [1]", "do another")


def test_what_cannot_be_pickled_is_told(pool):
    with pytest.raises(RuntimeError, match="OwnError: nobody can pickle me"):
        done(pool, ERRANDS, [*SQUARES[:5], Errand("break")])


def test_tools_that_cannot_be_made_are_told(pool):
    with pytest.raises(SurroundingsError, match="no tools today"):
        done(pool, ERRANDS, SQUARES, tools="refuse")


def test_a_worker_that_dies_before_its_first_task_ends_the_build(pool):
    with pytest.raises(SurroundingsError) as caught:
        done(pool, ERRANDS, SQUARES, tools="die")
    assert caught.value.problems[0].code == "SB606"


def test_what_was_given_up_does_not_come_later(pool):
    results = pool.map(ERRANDS, "tools", [Errand("square", [1000])] * 9)
    next(results)
    results.close()
    assert numbers(done(pool, ERRANDS, SQUARES)) == numbers(done(open_executor("serial", 1), ERRANDS, SQUARES))


def test_what_is_in_flight_can_be_had_at_the_end(pool):
    results = pool.map(ERRANDS, "tools", SQUARES)
    had = [next(results)]
    results.close()
    had += list(pool.drain())
    assert 1 < len(had) <= 5
    assert numbers(had) == [[n**2, (n + 1) ** 2] for n in range(len(had))]


def test_what_users_print_goes_to_nobodys_output(pool, capfd):
    done(pool, ERRANDS, [Errand("print", [number]) for number in range(5)])
    assert capfd.readouterr().out == ""


def test_workers_have_the_files_that_they_are_given(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with tempfile.TemporaryFile() as stream:
        stream.write(bytes([1, 2, 3]))
        stream.flush()
        executor = open_executor("processes", 2, lambda: [stream.fileno()])
        results = done(executor, ERRANDS, [Errand("read", [stream.fileno()])] * 3)
        executor.close()
    assert [result.numbers for result in results] == [[1, 2, 3]] * 3


def test_closing_ends_the_workers(pool):
    done(pool, ERRANDS, SQUARES)
    started = workers(pool)
    pool.close()
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)
