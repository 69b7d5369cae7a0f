# SPDX-License-Identifier: Apache-2.0
"""Training of the learned scheme: it learns, it resumes, and it shows what it does."""

import numpy as np
import pytest
import torch
from PIL import Image

from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.codec import ConvolutionalCodec
from semstego.training import checkpoint, loop
from semstego.training import hiding as train_learned
from tests.unit.training.runs import ADAM, CRITICS, FULL, TINY, course, experiment_of, logged, run, same_end


@pytest.mark.parametrize(
    ("meeting", "bit_errors"), [("paths", 0.1), pytest.param("slots", 0.03, marks=pytest.mark.slow)]
)
def test_the_scheme_learns_to_hide_a_tenth_of_a_bit_per_pixel_around_a_fixed_codec(
    tiny, codec_file, tmp_path, meeting, bit_errors
):
    plan = tiny(
        pictures=72,
        epochs=18,
        codec=codec_file,
        architecture={"hidden": 16, "growth": 8, "blocks": 3, "high_pass": True, "bound": 4, "meeting": meeting},
        annealing={"first": 32, "until": 0.7},
        payload_bpp=0.1,
        losses="paper8",
        weights={"reveal_1": 1, "reveal_2": 1},
        optimiser={**ADAM, "learning_rate": 0.005},
    )
    before = experiment_of(plan).validate()
    model = train_learned.train(plan, None, tmp_path, loop.fabric(plan, accelerator="cpu"), lambda line, share: None)
    for stage in "12":
        accuracy = course(tmp_path, f"validation_accuracy_{stage}")
        assert 0.4 < before[f"validation_accuracy_{stage}"] < 0.6
        assert len(accuracy) == 18
        assert 1 - accuracy[-1] < bit_errors
    # No feature is further off than 4 steps and one of rounding where the annealing has ended.
    distances = course(tmp_path, "psnr_1_db")
    assert distances[0] < 20 * np.log10(255 / 5) < distances[-1]
    assert course(tmp_path, "validation_psnr_1_db")[-1] > 20 * np.log10(255 / 5)
    fixed = shaped_weights.from_file(codec_file, ConvolutionalCodec).state_dict()
    assert all(torch.equal(model.codec.state_dict()[name], value) for name, value in fixed.items())


def test_a_seed_makes_a_run_and_another_seed_another(tiny, tmp_path):
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        run(tiny(seed=seed, epochs=1, critics=CRITICS, payload_bpp=0.3), tmp_path / name)
    assert len(logged(tmp_path / "first")) > 15
    assert logged(tmp_path / "first") == logged(tmp_path / "again")
    assert logged(tmp_path / "first") != logged(tmp_path / "other")


@pytest.mark.parametrize(
    ("schedule", "weights", "stop_at"),
    [("staged", "famo", 3), ("staged", "famo-lagged", 3), ("paper", "famo", 1), ("paper", "famo", 11)],
)
def test_a_killed_run_goes_on_bit_for_bit(tiny, tmp_path, monkeypatch, schedule, weights, stop_at):
    plan = tiny(**{**FULL, "weights": weights}, schedule=schedule)
    run(plan, tmp_path / "whole")
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY_S", 0.0)  # a checkpoint after every step
    with pytest.raises(KeyboardInterrupt):
        run(plan, tmp_path / "cut", stop_at=stop_at)
    run(plan, tmp_path / "cut")
    assert same_end(tmp_path / "whole", tmp_path / "cut")


def test_all_of_a_checkpoint_matters(tiny, tmp_path, monkeypatch):
    """What a resumed run forgot, or found otherwise, would show in its end."""
    plan = tiny(**FULL)
    run(plan, tmp_path / "whole")
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        run(plan, tmp_path / "cut", stop_at=3)
    kept = (tmp_path / "cut" / loop.CHECKPOINT).read_bytes()
    found = {}
    for kind, name in [
        ("weighing", "logits"), ("networks", "model"), ("networks", "critic_1"),
        ("optimisers", "model"), ("optimisers", "critic_2"),
    ]:  # fmt: skip
        (tmp_path / "cut" / loop.CHECKPOINT).write_bytes(kept)
        state = checkpoint.load(tmp_path / "cut" / loop.CHECKPOINT, torch.device("cpu"))
        part = state["experiment"][kind][name]
        numbers = {"weighing": lambda part: [part], "networks": lambda part: list(part.values())}
        moments = [moment for one in part["state"].values() for moment in one.values()] if kind == "optimisers" else []
        for tensor in moments or numbers[kind](part):
            if tensor.is_floating_point() and not tensor.isnan().any():
                tensor.mul_(0.5)
        checkpoint.save(tmp_path / "cut" / loop.CHECKPOINT, state)
        run(plan, tmp_path / "cut")
        found[kind, name] = same_end(tmp_path / "whole", tmp_path / "cut")
    assert not any(found.values()), found


def test_every_epoch_leaves_pictures_to_look_at(tiny, tmp_path):
    run(tiny(epochs=2), tmp_path)
    first, second = (np.asarray(Image.open(tmp_path / f"epoch-000{epoch}.png")) for epoch in (1, 2))
    experiment = experiment_of(tiny())
    count, side = len(experiment._held_out(0, 8)), 32
    assert first.shape == second.shape == (5 * (side + 2), count * (side + 2), 3)
    originals = experiment.held_out.pictures[:count].expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()
    for place, original in enumerate(originals):
        left = place * (side + 2) + 1
        assert np.array_equal(first[1 : side + 1, left : left + side], original)
    assert not np.array_equal(first, second)


def test_networks_of_one_channel_learn_from_luma(tiny, tmp_path):
    plan = tiny(architecture={**TINY, "channels": 1})
    run(plan, tmp_path)
    colours = plan.data.load("validation").pictures[0]
    shown = np.asarray(Image.open(tmp_path / "epoch-0001.png"))[1:33, 1:33]
    assert np.ptp(colours, axis=2).any()
    assert np.array_equal(shown, np.repeat(np.asarray(Image.fromarray(colours).convert("L"))[:, :, None], 3, 2))


def test_validation_does_not_depend_on_its_batches(tiny, monkeypatch):
    experiment = experiment_of(tiny(architecture={**TINY, "bound": 5}))
    together = experiment.validate()
    monkeypatch.setattr(train_learned, "VALIDATION_BATCH", 7)  # of 8 pictures
    apart = experiment.validate()
    assert apart == pytest.approx(together, rel=1e-4, nan_ok=True)


def test_a_codec_that_does_not_learn_stays_and_one_that_learns_moves(tiny, tmp_path):
    for learns in (False, True):
        plan = tiny(codec_learns=learns, epochs=1)
        experiment, _ = run(plan, tmp_path / str(learns))
        start, end = (one.codec.state_dict() for one in (experiment_of(plan).bare, experiment.bare))
        assert any(not torch.equal(start[name], end[name]) for name in start) is learns
