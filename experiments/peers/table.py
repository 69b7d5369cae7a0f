# SPDX-License-Identifier: Apache-2.0
"""Other people's tools and ours: payload, quality, what survives, speed, and how easily each is found.

    python -m experiments.peers.table ../shared/photos [--workers 2] [--keep FOLDER]        # results/peers.json

Test photographs whose short side is 512 pixels at least, evenly spread over the list, the short side reduced to 512. It
is ``semstego compare peers --detect`` with the provenance that published figures have. The peers' environments are made
by ``semstego peers install``.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import Progress

from experiments import record
from semstego.codecs import registry
from semstego.datasets import folder
from semstego.evaluation.contenders import OfPeer, OfSystem
from semstego.evaluation.peers import CHANNELS, PeerStudy, table
from semstego.peers.base import PEERS
from semstego.schemes.base import SCHEMES
from semstego.steganalysis.sources.studied import detection
from semstego.system.stego_system import StegoSystem

SEED = 17
PICTURES, MESSAGE_BYTES = 20, 32
DETECTORS = ("SPAM", "SRMQ1")
SYSTEMS = (("robust", "cr085"), ("certified", "cr085"), ("syndrome", "cr085-plain"), ("lsb", "cr085-plain"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for what is done; a run that was killed goes on from there")
    given = parser.parse_args()
    pictures = list(chosen(record.photographs(given.photos, "test")))
    ours = [OfSystem(StegoSystem(registry.load(codec), SCHEMES.get(scheme))) for scheme, codec in SYSTEMS]
    theirs = [OfPeer(name) for name in PEERS.shipped()]
    study = Kept(CHANNELS, MESSAGE_BYTES, SEED, keeping=True, folder=given.keep)
    with Progress() as bar:
        task = bar.add_task("starting", total=1.0)

        def progress(what: str, share: float) -> None:
            bar.update(task, description=what, completed=share)
            if share == 1.0:
                bar.print(what)

        found, made = study.of_all([*ours, *theirs], pictures, given.workers, progress, ours[:1])
        cells, report = detection(made, DETECTORS, given.workers, progress)
    found = [one | ({"detection": cells[one["name"]]} if one["name"] in cells else {}) for one in found]
    print(table(found))
    by_name = {one["name"]: one for one in found}
    without = {name: one["channels"][0] for name, one in by_name.items() if "absent" not in one}
    record.write(
        "peers",
        {"contenders": [_short(one) for one in found], "controls": _short(report["controls"])},
        config={
            "systems": SYSTEMS,
            "peers": PEERS.shipped(),
            "short_side": record.SHORT_SIDE,
            "message_bytes": MESSAGE_BYTES,
            "channels": CHANNELS,
            "search": True,
            "detectors": DETECTORS,
        },
        seed=SEED,
        data=record.describe(given.photos, "test") | {"pictures": len(pictures)},
        bars={
            "every peer has a row": record.bar(float(len(by_name)), at_least=float(len(SYSTEMS) + len(theirs))),
            "ours without a channel: least share exact": record.bar(
                min(row["share"]["mean"] for name, row in without.items() if by_name[name]["ours"]), at_least=1.0
            ),
            "ours: messages read wrong": record.bar(
                sum(row["wrong"] for one in found if one["ours"] for row in one["channels"]), at_most=0
            ),
        },
        codecs=[*{codec: None for _, codec in SYSTEMS}, "cr025"],
    )


def _short(tree):
    """Without the curves and the errors of single pairs that the audit's cells hold."""
    if isinstance(tree, dict):
        return {key: _short(value) for key, value in tree.items() if key not in ("roc", "errors_of_pairs")}
    return [_short(one) for one in tree] if isinstance(tree, list) else tree


@dataclass(frozen=True)
class Kept(PeerStudy):
    """Contenders that are done are read from a folder.

    Attributes:
        folder: Where; None keeps nothing. It is for one set of photographs and one version of everything.
    """

    folder: Path | None = None

    def of(self, contender, pictures, workers, progress):
        """See the study."""
        if self.folder is None:
            return super().of(contender, pictures, workers, progress)
        name = f"{contender.facts['name']} {self.message_bytes}".replace(":", "").replace(" ", "-")
        facts, arrays = self.folder / f"{name}.json", self.folder / f"{name}.npz"
        if not facts.exists():
            one, pairs = super().of(contender, pictures, workers, progress)
            self.folder.mkdir(parents=True, exist_ok=True)
            np.savez(arrays, **{f"{i} {side}": pair[side] for i, pair in enumerate(pairs) if pair for side in (0, 1)})
            facts.write_text(json.dumps(one))
        found = np.load(arrays)
        names = set(found.files)
        pairs = [(found[f"{i} 0"], found[f"{i} 1"]) if f"{i} 0" in names else None for i in range(len(pictures))]
        return json.loads(facts.read_text()), pairs


def chosen(paths: list[Path]) -> list[np.ndarray]:
    """Pictures of the list that are large enough, evenly spread, reduced."""
    large = []
    for path in paths:
        with Image.open(path) as image:
            if min(image.size) >= record.SHORT_SIDE:
                large.append(path)
    spread = [large[place] for place in np.linspace(0, len(large) - 1, PICTURES).round().astype(int)]
    return [folder.reduced(picture, record.SHORT_SIDE) for picture in folder.in_channels(spread, 3)]


if __name__ == "__main__":
    main()
