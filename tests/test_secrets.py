"""Secrets of a recipe are nowhere but in outputs whose bytes hold them: no screen, log, memory, list, key or store."""

import contextlib
import json
import os

import pytest
import zstandard
from kitchen import Kitchen, ran, row

SECRETS = {"X_TOKEN": "hunter2-value", "API_PASSWORD": "q\"uo'te\\d pass", "MY_SECRET": "ünï-cödé secret"}
DEFAULT = "default-of-a-secret"
INFO = "user-info-in-a-url"


def forms(text):
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]}


FORMS = sorted(form for text in (*SECRETS.values(), DEFAULT, INFO) for form in forms(text))


def leaks(blob, but=()):
    return [form for form in FORMS if form not in but and form.encode() in blob]


@pytest.fixture(params=["embedded", "filesystem"])
def kitchen(tmp_path, request):
    kitchen = Kitchen(tmp_path, rows=[row(0), row(1, lon="x"), row(2)], cache={"backend": request.param})
    kitchen.recipe["log"] = {"level": "debug", "file": ".stacbuild/build.log"}
    return kitchen


def everything_said(kitchen, env):
    """Run each command in words and as JSON, loudly too; return all that was said."""
    commands = [
        *(["build"], ["build", "-vv", "--force"], ["build", "-n"], ["build", "failed:*"], ["status"], ["check"]),
        *(["ls"], ["ls", "output:site"], ["why", "item:one/i0"], ["why", "item:one/i1"], ["why", "output:site"]),
        *(
            ["build", "nope:x"],
            ["why", "item:nope"],
            ["gc", "-n"],
            ["clean", "-n"],
            ["--log-format", "json", "build", "-vv"],
        ),
    ]
    said = b""
    for command in commands:
        for more in ([], ["--json"]):
            done = kitchen.run(*command, *more, env=env)
            said += f"\n{command}\n{done.out}\n{done.err}".encode()
    return said


def state_of(kitchen):
    """Yield every file of the state folder, and what is compressed in it as text."""
    for here, _, names in os.walk(kitchen / ".stacbuild"):
        for name in names:
            path = os.path.join(here, name)  # noqa: PTH118  bytes of any name
            blob = (kitchen / path).read_bytes()
            yield path, blob
            yield from ((f"{path} (unpacked)", text) for text in frames(blob))


def frames(blob):
    """Yield what every zstd frame in `blob` holds."""
    start = blob.find(b"\x28\xb5\x2f\xfd")
    while start >= 0:
        with contextlib.suppress(zstandard.ZstdError):
            yield zstandard.ZstdDecompressor().decompressobj().decompress(blob[start:])
        start = blob.find(b"\x28\xb5\x2f\xfd", start + 4)


def test_the_scan_finds_what_lies_compressed(kitchen):
    kitchen.recipe["mappings"]["plain"]["properties"]["mark"] = {"value": "needle-in-a-chunk"}
    kitchen.save()
    kitchen.build(exit_=1)
    assert any(b"needle-in-a-chunk" in blob for path, blob in state_of(kitchen) if "cache" in path)
    assert any(b"needle-in-a-chunk" in blob for path, blob in state_of(kitchen) if "memory" in path)


def test_secrets_that_only_locate_are_nowhere_at_all(kitchen):
    """A path or a base-url holds them: what is built from them is not theirs to be remembered with."""
    kitchen.recipe["sources"]["rows"]["path"] = "${X_TOKEN}.csv"
    kitchen.recipe["outputs"]["lines"]["base-url"] = f"https://u:{INFO}@example.com/"
    kitchen.recipe["outputs"]["site"] |= {"links": "absolute", "base-url": "https://example.com/${MY_SECRET:-x}/a"}
    kitchen.save()
    kitchen.write(f"{SECRETS['X_TOKEN']}.csv", (kitchen / "rows.csv").read_bytes())
    env = {"X_TOKEN": SECRETS["X_TOKEN"], "MY_SECRET": "m1-secret-value"}
    said = everything_said(kitchen, env)
    assert leaks(said) == []
    assert b"m1-secret-value" not in said
    assert b"***" in said
    for path, blob in state_of(kitchen):
        held = leaks(blob, but=forms(SECRETS["X_TOKEN"]) if "memory" in path else ())
        assert (path, held) == (path, [])
        assert b"m1-secret-value" not in blob


