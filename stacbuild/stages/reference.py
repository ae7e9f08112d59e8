"""The reference library as validator: it says whether a document keeps a schema; slower, and with the same verdicts.

Its function that judges by one schema is given our documents in place of what it would fetch. It reads every schema as
draft 2020-12 and asserts no format; so older drafts are handed to it as 2020-12, and formats are ours to tell. Its own
words are used only where the compiled validator sees nothing wrong. Never: the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stacbuild.failures import Fault, Problem, UsageError
from stacbuild.stages.family import Family, Validators, prepared
from stacbuild.stages.modern import as_2020
from stacbuild.stages.paths import pointer
from stacbuild.stages.wording import faults_in, formats_in, reason_in

PACKAGE = "stac-valid"


def name() -> str:
    """Return the library's name with its version, as keys hold it.

    Raises:
        UsageError: it is not installed.
    """
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  slow to load, and seldom asked

    try:
        return f"{PACKAGE} {version(PACKAGE)}"
    except PackageNotFoundError:
        text = f'the engine "{PACKAGE}" is not installed'
        hint = "pip install 'stacbuild[stac-valid]', or set validation.engine = \"fast\""
        raise UsageError(Problem("SB307", text, hint=hint)) from None


class Reference:
    """Judges by one schema after the other; keeps the documents that it has prepared."""

    def __init__(self) -> None:
        name()
        self._documents: dict[str, dict[str, Any]] = {}

    def faults(
        self, family: Family, validators: Validators, document: dict[str, Any], url: str, formats: str
    ) -> list[Fault]:
        """Return what is wrong with a document by a schema that compiles."""
        faults: list[Fault] = []
        try:
            refusal = self._refusal(family, document)
        except Exception as error:  # noqa: BLE001  whatever a stranger's schema does to the library
            faults.append(_unusable(error, url))
            refusal = None if validators.asserted.is_valid(document) else error
        if refusal is not None:
            faults += list(faults_in(validators.asserted.iter_errors(document), url)) or [_in_its_words(refusal, url)]
        elif formats != "off" and not validators.asserted.is_valid(document):
            faults += faults_in(_only_formats(validators.asserted.iter_errors(document)), url)
        if validators.every is not None and not validators.every.is_valid(document):
            known = {fault.path for fault in faults}
            warnings = formats_in(validators.every.iter_errors(document), url, formats)
            faults += [fault for fault in warnings if fault.path not in known]
        return faults

    def _refusal(self, family: Family, document: dict[str, Any]) -> Any:
        """Return the library's error, or None."""
        from jsonschema import ValidationError  # noqa: PLC0415  the library brings it
        from stac_validator import utilities  # noqa: PLC0415  only with this engine

        if family.url not in self._documents:
            documents = prepared(family.documents(), frozenset())
            self._documents[family.url] = {url: as_2020(one) for url, one in documents.items()}
        try:
            with _served(utilities, self._documents[family.url]):
                utilities.validate_with_ref_resolver(family.url, document)
        except ValidationError as error:
            return error
        return None


@contextmanager
def _served(utilities: Any, documents: dict[str, Any]) -> Iterator[None]:
    """Let the library find `documents` where it would look on the network."""

    def found(url: str) -> Any:
        address = url.partition("#")[0]
        if address not in documents:
            raise LookupError(f"{address} is not at hand")
        return documents[address]

    before = utilities.fetch_and_parse_schema
    utilities.fetch_and_parse_schema = found
    try:
        yield
    finally:
        utilities.fetch_and_parse_schema = before


def _only_formats(errors: Any) -> Iterator[Any]:
    for error in errors:
        branches = getattr(error.kind, "context", None) or []
        if error.kind.name == "format":
            yield error
        for branch in branches:
            yield from _only_formats(branch)


def _unusable(error: Exception, url: str) -> Fault:
    text = f"the reference library cannot use schema {url}: {reason_in(error)}; the compiled one judged"
    return Fault("validate", "SB303", text, "/stac_extensions", 'repair it, or set engine = "fast"', warning=True)


def _in_its_words(error: Any, url: str) -> Fault:
    path = pointer(*(str(part) for part in error.absolute_path))
    return Fault("validate", "SB301", str(error.message)[:300], path, f"schema {url}")
