# SPDX-License-Identifier: Apache-2.0
"""What a training is given from outside: configurations, weights and folders that are not what they should be."""

import os

import pytest
from lightning_fabric import Fabric

from semstego.codecs.block import weights as block_weights
from semstego.codecs.convolutional import shaped_weights
from semstego.errors import ConfigError, WeightsError
from semstego.schemes.learned.model import LearnedModel
from semstego.tasks import classification
from semstego.training import checkpoint, loop
from semstego.training.codec import CodecPlan
from semstego.training.config import read_config
from semstego.training.costs_plan import CostPlan
from semstego.training.hiding_plan import LearnedPlan
from semstego.training.log import Log
from tests.unit.training.runs import ADAM

SOUND = {"data": {"set": "crops", "folder": "data"}, "epochs": 1, "batch": 8, "optimiser": ADAM}
READERS = {
    "configuration": lambda path: read_config(path, CodecPlan),
    "weights of networks": lambda path: shaped_weights.from_file(path, LearnedModel),
    "weights of a task": lambda path: classification.load(path),
    "weights of a block codec": lambda path: block_weights.load(path, "own"),
    "checkpoint": lambda path: checkpoint.load(path, "cpu"),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("kind", ["device", "folder", "fifo"])
def test_what_is_no_file_is_refused_and_not_read_without_end(reader, kind, tmp_path, monkeypatch):
    monkeypatch.setattr("semstego.inputs.PATIENCE_SECONDS", 0.1)
    os.mkfifo(tmp_path / "fifo")
    place = {"device": "/dev/zero", "folder": tmp_path, "fifo": tmp_path / "fifo"}[kind]
    with pytest.raises((ConfigError, WeightsError)):
        reader(tmp_path / place)


def test_a_key_that_is_given_twice_is_refused(tmp_path):
    (tmp_path / "twice.yaml").write_text("epochs: 1\ndata: {set: crops, folder: data}\nepochs: 7\n")
    with pytest.raises(ConfigError, match="given twice: epochs"):
        read_config(tmp_path / "twice.yaml", CodecPlan)


def test_losses_that_all_weigh_nothing_are_refused():
    with pytest.raises(ValueError, match="without a weight there is no loss"):
        LearnedPlan.model_validate({**SOUND, "weights": {"reveal_1": 0, "reveal_2": 0}})
    nothing = {"critic_1": 0, "critic_2": 0}
    plan = {**SOUND, "critics": {"optimiser": ADAM}, "weights": nothing}
    with pytest.raises(ValueError, match="without a weight there is no loss"):
        CostPlan.model_validate(plan)
    assert CostPlan.model_validate({**plan, "imitation": 1})


def test_more_devices_than_there_are_start_nothing(monkeypatch):
    monkeypatch.setattr(Fabric, "launch", lambda self: pytest.fail("launched"))
    with pytest.raises(ConfigError, match="100000 devices are asked for"):
        loop.fabric(CodecPlan.model_validate(SOUND), accelerator="cpu", devices=100_000)


def test_a_log_that_no_training_wrote_stays(tmp_path):
    (tmp_path / "log.csv").write_text("my own notes\n")
    with pytest.raises(ConfigError, match="no log of a training"):
        Log(tmp_path, 0)
    assert (tmp_path / "log.csv").read_text() == "my own notes\n"
