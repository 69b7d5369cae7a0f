# SPDX-License-Identifier: Apache-2.0
"""The configurations that ship: all are read, and those of the paper's networks train."""

import math

import pytest
import yaml

from semstego.codecs.convolutional.quantiser import Quantiser, Variant
from semstego.training.basis import TaskCodecPlan
from semstego.training.classifier import ClassificationPlan
from semstego.training.codec import CodecPlan, CodecTraining
from semstego.training.config import Data, read_config
from semstego.training.costs_plan import CostPlan
from semstego.training.detector import DetectionPlan
from semstego.training.hiding_plan import LearnedPlan
from tests.unit.training.runs import CONFIGS, logged, run

PLANS = {
    "cifar10": ClassificationPlan, "fashion": ClassificationPlan, "objects": ClassificationPlan, "codec": CodecPlan,
    "task-codec": TaskCodecPlan, "task-64": LearnedPlan, "hiding": LearnedPlan, "learned": LearnedPlan,
    "critics": LearnedPlan, "paper": LearnedPlan, "scenes": DetectionPlan, "voc2007": DetectionPlan,
    "costs": CostPlan,
}  # fmt: skip


def kind_of(path):
    """The class of the plan in a file that ships."""
    (kind,) = {plan for start, plan in PLANS.items() if path.stem.startswith(start)}
    return kind


ALL = {path: kind_of(path) for path in sorted(CONFIGS.glob("*.yaml"))}


def of(kind):
    return [pytest.param(path, id=path.stem) for path, found in ALL.items() if found is kind]


@pytest.mark.parametrize("config", [pytest.param(path, id=path.stem) for path in ALL])
def test_every_shipped_configuration_is_read(config):
    plan = read_config(config, ALL[config])
    assert plan.epochs >= 1
    assert "seats" not in config.read_text()


@pytest.mark.parametrize("config", of(CodecPlan))
def test_every_shipped_configuration_of_a_codec_trains(config, folders, tmp_path):
    plan = read_config(config, CodecPlan)
    tile = 16 if plan.architecture.kernel < 8 else 32  # two convolutions must leave something
    changes = {"epochs": 1, "batch": 4, "tile": tile, "data": Data(set="crops", folder=folders[8])}
    _, figures = run(plan.model_copy(update=changes), tmp_path, kind=CodecTraining)
    assert figures["validation_psnr_db"] > 5


def small(config, folders, **changes):
    """The plan of a file, with eight pictures and narrow critics; the weights that it starts from are left out."""
    plan = read_config(config, LearnedPlan)
    changes |= {"batch": 4, "data": Data(set="crops", folder=folders[8]), "codec": None, "start": None}
    if plan.critics is not None:
        changes["critics"] = plan.critics.model_copy(update={"width": 1})
    return plan.model_copy(update=changes)


@pytest.mark.parametrize("config", of(LearnedPlan))
def test_every_shipped_configuration_of_hiding_trains(config, folders, tmp_path):
    _, figures = run(small(config, folders, epochs=1), tmp_path)
    assert 0 <= figures["validation_accuracy_1"] <= 1


# --- the paper's ---

PAPER, OURS = CONFIGS / "paper-64.yaml", CONFIGS / "paper-64-ours.yaml"


def test_the_papers_configuration_has_the_settings_of_its_text():
    plan = read_config(PAPER, LearnedPlan)
    assert plan.architecture.quantiser is Variant.PAPER
    assert plan.architecture.scale is None  # eq. 9a takes it from each cover
    assert (plan.schedule, plan.losses, plan.weights, plan.critics.loss) == ("paper", "paper8", "famo", "paper")
    assert (plan.epochs, plan.picture_weight, plan.payload_bpp, plan.architecture.bound) == (150, 0.99, None, None)
    rates = plan.optimiser, plan.critics.optimiser
    assert {(one.learning_rate, one.factor, one.every, one.floor) for one in rates} == {(1e-3, 0.1, 30, 1e-5)}


def test_the_other_one_differs_in_its_quantiser_alone():
    first, second = (yaml.safe_load(path.read_text()) for path in (PAPER, OURS))
    assert first.pop("architecture") == {"quantiser": "paper", "scale": None}
    assert first == second
    assert read_config(OURS, LearnedPlan).architecture.quantiser is Variant.OURS


@pytest.mark.slow
def test_some_epochs_of_the_papers_configuration_stay_finite(folders, tmp_path, monkeypatch):
    """Features that leave the range of their cover are wrapped by the modulus of eq. 9c, and training goes on."""
    wrapped, to_symbols = [], Quantiser.to_symbols

    def watched(self, features, scale):
        assert self.variant is Variant.PAPER
        wrapped.append(int((features / scale.view(-1, 1, 1, 1) > 1).sum()))
        return to_symbols(self, features, scale)

    monkeypatch.setattr(Quantiser, "to_symbols", watched)
    experiment, figures = run(small(PAPER, folders, epochs=4), tmp_path)
    assert sum(wrapped) > 0
    assert all(math.isfinite(float(value)) for _, _, value in logged(tmp_path)[1:])
    assert all(math.isfinite(value) for value in figures.values())
    for network in experiment.networks.values():
        assert all(value.isfinite().all() for value in network.state_dict().values())
