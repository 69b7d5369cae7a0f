# SPDX-License-Identifier: Apache-2.0
"""Turn measured detectability into the advice that `semstego capacity` gives.

    python benchmarks/advise.py        # results/detectability.json -> src/semstego/weights/advice.json

The advice is the highest measured rate at which the judge's P_E stays at 0.45 or above at both stages.
"""

import json
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent.parent
RESULTS = HOME / "results" / "detectability.json"
ADVICE = HOME / "src" / "semstego" / "weights" / "advice.json"
METHOD = "side-informed HILL"
LEAST_P_E = 0.45


def advice(results: dict[str, Any]) -> dict[str, Any]:
    """Rate [bpp], picture size [pixels] and P_E of the stage that gives more away."""
    rows = [row for row in results["rows"] if row["method"] == METHOD]
    worst = {
        rate: min(row["p_e"]["estimate"] for row in rows if row["bpp"] == rate) for rate in {r["bpp"] for r in rows}
    }
    rate = max(rate for rate, p_e in worst.items() if p_e >= LEAST_P_E)
    side, pictures = results["config"]["side"], results["data"]["fit"]["pictures"]
    where = (
        f"SPAM-686 per channel with a linear judge trained on {pictures} pairs, {side}x{side} pictures, "
        "results/detectability.json; scaled to other sizes by the square-root law; stronger judges may find more"
    )
    return {"bpp": rate, "pixels": side * side, "p_e": worst[rate], "measured": where}


if __name__ == "__main__":
    ADVICE.write_text(json.dumps(advice(json.loads(RESULTS.read_text())), indent=2) + "\n")
