# SPDX-License-Identifier: Apache-2.0
"""Whom the protocols send: judges whose scores are kept, under names that tell them apart."""

from semstego.steganalysis.detectors.networks import NetworkJudge, TaughtJudge
from semstego.steganalysis.detectors.roster import judges_by_name
from semstego.steganalysis.features.extraction import Cache
from semstego.steganalysis.protocol import PAPER, RIGOROUS


def test_the_papers_networks_start_afresh_on_maps_and_learn_for_150_epochs():
    for judge in judges_by_name(["XuNet", "SRNet"], PAPER, Cache(None), 1):
        network = judge.judge
        assert isinstance(network, NetworkJudge)
        assert network.start is None
        assert (network.settings.epochs, network.settings.patience, network.settings.joint) == (150, 150, False)
    for judge in judges_by_name(["XuNet", "SRNet"], RIGOROUS, Cache(None), 1):
        assert isinstance(judge.judge, TaughtJudge)
        assert judge.judge.judge.settings.joint


def test_judges_of_different_settings_do_not_share_what_is_kept():
    names = ["joint", "histogram", "SPAM", "SRMQ1", "SRM", "XuNet", "SRNet"]
    both = [judge for plan in (PAPER, RIGOROUS) for judge in judges_by_name(names, plan, Cache(None), 1)]
    assert [judge.name for judge in both] == names * 2
    assert len({judge.settings for judge in both}) == len(names) + 2  # features are the same for both
