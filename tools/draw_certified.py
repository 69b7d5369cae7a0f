# SPDX-License-Identifier: Apache-2.0
"""Draw the two pictures of docs/certified.md.

python -m tools.draw_certified        # docs/certified_law.svg, docs/certified_polar.svg
"""

from pathlib import Path

from semstego.plots import certified

DOCS = Path(__file__).parents[1] / "docs"

if __name__ == "__main__":
    (DOCS / "certified_law.svg").write_bytes(certified.law_of_a_symbol())
    (DOCS / "certified_polar.svg").write_bytes(certified.polar_tree())
