"""An example for the codes that one helps with: what is wrong, and what is right, in a few lines."""

from __future__ import annotations

EXAMPLES: dict[str, str] = {
    "SB001": "stacbuild biuld          # no such command\nstacbuild build",
    "SB100": 'id = boreal              # a text needs quotes\nid = "boreal"',
    "SB101": "[sources.scenes]\npage-sise = 100          # unknown key\npage-size = 100",
    "SB102": '[collections.scenes]\nfrom = ["scnes"]         # no source has this name\nfrom = ["scenes"]',
    "SB103": '[outputs.site]\nindent = "two"           # a number is wanted\nindent = 2',
    "SB104": '[sources.scenes]         # `key` is missing\nkind = "table"\npath = "scenes.csv"\nkey = "scene_id"',
    "SB105": 'gsd = { from = "res", value = 10 }     # a column or a constant, not both\ngsd = { from = "res" }',
    "SB106": 'path = "${DATA}/a.csv"             # DATA is not set\npath = "${DATA:-data}/a.csv"',
    "SB107": '[outputs.a]\npath = "dist/x.ndjson"\n[outputs.b]\npath = "dist/x.ndjson"   # the same file',
    "SB108": '[sources.scenes]\npath = "dta/scenes.csv"   # there is only data/scenes.csv\npath = "data/scenes.csv"',
    "SB109": '[validation]\nschemas = ["schemas/"]    # the folder stands beside the recipe',
    "SB111": 'id = { template = "{mission}_{scene" }    # the second brace is not closed\n'
    'id = { template = "{mission}_{scene}" }',
    "SB113": 'include = ["conf/missions.toml"]         # relative to the file that this line stands in',
    "SB114": '# common.toml\n[build]\njobs = 4\n# stacbuild.toml\ninclude = ["common.toml"]\n'
    "[build]\njobs = 2                                 # set there already",
    "SB115": '[matrix]\ntile = ["33U", "34U"]\n'
    '[sources.scenes]                         # the name must hold the axis too\npath = "{matrix.tile}.csv"\n'
    '[sources."scenes-{matrix.tile}"]\npath = "{matrix.tile}.csv"',
    "SB201": 'title = "name"                            # the record has no `name`\n'
    'title = { from = "name", required = false }\ntitle = { from = "name", default = "untitled" }',
    "SB202": '[mappings.scenes.lookups.missions]\nS2A = "sentinel-2a"       # the record says S2B\nS2B = "sentinel-2b"',
    "SB203": 'gsd = { from = "res", as = "number" }     # the record says "10 m"',
    "SB204": 'datetime = { from = "day", as = "datetime" }     # the record says 31/12/2024\n'
    'datetime = { from = "day", as = "datetime", format = "%d/%m/%Y" }',
    "SB205": 'id = { template = "{mission}_{scene}" }',
    "SB206": 'geometry = { wkt = "footprint", default = "null" }',
    "SB207": "POLYGON((0 0, 1 0, 1 1))           # the ring does not close\nPOLYGON((0 0, 1 0, 1 1, 0 0))",
    "SB208": 'geometry = { lon = "x", lat = "y" }                        # x is 500000.0, metres\n'
    'geometry = { lon = "x", lat = "y", crs = "EPSG:32633" }',
    "SB210": 'geometry = { wkt = "footprint", crs = "EPSG:32633" }',
    "SB211": 'href = { from = "url", required = false }     # leaves the asset out where there is no value',
    "SB212": 'datetime = { from = "acquired", as = "datetime" }\n# or\nstart_datetime = { from = "begins", '
    'as = "datetime" }\nend_datetime = { from = "ends", as = "datetime" }',
    "SB213": 'id = { template = "{bands.0}_{scene}" }',
    "SB293": 'id = "day"                                # two records of one day\nid = { template = "{day}_{tile}" }',
    "SB301": "/properties/eo:cloud_cover: 101 is more than 100",
    "SB302": '[validation]\nschemas = ["schemas/"]    # schemas/https/stac-extensions.github.io/eo/v1.1.0/schema.json',
    "SB307": '[validation]\nengine = "stac-valid"      # pip install "stacbuild[stac-valid]"',
    "SB310": '"coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]      # the last position is the first one',
    "SB311": '"coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]      # counterclockwise',
    "SB313": '"coordinates": [-120.5, 38.2]      # lon first, then lat, in degrees',
    "SB314": '"bbox": [-120.5, 38.2, -120.1, 38.6]      # west, south, east, north',
    "SB491": 'key = ["mission", "scene"]    # or key = "*"',
    "SB492": 'key = ["mission", "scene"]',
    "SB415": "id,name,name              # in the file\nid,name,name_2",
    "SB418": 'encoding = "cp1252"\ndelimiter = ";"',
    "SB501": "stacbuild build S2A_1          # of what kind?\nstacbuild build item:S2A_1",
    "SB502": "stacbuild why item:S2A_l       # no such item\nstacbuild ls 'item:S2A_*'",
    "SB503": "stacbuild build output:site\nstacbuild build item:S2A_1",
    "SB505": "stacbuild why item:S2A_1\nstacbuild why item:level-1c/S2A_1",
    "SB603": "stacbuild build --adopt",
    "SB605": "stacbuild build                # waits\nstacbuild build --no-wait      # exits 5",
    "SB612": "stacbuild build --max-deletions 100%",
    "SB702": "[collections.scenes]\nextent = { bbox = [[20.0, 55.0, 40.0, 70.0]] }",
    "source-changed": 'source-changed: scenes: S2A_1: "3f1c…" -> "a07b…"',
    "source-gone": "stacbuild build --max-deletions 100%    # lets all of them go",
    "mapping-changed": 'mapping-changed: mappings.scenes.title: "{id}" -> "Scene {id}" (stacbuild.toml:41)',
    "collection-changed": 'collection-changed: collections.scenes.title: "Scene" -> "Scenes" (stacbuild.toml:52)',
    "output-changed": "output-changed: outputs.site.indent: 2 -> 4 (stacbuild.toml:60)",
    "output-edited": "stacbuild build output:site    # writes what the recipe says",
    "failed-before": "stacbuild build 'failed:*'",
    "forced": "stacbuild build --force item:S2A_1",
    "evicted": "stacbuild gc --max-size 20GB",
    "SB112": '[collections."s2-*-a"]\n[collections."s2-b-*"]   # of one length, and both match s2-b-a\n'
    "[collections.s2-b-a]      # a table of its own decides",
    "SB116": '[collections."sentinel_2-*"]      # the items say sentinel-2-l2a\n[collections."sentinel-2-*"]',
    "SB221": '[collections.sharp]\nwhere = "gsd < 5"             # an item with gsd = 10 is dropped',
    "SB294": '[collections.scenes]\non-duplicate = "first"        # of two records of one id the first is taken',
    "SB401": "id,title                      # two columns\nS1,Oslo, in winter            # three cells\n"
    'S1,"Oslo, in winter"',
    "SB402": '[sources.scenes]\nencoding = "latin-1"          # or "cp1252", as Excel writes it',
    "SB405": 'S1,"a 5" tube"                # the quote inside is not doubled\nS1,"a 5"" tube"',
    "SB409": '[sources.features]\nkind = "stac-items"           # GeoJSON, not STAC\nkind = "table"                # '
    "and a mapping makes items of it",
    "SB416": 'key = "Scene_ID"              # the header says scene_id\nkey = "scene_id"',
    "SB417": "cat a.json                    # written a line an object\nmv a.json a.ndjson",
    "SB500": "stacbuild init scenes.csv     # writes a first one\nstacbuild -f recipes/boreal.toml build",
    "SB540": "scene_id,date                 # a header alone: nothing to guess from",
    "SB541": "stacbuild init data/scenes.csv\nstacbuild init data/            # a folder of tables or STAC files",
    "SB542": "stacbuild init --list\nstacbuild init --from points-csv",
    "SB543": "stacbuild init scenes.csv -o scenes.toml\nstacbuild init scenes.csv --force",
    "SB720": '{"gsd": 10, "gsd": 20}        # 20 counts here, elsewhere perhaps 10',
    "lookup-changed": 'lookup-changed: mappings.scenes.lookups.missions.S2C: nothing -> "sentinel-2c"',
    "output-missing": "stacbuild build output:site    # writes it again",
    "schema-changed": 'schema-changed: validation.level: "warn" -> "strict" (stacbuild.toml:70)',
}
"""Code → lines to show. Those without one say all in their sentence."""
