"""A file that an extension read and that is gone is noticed, also after a build of something else."""

from kitchen import Kitchen

PLUGIN = """
class Size:
    name = "size"

    def apply(self, item, config, ctx):
        item["properties"]["there"] = ctx.exists("beside.bin")
        return item
"""


def test_a_file_that_vanished_before_a_targeted_build_is_not_forgotten(tmp_path):
    kitchen = Kitchen(tmp_path, rows=2)
    kitchen.write("plugins/size.py", PLUGIN)
    kitchen.write("beside.bin", b"12")
    kitchen.recipe["extensions"] = {"size": {"use": "plugins/size.py:Size"}}
    kitchen.recipe["collections"]["one"]["extensions"] = ["size"]
    kitchen.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "plain"}
    kitchen.save()
    kitchen.build()
    (kitchen / "beside.bin").rename(tmp_path / "away.bin")
    kitchen.build("collection:two")
    assert [item["properties"]["there"] for item in kitchen.items()] == [True, True]
    kitchen.build()
    assert [item["properties"]["there"] for item in kitchen.items()] == [False, False]
    assert kitchen.ask("status")["fresh"]
    (tmp_path / "away.bin").rename(kitchen / "beside.bin")
    kitchen.build()
    assert [item["properties"]["there"] for item in kitchen.items()] == [True, True]
