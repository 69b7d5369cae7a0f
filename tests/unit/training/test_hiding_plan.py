# SPDX-License-Identifier: Apache-2.0
"""What a training begins with, and plans that are refused."""

import pytest
import torch
import yaml

from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.codec import ConvolutionalCodec
from semstego.errors import ConfigError, WeightsError
from semstego.schemes.learned.model import Architecture, LearnedModel
from semstego.training import checkpoint, loop
from semstego.training import hiding as train_learned
from semstego.training.config import read_config
from semstego.training.experiment import Moment
from semstego.training.hiding_plan import LearnedPlan
from tests.unit.training.runs import ADAM, CRITICS, TINY, experiment_of, run


def test_a_training_starts_from_an_earlier_model(tiny, tmp_path):
    experiment, _ = run(tiny(epochs=1), tmp_path / "first")
    (tmp_path / "model.safetensors").write_bytes(shaped_weights.to_bytes(experiment.bare))
    next_stage = experiment_of(tiny(start=tmp_path / "model.safetensors", seed=2, codec_learns=True))
    start = next_stage.bare.state_dict()
    assert all(torch.equal(start[name], value) for name, value in experiment.bare.state_dict().items())
    assert all(p.requires_grad for p in next_stage.bare.parameters())
    bounded = tiny(start=tmp_path / "model.safetensors", architecture={**TINY, "bound": 1.3})
    assert train_learned.starting_model(bounded).shape.bound == 1.3
    with pytest.raises(ConfigError, match="another architecture"):
        experiment_of(tiny(start=tmp_path / "model.safetensors", architecture={**TINY, "growth": 5}))


def test_a_codec_takes_the_place_of_an_earlier_models(tiny, codec_file, tmp_path):
    chosen = {"architecture": {**TINY, "hidden": 16}}
    earlier = train_learned.starting_model(tiny(**chosen, seed=5))
    (tmp_path / "model.safetensors").write_bytes(shaped_weights.to_bytes(earlier))
    found = train_learned.starting_model(tiny(**chosen, start=tmp_path / "model.safetensors", codec=codec_file))
    codec = shaped_weights.from_file(codec_file, ConvolutionalCodec).state_dict()
    assert all(torch.equal(found.codec.state_dict()[name], value) for name, value in codec.items())
    rest = {name: value for name, value in earlier.state_dict().items() if not name.startswith("codec.")}
    assert all(torch.equal(found.state_dict()[name], value) for name, value in rest.items())
    assert any(not torch.equal(earlier.codec.state_dict()[name], value) for name, value in codec.items())


def test_files_to_begin_with_must_hold_what_they_should(tiny, codec_file, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(shaped_weights.to_bytes(LearnedModel(Architecture(**TINY))))
    for wrong in ({"start": codec_file}, {"codec": tmp_path / "model.safetensors"}, {"codec": tmp_path / "none"}):
        with pytest.raises(WeightsError):
            experiment_of(tiny(**wrong))
    with pytest.raises(ConfigError, match="another architecture"):
        experiment_of(tiny(codec=codec_file))  # which has other hidden channels
    assert (
        train_learned.starting_model(tiny(codec=codec_file, architecture={"hidden": 16, "scale": 2})).shape.scale == 2
    )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"schedule": "paper"}, "Algorithm 1 trains critics"),
        ({"task": "objects"}, "tile or task, not both"),
        ({"payload_bpp": 1.01}, "1 bits a pixel are the most"),
        ({"payload_bpp": 2.5, "architecture": {"depth": 2}}, "2 bits a pixel are the most"),
        ({"payload_bpp": 0}, "payload_bpp.*greater than 0"),
        ({"annealing": {"first": 8}}, "annealing needs"),
        ({"architecture": {"hidden": 1000}}, "hidden is from 1 to"),
        ({"architecture": {"depth": 0}}, "depth is from 1 to"),
        ({"architecture": {"quantiser": "best"}}, "quantiser"),
        ({"weights": "mgda"}, "weights"),
        ({"weights": {"reveal_1": -1}}, "greater than or equal to 0"),
        ({"losses": "paper9"}, "losses"),
        ({"critics": {"width": 4}}, "optimiser: must be given"),
        ({"critics": {**CRITICS, "warm_up": 1.5}}, "less than or equal to 1"),
        ({"critic": CRITICS}, "critic: there is no such key"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_plans_that_contradict_themselves_are_refused(fault, said, tmp_path):
    sound = {"data": {"set": "crops", "folder": "data"}, "epochs": 1, "batch": 8, "tile": 16, "optimiser": ADAM}
    for name, plan in (("sound", sound), ("bad", {**sound, **fault})):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(plan))
    assert read_config(tmp_path / "sound.yaml", LearnedPlan).tile == 16
    with pytest.raises(ConfigError, match=said):
        read_config(tmp_path / "bad.yaml", LearnedPlan)


def test_the_bound_falls_geometrically_from_the_first_to_the_architectures(tiny):
    plan = tiny(epochs=10, architecture={**TINY, "bound": 2}, annealing={"first": 32, "until": 0.4})
    experiment = experiment_of(plan)
    found = [experiment._bound(Moment(epoch, 1)) for epoch in (0, 1, 2, 3, 4, 7, 10)]
    assert found == pytest.approx([32, 16, 8, 4, 2, 2, 2])
    assert experiment_of(tiny(architecture={**TINY, "bound": 2}))._bound(Moment(0, 1)) == 2
    assert experiment_of(tiny())._bound(Moment(0, 1)) is None


def test_the_older_word_for_slots_is_read_and_means_the_same(tiny):
    new, old = (tiny(architecture={**TINY, "meeting": word}) for word in ("slots", "seats"))
    assert new == old
    assert "seats" not in old.model_dump_json()


def test_a_run_that_was_begun_under_the_older_word_goes_on(tiny, tmp_path):
    plan = tiny(epochs=1, architecture={**TINY, "meeting": "slots"})
    run(plan, tmp_path)
    state = checkpoint.load(tmp_path / loop.CHECKPOINT, torch.device("cpu"))
    state["plan"] = state["plan"].replace('"slots"', '"seats"')
    checkpoint.save(tmp_path / loop.CHECKPOINT, state)
    run(plan, tmp_path)
    state["plan"] = "{}"
    checkpoint.save(tmp_path / loop.CHECKPOINT, state)
    with pytest.raises(ConfigError, match="another configuration"):
        run(plan, tmp_path)
