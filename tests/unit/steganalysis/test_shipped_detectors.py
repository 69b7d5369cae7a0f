# SPDX-License-Identifier: Apache-2.0
"""The shipped detectors are found by the names of their files, and are prepared by the protocol of the audit."""

import subprocess
import sys
from pathlib import Path

import pytest

from semstego.errors import ArgumentError
from semstego.steganalysis import detectors
from semstego.steganalysis.detectors.base import DETECTORS, Detector, Setting
from semstego.steganalysis.learning.network_detector import NetworkDetector, PretrainedNetwork
from semstego.steganalysis.protocol import PAPER, RIGOROUS

SHIPPED = ("dense", "histogram", "joint", "SPAM", "SRM", "SRMQ1", "SRNet", "XuNet")  # as tables spell them
NETWORKS = ("dense", "SRNet", "XuNet")


def test_every_file_of_the_folder_is_a_detector_by_its_name_in_any_case():
    files = {path.stem for path in Path(detectors.__file__).parent.glob("*.py")} - {"__init__", "base"}
    assert sorted(DETECTORS.names()) == sorted(files) == sorted(name.lower() for name in SHIPPED)
    for name in SHIPPED:
        found = DETECTORS.get(name)
        assert isinstance(found, Detector)
        assert found is DETECTORS.get(name.lower()) is DETECTORS.get(name.upper())
        assert found.name == name == found.prepared(Setting(RIGOROUS)).name


def test_a_name_that_is_not_there_lists_those_that_are():
    with pytest.raises(ArgumentError, match="joint, spam"):
        DETECTORS.get("Solomon")


def test_torch_is_imported_for_networks_alone():
    code = f"""
import sys
from semstego.steganalysis import audit
from semstego.steganalysis.detectors.base import DETECTORS
for name in {[name for name in SHIPPED if name not in NETWORKS]}:
    DETECTORS.get(name)
print("torch" in sys.modules)
DETECTORS.get("XuNet")
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("name", ["XuNet", "SRNet"])
def test_the_papers_networks_start_from_random_weights_on_maps_and_learn_for_150_epochs(name):
    paper, rigorous = (DETECTORS.get(name).prepared(Setting(plan)).detector for plan in (PAPER, RIGOROUS))
    assert isinstance(paper, NetworkDetector)
    assert paper.start is None
    assert (paper.settings.epochs, paper.settings.patience, paper.settings.joint) == (150, 150, False)
    assert paper.settings.width == {"XuNet": 8, "SRNet": 16}[name]
    assert isinstance(rigorous, PretrainedNetwork)
    assert rigorous.detector.settings.joint


def test_detectors_of_different_settings_do_not_share_what_is_kept():
    both = [DETECTORS.get(name).prepared(Setting(plan)) for plan in (PAPER, RIGOROUS) for name in SHIPPED]
    assert len({detector.settings for detector in both}) == len(SHIPPED) + len(
        NETWORKS
    )  # features are the same for both
