"""`stacbuild schema`: the JSON Schema of the recipe, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacbuild.cli import options

if TYPE_CHECKING:
    from stacbuild.cli.session import Session

EPILOG = """\b
Save it beside the recipe, and name it in the recipe's first line:
    stacbuild schema > stacbuild.schema.json
    #:schema ./stacbuild.schema.json

Editors with taplo (Even Better TOML) or tombi then complete keys, explain them and underline what is wrong.
"""


@options.command("schema", epilog=EPILOG)
@options.session
def command(session: Session) -> int:
    """Print the JSON Schema of recipes, for editors (draft-07).

    No recipe is needed. It says less than `stacbuild check`, which knows names and files.
    """
    from stacbuild.recipe.editors import recipe_schema  # noqa: PLC0415
    from stacbuild.report import SchemaReport  # noqa: PLC0415

    return session.show(SchemaReport(recipe_schema()))
