# SPDX-License-Identifier: Apache-2.0
"""docs/configuration.md tells every key of the configurations that trainings read."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import Field, PositiveInt

from semstego.training.config import Settings
from tools import configuration

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")


class Example(Settings):
    """Settings."""

    count: PositiveInt | None = None
    """Of :class:`things`, ``n``."""
    share: Annotated[float, Field(ge=0, lt=1)]
    """A | B."""
    kind: Literal["one", "two"] = "one"
    """Which."""
    sizes: tuple[PositiveInt, ...] = (3, 4)
    """Many."""
    named: dict[str, float]
    """Some."""


class Silent(Settings):
    """Settings with a key that nothing is said of."""

    count: int
    other: int = 1
    """Something is said of this one."""


def keys(node):
    """All keys of a YAML document, but names that the user chooses."""
    for key, value in node.items():
        yield key
        if isinstance(value, dict) and key != "weights":
            yield from keys(value)


def test_the_page_is_what_the_classes_say():
    assert configuration.main(["--check"]) == 0, "run: python -m tools.configuration"


@pytest.mark.parametrize("config", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_page_has_every_key_of_the_configurations_that_ship(config):
    missing = {key for key in keys(yaml.safe_load(config.read_text(encoding="utf-8"))) if f"| `{key}` |" not in PAGE}
    assert not missing


def test_rows_say_values_defaults_and_meanings():
    assert configuration.table(Example).splitlines()[2:] == [
        "| `count` | integer > 0 or null | `null` | Of `things`, `n`. |",
        "| `share` | number ≥ 0, < 1 |  | A \\| B. |",
        "| `kind` | `one` or `two` | `one` | Which. |",
        "| `sizes` | list of integer > 0 | `[3, 4]` | Many. |",
        "| `named` | names, each with a number |  | Some. |",
    ]


def test_a_key_without_a_word_is_an_error():
    with pytest.raises(ValueError, match="Silent: no word about count"):
        configuration.table(Silent)
