# SPDX-License-Identifier: Apache-2.0
"""Make the demo's bundled photographs from those in the scikit-image wheel (CC0 or public domain).

python -m tools.bundle_photographs
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import skimage
import skimage.data
from PIL import Image

TARGET = Path(__file__).parent.parent / "src" / "semstego" / "datasets" / "photographs"
LONG_SIDE = 320  # pixels
PHOTOGRAPHS = {
    "astronaut": ("Eileen Collins, 1993", "NASA", "public domain (NASA)"),
    "chelsea": ("Chelsea the cat", "Stefan van der Walt", "CC0-1.0"),
    "coffee": ("Pikolo Espresso Bar", "Rachel Michetti", "CC0-1.0"),
    "rocket": ("Falcon 9, DSCOVR launch, 2015", "SpaceX", "CC0-1.0"),
    "camera": ("Cameraman (grey)", "Lav Varshney", "CC0-1.0"),
}


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    credits = []
    for name, (title, author, licence) in PHOTOGRAPHS.items():
        image = Image.fromarray(getattr(skimage.data, name)())
        scale = LONG_SIDE / max(image.size)
        small = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        small.save(TARGET / f"{name}.png", optimize=True)
        credits.append(
            {
                "file": f"{name}.png",
                "title": title,
                "author": author,
                "licence": licence,
                "source": f"scikit-image {skimage.__version__}, skimage.data.{name}, reduced by Lanczos",
                "pixels_sha256": hashlib.sha256(np.asarray(small).tobytes()).hexdigest(),
            }
        )
    (TARGET / "credits.json").write_text(json.dumps(credits, indent=2) + "\n")


if __name__ == "__main__":
    main()
