"""`build --profile FILE`: a Chrome trace of where the time went, and nothing of it in what is built."""

import json
import os
from pathlib import Path

import pytest
from kitchen import Kitchen
from test_cli_fake import ask

from stacbuild.profiling import NO_PROFILE, Span, Spans, Stopwatch, now, profile_to

NEEDED = {"X": {"name", "ph", "ts", "dur", "pid", "tid", "args"}, "M": {"name", "ph", "pid", "tid", "args"}}
"""The members of complete events and of metadata, as the trace event format has them."""


def events(path):
    """Return the events of a trace, after checking the form of each."""
    told = json.loads(Path(path).read_text())
    for event in told:
        assert set(event) == NEEDED[event["ph"]]
        assert event["ph"] == "M" or (event["ts"] >= 0 and event["dur"] >= 0)
    return told


def spans(path, process=None):
    return [e for e in events(path) if e["ph"] == "X" and process in (None, e["pid"])]


def span(path, name):
    (one,) = [event for event in spans(path) if event["name"] == name]
    return one


def within(inner, outer, slack=0.001):
    return outer["ts"] - slack <= inner["ts"] and inner["ts"] + inner["dur"] <= outer["ts"] + outer["dur"] + slack


def names(path):
    """Return process → its name."""
    return {e["pid"]: e["args"]["name"] for e in events(path) if e["name"] == "process_name"}


def test_a_build_has_a_span_for_each_of_its_parts_within_the_whole(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=300)
    kitchen.build("--profile", "p.json")
    told = spans(kitchen / "p.json")
    assert names(kitchen / "p.json") == {os.getpid(): "build"}
    parts = ("list", "inspect outputs", "plan", "work", "write", "write site", "write lines", "sync", "remember")
    whole, starts = span(kitchen / "p.json", "build"), [span(kitchen / "p.json", name)["ts"] for name in parts]
    assert starts[0] < starts[3] < starts[4] < starts[-1]
    assert all(within(event, whole) for event in told)
    assert within(span(kitchen / "p.json", "write lines"), span(kitchen / "p.json", "write"))


def test_every_chunk_has_a_span_and_below_it_one_for_each_stage(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=600)
    kitchen.build("--profile", "p.json")
    told = spans(kitchen / "p.json")
    chunks = [event for event in told if event["name"] == "chunk"]
    assert sum(chunk["args"]["items"] for chunk in chunks) == 600
    for stage in ("transform", "validate"):
        mine = [event for event in told if event["name"] == stage]
        assert [event["args"]["items"] for event in mine] == [chunk["args"]["items"] for chunk in chunks]
        assert all(within(event, chunk) for event, chunk in zip(mine, chunks, strict=True))


def test_spans_of_workers_have_their_own_row_at_the_time_that_they_were_worked(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=3000, build={"executor": "processes"})
    kitchen.build("-j", "2", "--profile", "p.json")
    known = names(kitchen / "p.json")
    assert set(known.values()) == {"build", "worker 1", "worker 2"}
    assert os.getpid() in known
    work, chunks = span(kitchen / "p.json", "work"), [e for e in spans(kitchen / "p.json") if e["name"] == "chunk"]
    assert {known[chunk["pid"]] for chunk in chunks} == {"worker 1", "worker 2"}
    stored = {e["args"]["chunk"]: e["ts"] for e in spans(kitchen / "p.json") if e["name"] == "store"}
    for chunk in chunks:
        assert within(chunk, work)
        assert chunk["ts"] + chunk["dur"] <= stored[chunk["args"]["number"]]


def test_what_is_built_does_not_depend_on_it(tmp_path):
    plain, profiled = Kitchen(tmp_path / "a"), Kitchen(tmp_path / "b")
    plain.build()
    profiled.build("--profile", "p.json")
    assert plain.items() == profiled.items()
    assert profiled.build("--profile", "p.json").keys() == plain.build().keys()
    assert [event["name"] for event in spans(profiled / "p.json")].count("work") == 0


def test_a_dry_run_and_a_build_that_fails_leave_whole_files(tmp_path):
    kitchen = Kitchen(tmp_path / "k")
    kitchen.build("-n", "--profile", "n.json")
    assert span(kitchen / "n.json", "ask")
    kitchen.write("dist/site/catalog.json", "mine")
    kitchen.build("--profile", "p.json", exit_=6)
    assert within(span(kitchen / "p.json", "work"), span(kitchen / "p.json", "build"))


@pytest.mark.parametrize("path", ["nowhere/p", "."])
def test_a_file_that_cannot_be_made_stops_the_command_before_it_begins(tmp_path, path):
    kitchen = Kitchen(tmp_path / "k")
    document = kitchen.ask("build", "--profile", path, exit_=6)
    assert document["error"]["code"] == "SB006"
    assert "--profile" in document["error"]["message"]
    assert not (kitchen / "dist").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_costs_one_warning(tmp_path):
    kitchen = Kitchen(tmp_path / "k", rows=3000)
    done = kitchen.run("build", "--profile", "/dev/full")
    assert done.exit == 0
    assert done.err.count("the profile cannot be written") == 1


def test_what_was_done_until_a_kill_is_in_the_file(tmp_path):
    path = tmp_path / "p"
    with profile_to(path, pytest.fail) as profile:
        with profile.over("one", items=3):
            pass
        for number in range(2000):  # more than a file's buffer
            profile.take(Spans(7, [Span("two", now(), now(), {"number": number})]))
        cut = path.read_text()
    assert cut.startswith("[\n")
    assert json.loads(cut[: cut.rindex(",\n")] + "]")[3]["args"] == {"items": 3}
    assert names(path) == {os.getpid(): "build", 7: "worker 1"}


def test_a_stopwatch_adds_up_and_begins_anew():
    watch = Stopwatch()
    double, fail = watch.timed("double", lambda x: 2 * x), watch.timed("fail", lambda: 1 / 0)
    assert [double(1), double(2)] == [2, 4]
    with pytest.raises(ZeroDivisionError):
        fail()
    begin = now()
    told = watch.lap(begin, "chunk", number=1)
    assert [(one.name, one.facts) for one in told.spans] == [
        ("chunk", {"number": 1}),
        ("double", {"items": 2}),
        ("fail", {"items": 1}),
    ]
    assert told.spans[1].begin == begin
    assert told.spans[2].begin == told.spans[1].end
    assert [one.name for one in watch.lap(now(), "chunk").spans] == ["chunk"]


def test_who_does_not_ask_gets_nothing():
    with profile_to(None, pytest.fail) as profile:
        assert profile is NO_PROFILE
        with profile.over("one", items=1):
            profile.take(None)


def test_help_and_the_page_name_it():
    assert "--profile FILE" in ask("build", "-h").stdout
    page = (Path(__file__).parents[1] / "docs/profiling.md").read_text()
    assert all(word in page for word in ("chrome://tracing", "ui.perfetto.dev", "`look up`", "`settle`"))