def test_secrets_in_values_are_in_outputs_and_documents_and_told_nowhere(kitchen):
    properties = kitchen.recipe["mappings"]["plain"]["properties"]
    properties |= {
        "a": {"template": "{key}-${X_TOKEN}"},
        "b": {"value": "${OTHER_PASSWORD:-" + DEFAULT + "}"},
        "c": {"value": "${MY_SECRET}"},
    }
    kitchen.recipe["collections"]["one"]["title"] = "Title ${X_TOKEN}"
    kitchen.save()
    env = {"X_TOKEN": SECRETS["X_TOKEN"], "MY_SECRET": SECRETS["MY_SECRET"]}
    said = everything_said(kitchen, env)
    assert leaks(said) == []
    assert SECRETS["X_TOKEN"] in (kitchen / "dist/one.ndjson").read_text()
    for path, blob in state_of(kitchen):
        if "/cache/" not in path:  # there lie the documents themselves
            assert (path, leaks(blob)) == (path, [])
    kitchen.recipe["mappings"]["plain"]["properties"]["a"]["template"] = "{key}+${X_TOKEN}"
    kitchen.save()
    changed = {**env, "X_TOKEN": "another-value"}
    told = everything_said(kitchen, changed)
    assert leaks(told) == []
    assert b"another-value" not in told


def test_secrets_in_values_that_fail_are_in_no_failure(kitchen):
    kitchen.rows([row(number) for number in range(3)])
    kitchen.recipe["mappings"]["plain"]["properties"] |= {
        "a": {"template": "{key}-${X_TOKEN}", "as": "number"},
    }
    kitchen.recipe["mappings"]["plain"]["properties"]["created"] = {"template": "${API_PASSWORD}"}
    for rule in (
        {"template": "{key}-${X_TOKEN}", "as": "number"},
        {"template": "x${API_PASSWORD}", "as": "datetime"},
        "gsd",
    ):
        kitchen.recipe["mappings"]["plain"]["properties"]["a"] = rule
        kitchen.save()
        said = everything_said(kitchen, SECRETS)
        assert leaks(said) == []
        assert len(kitchen.failures()) == 3
        assert all("***" in failure["message"] for failure in kitchen.failures())
        for path, blob in state_of(kitchen):
            but = forms(SECRETS["API_PASSWORD"]) if rule == "gsd" and "/cache/" in path else ()
            assert (path, leaks(blob, but=but)) == (path, [])


@pytest.mark.parametrize(
    "lines",
    [
        'base-url = "https://u:{info}@example.com/x?token={token}"',
        'api-key = "{token}"',
        'x = "${X_TOKEN}"',
        'headers = { Authorization = "Bearer {token}" }',
        'base-url = "not a url ${X_TOKEN}"',
        'kind = "${X_TOKEN}"',
    ],
)
def test_errors_of_the_recipe_show_no_secret(kitchen, lines):
    text = lines.replace("{info}", INFO).replace("{token}", DEFAULT)
    kind = "" if text.startswith("kind") else 'kind = "ndjson"\n'
    kitchen.write(
        "stacbuild.toml", (kitchen / "stacbuild.toml").read_text() + f'[outputs.x]\npath = "x"\n{kind}{text}\n'
    )
    for command in (
        ["build"],
        ["build", "--json"],
        ["check"],
        ["check", "--json"],
        ["check", "--output-format", "concise"],
    ):
        done = kitchen.run(*command, env=SECRETS)
        assert done.exit == 2
        assert leaks((done.out + done.err).encode()) == []


def test_a_secret_that_moves_in_a_header_or_nothing_runs_nothing(kitchen):
    """What is in no output is in no key: a secret in the cache's path, the log's."""
    kitchen.rows([row(0)])
    kitchen.recipe["log"]["file"] = "${LOG_TOKEN}.log"
    kitchen.save()
    kitchen.build(env={"LOG_TOKEN": "one-secret"})
    assert ran(kitchen.build(env={"LOG_TOKEN": "two-secret"})) == {}


def test_a_secret_that_moves_in_a_value_is_the_reason_why_and_is_not_shown(kitchen):
    kitchen.rows([row(0)])
    kitchen.recipe["extensions"] = {"more": {"use": "fields", "properties": {"x:y": "${OUR_TOKEN}"}}}
    kitchen.recipe["collections"]["one"]["extensions"] = ["more"]
    kitchen.save()
    kitchen.build(env={"OUR_TOKEN": "one-secret"})
    (item, *_) = kitchen.ask("status", env={"OUR_TOKEN": "two-secret"}, exit_=0)["stale"]
    (reason,) = item["reasons"]
    assert (reason["code"], reason["what"]) == ("extension-changed", "extensions.more")
    assert (reason["before"], reason["after"]) == ("***", "***")
