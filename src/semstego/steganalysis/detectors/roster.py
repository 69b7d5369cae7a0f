# SPDX-License-Identifier: Apache-2.0
"""The judges by name. The list of features, classifiers and schedules is frozen before any scheme is tuned by them."""

from dataclasses import replace

import torch

from semstego.steganalysis.detectors.base import FeatureJudge, Judge, RememberedJudge
from semstego.steganalysis.detectors.networks import DEVICE, SRNET, XUNET, NetworkJudge, TaughtJudge
from semstego.steganalysis.features.extraction import EXTRACTORS, Cache
from semstego.steganalysis.protocol import AuditProtocol

NETWORKS: dict[str, NetworkJudge] = {
    one.name: one for one in (NetworkJudge("XuNet", XUNET), NetworkJudge("SRNet", SRNET))
}
PUBLISHED_WIDTH = {"XuNet": 8, "SRNet": 16}
ENSEMBLE = ("SRMQ1", "SRM")  # features of more dimensions than a linear classifier can take


def judges_by_name(names: list[str], protocol: AuditProtocol, cache: Cache, workers: int) -> list[Judge]:
    """Judges of maps.

    Raises:
        KeyError: If there is none of that name.
    """
    return [_judge(name, protocol, cache, workers) for name in names]


def _judge(name: str, protocol: AuditProtocol, cache: Cache, workers: int) -> Judge:
    network = NETWORKS.get(name)
    if network is None:
        return RememberedJudge(FeatureJudge(EXTRACTORS[name], cache, workers, ensemble=name in ENSEMBLE), name, cache)
    where = f"torch {torch.__version__} {DEVICE}"  # whose arithmetic differs in the last digits
    if protocol.name != "paper":
        return RememberedJudge(TaughtJudge(network), f"taught {name} {network.settings} {where}", cache)
    # As the paper's authors did: every case from fresh weights of published width, on the maps themselves.
    width = PUBLISHED_WIDTH[name]
    fresh = replace(network, settings=replace(network.settings, width=width, epochs=150, patience=150, joint=False))
    return RememberedJudge(fresh, f"fresh {name} {fresh.settings} {where}", cache)
