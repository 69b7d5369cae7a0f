# SPDX-License-Identifier: Apache-2.0
"""The paper's Figs. 6 and 7, ROC curves at 1 bpp, from audits that are in results/.

    python -m experiments.learned.roc                       # docs/figure6.svg (64x64), docs/figure7.svg (256x256)

For each case the detector with the lowest P_E; of one that missed its controls that is an upper bound.
"""

import json

from experiments import record
from semstego.plots.audit import roc_and_learning

FIGURES = {
    "figure6": ["audit_adversarial"],
    "figure7": ["audit_256_adversarial", "audit_256_learned"],
}


def main() -> None:
    for figure, names in FIGURES.items():
        reports = [json.loads((record.RESULTS / f"{name}.json").read_text()) for name in names]
        cells = [cell for report in reports for cell in report["cells"] if cell["case"].endswith(" 1")]
        named = [cell | {"case": short(cell["case"])} for cell in cells]
        (record.ROOT / "docs" / f"{figure}.svg").write_bytes(roc_and_learning({"cells": named}))


def short(case: str) -> str:
    """Without the place of an object."""
    return case.rpartition(":")[2]


if __name__ == "__main__":
    main()
