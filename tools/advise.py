# SPDX-License-Identifier: Apache-2.0
"""Turn measured detectability into the advice that `semstego capacity` gives.

    python -m tools.advise        # results/audit*.json, those in RESULTS -> src/semstego/weights/advice.json

The advice is the highest measured rate at which the P_E of every detector stays at 0.45 or above at both stages.
"""

import json
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent.parent
TABLES = ("audit", "audit_low", "audit_srm", "audit_xunet", "audit_xunet_pictures")
RESULTS = tuple(HOME / "results" / f"{name}.json" for name in TABLES)
ADVICE = HOME / "src" / "semstego" / "weights" / "advice.json"
SCHEME = "syndrome"
SIDE, SYMBOLS = 64, 10 * 32 * 32  # of a crop [pixels], and of its cr085 [symbols]
LEAST_P_E = 0.45


def advice(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Rate, size and P_E of the detector and stage that give most away."""
    worst: dict[float, float] = {}
    cells = [cell for one in results for cell in one["cells"]]
    for cell in cells:
        scheme, rate = cell["case"].split()
        if scheme == SCHEME:
            worst[float(rate)] = min(worst.get(float(rate), 1.0), cell["p_e"]["estimate"])
    rate = max(rate for rate, p_e in worst.items() if p_e >= LEAST_P_E)
    names = ", ".join(sorted({cell["judge"] for cell in cells}))
    where = (
        f"detectors {names}, trained on {cells[0]['training_pairs']} pairs, {SIDE}x{SIDE} pictures, "
        "docs/audit.md; scaled to other sizes by the square-root law; stronger detectors may find more"
    )
    return {
        "scheme": SCHEME,
        "codec": "cr085-plain",
        "channels": 3,
        "bits_per_symbol": rate * SIDE * SIDE / SYMBOLS,
        "symbols": SYMBOLS,
        "p_e": worst[rate],
        "measured": where,
    }


if __name__ == "__main__":
    ADVICE.write_text(json.dumps(advice([json.loads(path.read_text()) for path in RESULTS]), indent=2) + "\n")
