# SPDX-License-Identifier: Apache-2.0
"""What ``objects.json`` says of the cut-outs: which stamps and photographs, from which packages and licences."""

import csv
import gzip
import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import PIL

from semstego.datasets.built import objects
from semstego.datasets.built.objects.plan import Plan, manifest
from semstego.datasets.folder import MANIFEST, provenance
from semstego.errors import DataError


def describe(plan: Plan, backgrounds: Path, stamps: Path, arguments: dict[str, Any]) -> dict[str, Any]:
    """Everything that ``objects.json`` says but the checksums of the sets.

    Raises:
        DataError: If the manifest lacks a column.
    """
    rows = manifest(backgrounds)
    names = [path.relative_to(backgrounds).as_posix() for path in plan.backgrounds]
    try:
        origin = provenance(backgrounds, list(plan.backgrounds))
    except (KeyError, ValueError, csv.Error) as error:
        raise DataError(f"{backgrounds / MANIFEST} cannot be used ({error})") from None
    digest = hashlib.sha256()
    for stamp in plan.stamps:
        digest.update(hashlib.sha256((stamps / stamp.path).read_bytes()).digest())
    return arguments | {
        "classes": plan.classes,
        "versions": {"semstego": version("semstego"), "numpy": np.__version__, "pillow": PIL.__version__},
        "stamps_from": {
            "package": objects.PACKAGE,
            "version": _version(stamps),
            "licence": objects.LICENCE,
            "sha256_of_their_sha256": digest.hexdigest(),
        },
        "stamps_left_out": objects.LEFT_OUT,
        "backgrounds_from": origin,
        "stamps": [
            {"path": stamp.path, "class": plan.classes[stamp.label], "identity": stamp.identity}
            | {"seen": stamp.identity not in plan.unseen}
            for stamp in plan.stamps
        ],
        "backgrounds": [
            {"file": name, "set": of, **{key: rows.get(name, {}).get(key) for key in ("package", "licence")}}
            for name, of in zip(names, plan.background_sets, strict=True)
        ],
    }


def _version(stamps: Path) -> str | None:
    """Of the Debian package, where its change log lies beside the stamps."""
    log = stamps.resolve().parents[1] / "doc" / objects.PACKAGE / "changelog.Debian.gz"
    try:
        with gzip.open(log, "rt", encoding="utf-8") as file:
            return file.readline(200).split("(")[1].split(")")[0]
    except (OSError, EOFError, ValueError, IndexError):
        return None
