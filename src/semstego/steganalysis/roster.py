# SPDX-License-Identifier: Apache-2.0
"""The judges by name. The list of features, classifiers and schedules is frozen before any scheme is tuned by them."""

from dataclasses import replace

from semstego.steganalysis.audit import AuditProtocol
from semstego.steganalysis.extraction import EXTRACTORS, Cache
from semstego.steganalysis.judges import FeatureJudge, Judge
from semstego.steganalysis.networks import SRNET, XUNET, NetworkJudge, NetworkSettings, TaughtJudge

ENSEMBLE = ("SRMQ1", "SRM")  # features of more dimensions than a linear classifier can take


def judges_by_name(names: list[str], protocol: AuditProtocol, cache: Cache, workers: int) -> list[Judge]:
    """Judges of maps.

    Raises:
        KeyError: If there is none of that name.
    """
    return [_judge(name, protocol, cache, workers) for name in names]


def _judge(name: str, protocol: AuditProtocol, cache: Cache, workers: int) -> Judge:
    if name in ("XuNet", "SRNet"):
        return TaughtJudge(NetworkJudge(name, _settings(name, protocol)))  # type: ignore[arg-type]
    return FeatureJudge(EXTRACTORS[name], cache, workers, ensemble=name in ENSEMBLE)


def _settings(name: str, protocol: AuditProtocol) -> NetworkSettings:
    """What a CPU affords; or the paper's number of epochs, and as it did, on the maps themselves."""
    settings = XUNET if name == "XuNet" else SRNET
    return replace(settings, epochs=150, patience=150, joint=False) if protocol.name == "paper" else settings
