# SPDX-License-Identifier: Apache-2.0
"""The paper's Fig. 6, ROC curves at 1 bpp, from an audit that is in results/.

    python -m experiments.learned.roc                       # docs/figure6.svg (64x64)

For each case the detector that finds most, among those that found their controls in the same run.
"""

import json

from experiments import record
from semstego.plots.audit import roc_and_learning

FIGURES = {"figure6": "audit_adversarial"}


def main() -> None:
    for figure, name in FIGURES.items():
        report = json.loads((record.RESULTS / f"{name}.json").read_text())
        cells = [cell | {"case": short(cell["case"])} for cell in report["cells"] if cell["case"].endswith(" 1")]
        (record.ROOT / "docs" / f"{figure}.svg").write_bytes(roc_and_learning(report | {"cells": cells}))


def short(case: str) -> str:
    """Without the place of an object."""
    return case.rpartition(":")[2]


if __name__ == "__main__":
    main()
