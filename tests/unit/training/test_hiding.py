# SPDX-License-Identifier: Apache-2.0
"""Training of the codec and of the learned scheme: it learns, it resumes, and every pass moves its own part alone."""

import csv
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.codec import CodecShape, ConvolutionalCodec
from semstego.codecs.convolutional.networks import start_near_identity
from semstego.datasets.built import crops, set_folder
from semstego.datasets.enlarge import softened
from semstego.errors import ConfigError, WeightsError
from semstego.schemes.learned.model import Architecture, LearnedModel, Passage
from semstego.training import checkpoint, loop
from semstego.training import codec as train_codec
from semstego.training import hiding as train_learned
from semstego.training.batches import Batches, one_tile
from semstego.training.codec import CodecPlan, CodecTraining
from semstego.training.config import Data, read_config
from semstego.training.critics import Critics
from semstego.training.hiding import LearnedTraining
from semstego.training.hiding_plan import LearnedPlan

CONFIGS = Path(__file__).parents[3] / "configs"
ADAM = {"name": "adam", "learning_rate": 0.003, "schedule": "one-cycle", "warm_up": 0.05}
TINY = {"hidden": 4, "growth": 4, "blocks": 2}
CRITICS = {"width": 1, "optimiser": {**ADAM, "learning_rate": 0.01}}
FAST = {"width": 1, "optimiser": {"name": "adam", "learning_rate": 0.01, "schedule": "steps"}}
STEPS = 2  # of a pass through eight pictures, in batches of four


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folders(photographs, tmp_path_factory):
    """Crops of three photographs, 32 x 32 pixels: 72 or eight to train on, and eight others."""
    rng = np.random.default_rng(1)
    names = ("astronaut", "chelsea", "coffee")
    small = np.stack([one for name in names for one in islice(crops.crops(photographs[name], rng), 27)])[:, ::2, ::2]
    held_out = np.arange(len(small)) % 10 == 9
    place = tmp_path_factory.mktemp("data")
    for count in (72, 8):
        with set_folder.created(place / str(count), "crops.json", {}, force=False) as write:
            for name, chosen in (("train", small[~held_out][:count]), ("validation", small[held_out])):
                write(name, {"pictures": chosen.copy(), "photographs": np.zeros(len(chosen), np.int16)}, crops.CLASSES)
    return {count: place / str(count) for count in (72, 8)}


@pytest.fixture(scope="module")
def codec_file(tmp_path_factory):
    """A codec with 16 hidden channels, near the identity."""
    codec = ConvolutionalCodec(CodecShape(hidden=16))
    start_near_identity(codec.encoder, codec.decoder, torch.Generator().manual_seed(1))
    path = tmp_path_factory.mktemp("codec") / "codec.safetensors"
    path.write_bytes(shaped_weights.to_bytes(codec))
    return path


@pytest.fixture
def tiny(folders):
    """Makes plans whose steps take some hundredths of a second."""

    def plan(pictures=8, **changed):
        start = {"seed": 1, "epochs": 2, "batch": 4, "tile": 16, "architecture": TINY, "optimiser": ADAM}
        return LearnedPlan.model_validate({"data": {"set": "crops", "folder": folders[pictures]}, **start, **changed})

    return plan


@pytest.fixture
def quick_codec(folders):
    """Makes plans for the codec alone."""

    def plan(**changed):
        adam = {**ADAM, "learning_rate": 0.0015, "warm_up": 0.01}
        start = {"seed": 1, "epochs": 4, "batch": 6, "tile": 16, "optimiser": adam, "architecture": {"hidden": 16}}
        return CodecPlan.model_validate({"data": {"set": "crops", "folder": folders[72]}, **start, **changed})

    return plan


def experiment_of(plan, kind=LearnedTraining):
    runner = loop.fabric(plan, accelerator="cpu")
    held_out = Batches(plan.load("validation"), 1, seed=0, device=runner.device)
    return kind(runner, plan, None, held_out)


def run(plan, place, *, kind=LearnedTraining, stop_at=None, watch=None):
    """Train in a folder, perhaps until the process is killed; ``watch(experiment, step)`` stands around each step."""
    place.mkdir(exist_ok=True)
    experiment = experiment_of(plan, kind)
    batches = Batches(plan.load("train"), plan.batch, seed=plan.seed, device=experiment.runner.device)
    inner, done = experiment.training_step, iter(range(10**6))

    def step(*arguments):
        if next(done) == stop_at:
            raise KeyboardInterrupt
        return watch(experiment, lambda: inner(*arguments)) if watch else inner(*arguments)

    experiment.training_step = step
    figures = loop.fit(experiment.runner, experiment, batches, plan, place, lambda line, share: None)
    return experiment, figures


def logged(place):
    """The rows of ``log.csv`` but for the speed."""
    with (place / "log.csv").open(newline="") as file:
        return [row for row in csv.reader(file) if row[1] != "pictures_per_s"]


def course(place, name):
    """The values of one figure, one after the other."""
    return [float(value) for _, found, value in logged(place) if found == name]


def parts(experiment):
    """Copies of everything that the networks hold, by name."""
    return {
        name: {key: value.clone() for key, value in network.state_dict().items()}
        for name, network in experiment.networks.items()
    }


def changed(before, after):
    """Names of the networks of which anything has changed, running statistics too."""
    return {
        name for name in before if any(not torch.equal(before[name][key], after[name][key]) for key in before[name])
    }


def changes_of_each_step(plan, place):
    found = []

    def watch(experiment, step):
        before = parts(experiment)
        figures = step()
        found.append(changed(before, parts(experiment)))
        return figures

    run(plan, place, watch=watch)
    return found


# --- the codec ---


def test_some_dozens_of_steps_make_the_codec_better(quick_codec, tmp_path):
    plan = quick_codec()
    before = experiment_of(plan, CodecTraining).validate()["validation_psnr_db"]
    codec = train_codec.train(plan, None, tmp_path, loop.fabric(plan, accelerator="cpu"), lambda line, share: None)
    psnr = course(tmp_path, "validation_psnr_db")
    assert len(psnr) == 4
    assert before + 3 < psnr[-1]
    assert psnr[0] < psnr[-1]
    assert course(tmp_path, "compression_ratio")[-1] == pytest.approx((28 / 32) ** 2, abs=1e-4)
    pictures = torch.from_numpy(plan.load("validation").pictures).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        errors = (codec(pictures).reconstruction - pictures).double().square().mean((1, 2, 3))
    assert psnr[-1] == pytest.approx(np.mean(-10 * np.log10(errors.numpy())), abs=1e-3)


def test_a_killed_codec_training_goes_on_bit_for_bit(quick_codec, tmp_path, monkeypatch):
    plan = quick_codec(epochs=1)
    run(plan, tmp_path / "whole", kind=CodecTraining)
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        run(plan, tmp_path / "cut", kind=CodecTraining, stop_at=7)
    run(plan, tmp_path / "cut", kind=CodecTraining)
    assert same_end(tmp_path / "whole", tmp_path / "cut")


def test_a_codec_learns_on_tiles_or_for_a_task_and_not_both(tmp_path):
    (tmp_path / "bad.yaml").write_text((CONFIGS / "codec-64.yaml").read_text() + "task: objects\n")
    with pytest.raises(ConfigError, match="give tile or task, not both"):
        read_config(tmp_path / "bad.yaml", CodecPlan)


@pytest.mark.parametrize("config", sorted(CONFIGS.glob("codec-*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_configuration_of_a_codec_trains(config, folders, tmp_path):
    changes = {"epochs": 1, "batch": 4, "tile": 16, "data": Data(set="crops", folder=folders[8])}
    _, figures = run(read_config(config, CodecPlan).model_copy(update=changes), tmp_path, kind=CodecTraining)
    assert figures["validation_psnr_db"] > 5


OF_THE_SCHEME = ("hiding-", "learned-", "task-64", "critics-", "paper-")
HIDING = sorted(path for path in CONFIGS.glob("*.yaml") if path.stem.startswith(OF_THE_SCHEME))


@pytest.mark.parametrize("config", HIDING, ids=lambda path: path.stem)
def test_every_shipped_configuration_of_hiding_trains(config, folders, tmp_path):
    plan = read_config(config, LearnedPlan)
    changes = {"epochs": 1, "batch": 4, "data": Data(set="crops", folder=folders[8]), "codec": None, "start": None}
    if plan.critics is not None:
        changes["critics"] = plan.critics.model_copy(update={"width": 1})
    _, figures = run(plan.model_copy(update=changes), tmp_path)
    assert 0 <= figures["validation_accuracy_1"] <= 1


# --- the whole scheme ---


@pytest.mark.parametrize(("meeting", "bit_errors"), [("paths", 0.1), ("seats", 0.03)])
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


def same_end(one, other):
    """Are the last checkpoints of two runs the same files, and their logs the same but for the speed?"""
    last = [(place / loop.CHECKPOINT).read_bytes() for place in (one, other)]
    return last[0] == last[1] and logged(one) == logged(other)


FULL = {"critics": CRITICS, "codec_learns": True, "weights": "famo"}


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


def test_in_the_papers_schedule_each_pass_moves_its_own_part_alone(tiny, tmp_path):
    plan = tiny(**FULL, schedule="paper", epochs=1)
    expected = [{"critic_1"}] * STEPS + [{"critic_2"}] * STEPS + [{"model"}] * STEPS
    assert changes_of_each_step(plan, tmp_path) == expected


def test_so_it_is_in_later_epochs(tiny, tmp_path):
    plan = tiny(**FULL, schedule="paper", epochs=2)
    expected = [{"critic_1"}] * STEPS + [{"critic_2"}] * STEPS + [{"model"}] * STEPS
    assert changes_of_each_step(plan, tmp_path) == 2 * expected


def test_the_passes_of_all_epochs_begin_and_end_where_they_should(tiny, monkeypatch):
    """Steps reach the training as fractions of epochs, which binary digits do not hold."""
    experiment, taken, batches = experiment_of(tiny(**FULL, schedule="paper", epochs=160)), [], 7
    monkeypatch.setattr(experiment, "_message", lambda pictures: (None, None))
    monkeypatch.setattr(experiment, "_critics_step", lambda pictures, message, names, epoch: taken.append(*names))
    monkeypatch.setattr(experiment, "_hiding_step", lambda *inputs: taken.append("model"))
    for step in range(160 * 3 * batches):
        experiment.training_step(torch.zeros(1, 3, 8, 8), torch.zeros(1), step / (3 * batches))
    assert taken == 160 * (["critic_1"] * batches + ["critic_2"] * batches + ["model"] * batches)


def test_each_step_of_the_staged_schedule_moves_everything_that_learns(tiny, tmp_path):
    assert changes_of_each_step(tiny(**FULL), tmp_path) == [{"critic_1", "critic_2", "model"}] * 2 * STEPS


@pytest.mark.parametrize("schedule", ["staged", "paper"])
def test_who_does_not_learn_is_in_evaluation_mode(tiny, tmp_path, schedule):
    seen = []

    def watch(experiment, step):
        nets = {"E": experiment.bare.hider.dense, **experiment.critics.bare}
        handles = [
            net.register_forward_hook(
                lambda module, *_, name=name: seen.append((name, "learns" if module.training else "stands"))
            )
            for name, net in nets.items()
        ]
        figures = step()
        for handle in handles:
            handle.remove()
        return figures

    run(tiny(**FULL, schedule=schedule, epochs=1), tmp_path, watch=watch)
    judges = [("critic_1", "stands")] * 2 + [("critic_2", "stands")] * 2  # on cover and stego
    hiding = [("E", "learns"), *judges, ("E", "learns"), *judges]  # twice, before and after the step
    learning = {name: [("E", "stands"), (name, "learns")] for name in ("critic_1", "critic_2")}
    if schedule == "paper":
        expected = learning["critic_1"] * STEPS + learning["critic_2"] * STEPS + hiding * STEPS
    else:
        expected = [*hiding, ("E", "stands"), ("critic_1", "learns"), ("critic_2", "learns")] * STEPS
    assert seen == expected


@pytest.mark.parametrize("weights", ["famo", "famo-lagged"])
def test_batch_normalisation_counts_every_batch_once(tiny, tmp_path, weights):
    experiment, _ = run(tiny(**{**FULL, "weights": weights}, schedule="paper"), tmp_path)
    counts = {
        name: {int(value) for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")}
        for name, network in experiment.networks.items()
    }
    assert counts["model"] == {2 * STEPS}
    assert {len(found) for found in counts.values()} == {1}


@pytest.mark.parametrize(
    "schedule",
    [
        "staged",
        "paper",
    ],
)
def test_during_the_warm_up_the_critics_learn_alone(tiny, tmp_path, schedule):
    plan = tiny(**{**FULL, "critics": {**CRITICS, "warm_up": 0.5}}, schedule=schedule)
    steps = changes_of_each_step(plan, tmp_path)
    first, second = steps[: len(steps) // 2], steps[len(steps) // 2 :]
    assert set().union(*first) == {"critic_1", "critic_2"}
    assert sum("model" in names for names in second) == STEPS


def test_critics_learn_which_is_the_stego_each_from_what_it_sees(tiny):
    """Symbols that are noisy in a stego, or pictures: one step after the other on a passage made by hand."""
    torch.manual_seed(0)
    calm, noisy = torch.rand(8, 3, 16, 16) * 0.1, torch.rand(8, 3, 16, 16)
    for noisy_name, other_name, place in (("critic_1", "critic_2", 1), ("critic_2", "critic_1", 3)):
        shown = [calm, calm, calm, calm]
        shown[place] = noisy
        passage = Passage(*shown, calm, calm)
        critics = Critics(loop.fabric(tiny(), accelerator="cpu"), tiny(critics=FAST).critics, 3)
        for _ in range(15):
            losses = critics.learn(passage, train_learned.NAMES, 0.0, 1)
        assert losses[f"{noisy_name}_loss"] < 0.2
        assert losses[f"{other_name}_loss"] == pytest.approx(np.log(2), abs=0.05)  # cover and stego are the same
        cover, stego = (one[:, 1] - one[:, 0] for one in critics.verdicts(passage)[noisy_name])
        assert cover.mean() < stego.mean()


# --- weights of the losses ---

NAMES = {
    "paper8": {"reveal_1", "reveal_2", "features", "cosine", "reconstruction", "semantic", "critic_1", "critic_2"},
    "released9": {
        "cover", "semantic", "features", "cosine", "reconstruction", "stage_1", "stage_2", "critic_1", "critic_2"
    },
}  # fmt: skip
NAMES["ours"] = NAMES["paper8"] | {"cover"}


@pytest.mark.parametrize("losses", NAMES)
@pytest.mark.parametrize("weights", ["famo", "famo-lagged"])
def test_famo_weighs_all_losses_there_are(tiny, tmp_path, losses, weights):
    _, figures = run(tiny(critics=CRITICS, codec_learns=True, losses=losses, weights=weights, epochs=1), tmp_path)
    found = {name.removeprefix("weight_"): value for name, value in figures.items() if name.startswith("weight_")}
    assert set(found) == NAMES[losses]
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)
    assert min(found.values()) > 0
    assert all(np.isfinite(value) for value in figures.values())


def test_the_lagged_weights_are_others(tiny, tmp_path):
    for weights in ("famo", "famo-lagged"):
        run(tiny(weights=weights), tmp_path / weights)
    logits = {
        name: checkpoint.load(tmp_path / name / loop.CHECKPOINT, torch.device("cpu"))["experiment"]["weighing"]
        for name in ("famo", "famo-lagged")
    }
    assert logits["famo"]["steps"] == 2 * STEPS
    assert logits["famo-lagged"]["steps"] == 2 * STEPS - 1  # the first step has none before it to compare with
    assert not torch.equal(logits["famo"]["logits"], logits["famo-lagged"]["logits"])


def test_without_critics_or_a_codec_that_learns_their_losses_are_gone(tiny, tmp_path):
    _, figures = run(tiny(epochs=1), tmp_path)
    names = {name.removeprefix("weight_") for name in figures if name.startswith("weight_")}
    assert names == NAMES["paper8"] - {"critic_1", "critic_2"}


def test_fixed_weights_stay_and_leave_out_what_they_do_not_name(tiny, tmp_path):
    weights = {"reveal_1": 1.0, "features": 50.0}
    _, figures = run(tiny(weights=weights, epochs=1), tmp_path / "one")
    assert {name: value for name, value in figures.items() if name.startswith("weight_")} == {
        "weight_reveal_1": 1.0,
        "weight_features": 50.0,
    }

    def untouched(experiment, step):
        before = parts(experiment)["model"]
        figures = step()
        after = parts(experiment)["model"]
        assert all(torch.equal(before[n], after[n]) for n in before if n.startswith("revealer_2") and "weight" in n)
        assert any(not torch.equal(before[n], after[n]) for n in before if n.startswith("revealer_1"))
        return figures

    flat = {**ADAM, "schedule": "steps"}  # else the first step's learning rate is 0
    run(tiny(weights=weights, epochs=1, optimiser=flat), tmp_path / "two", watch=untouched)


@pytest.mark.parametrize("unknown", ["reveal_3", "cover", "critic_1", "stage_1"])
def test_weights_of_losses_that_are_not_there_are_refused(tiny, tmp_path, unknown):
    with pytest.raises(ConfigError, match=f"not there: {unknown}$"):
        run(tiny(weights={"reveal_1": 1, unknown: 2}), tmp_path)


def test_no_weights_at_all_are_refused(tiny):
    with pytest.raises(ValueError, match="without a weight there is no loss"):
        tiny(weights={})


@pytest.mark.parametrize(
    "precision",
    [
        "32-true",
        "bf16-mixed",
    ],
)
def test_famo_compares_like_with_like(tiny, precision):
    """A step at a learning rate of 0 makes no loss fall."""
    experiment = experiment_of(tiny(precision=precision, critics=CRITICS, architecture={**TINY, "bound": 1.3}))
    pictures, labels = Batches(experiment.plan.load("train"), 4, seed=1, device=torch.device("cpu")).at(0)
    before = parts(experiment)["model"]
    experiment.training_step(pictures, labels, 0.0)
    after = parts(experiment)["model"]
    assert all(torch.equal(before[name], after[name]) for name in before if "running" not in name and "num" not in name)
    assert experiment.weighing.first_moment.abs().max() < 1e-5


# --- payloads and tiles ---


def test_a_tenth_of_a_bit_per_pixel_is_rounded_to_whole_bits(tiny):
    plan = tiny(payload_bpp=0.1)
    for height, width in ((16, 16), (32, 32), (17, 23), (64, 64)):
        experiment = experiment_of(plan)
        payload, message = experiment._message(torch.zeros(3, 3, height, width))
        assert payload.shape == (3, round(0.1 * height * width))
        assert message.shape == (3, 1, height, width)
        assert torch.equal(message.flatten(1), payload[:, experiment.positions])
        copies = np.bincount(experiment.positions)
        assert copies.max() - copies.min() <= 1  # each bit as often as the others, and not always in the same places
        before = experiment.positions
        torch.manual_seed(height)
        experiment._message(torch.zeros(3, 3, height, width))
        assert (before != experiment.positions).any()
    for settings, bits in (({"payload_bpp": 0.0001}, 1), ({}, 768), ({"payload_bpp": 1.5}, 384)):
        experiment = experiment_of(tiny(architecture={**TINY, "depth": 3}, **settings))
        assert experiment._message(torch.zeros(1, 3, 16, 16))[0].shape == (1, bits)


def test_of_a_range_of_payloads_every_batch_takes_another_and_leaves_the_rest_silent(tiny):
    experiment = experiment_of(tiny(payload_bpp=[0.1, 0.6]))
    lengths = []
    for step in range(40):
        torch.manual_seed(step)
        payload, message = experiment._message(torch.zeros(2, 3, 16, 16))
        lengths.append(payload.shape[1])
        assert (message == 0.5).sum() == 2 * (256 - lengths[-1])
        border = torch.ones(16, 16, dtype=torch.bool)
        border[2:-2, 2:-2] = False
        assert (message[0, 0][border] != 0.5).sum() == max(0, lengths[-1] - 144)
    assert min(lengths) >= 26
    assert max(lengths) <= 154
    assert len(set(lengths)) > 20
    validation, _ = experiment._message(torch.zeros(2, 3, 16, 16), torch.Generator())
    assert validation.shape == (2, 154)


def messages_of(plan, place):
    """Those of the steps and those of the validations."""
    taken = {True: [], False: []}

    def watch(experiment, step):
        if not taken[True]:
            experiment.bare.register_forward_pre_hook(lambda module, inputs: taken[module.training].append(inputs[1]))
        return step()

    run(plan, place, watch=watch)
    return taken[True], taken[False]


def test_every_step_has_a_message_of_its_own_and_validations_share_one(tiny, tmp_path):
    plan = tiny(epochs=3, payload_bpp=0.5, weights="famo-lagged")
    training, validation = messages_of(plan, tmp_path / "one")
    pictures = torch.cat([message.flatten(1) for message in training])
    assert len(training) == 3 * STEPS
    assert set(pictures.unique().tolist()) == {0, 1}
    assert len(pictures.unique(dim=0)) == 3 * STEPS * 4
    assert pictures.mean().item() == pytest.approx(0.5, abs=0.04)
    apart = (pictures[:-4] != pictures[4:]).float().mean().item()
    assert apart == pytest.approx(0.5, abs=0.04)  # from step to step
    assert len(validation) == 3 * 2  # figures and examples
    assert all(torch.equal(one, validation[place % 2]) for place, one in enumerate(validation))
    again, _ = messages_of(plan, tmp_path / "two")
    assert all(torch.equal(one, other) for one, other in zip(training, again, strict=True))


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


def test_famo_takes_its_losses_again_with_the_same_message(tiny, tmp_path):
    training, _ = messages_of(tiny(weights="famo"), tmp_path)
    assert len(training) == 2 * 2 * STEPS
    assert all(torch.equal(*training[k : k + 2]) for k in range(0, len(training), 2))


def numbered(count, height, width):
    """Pictures whose values say where they are."""
    rows, columns = torch.arange(height).view(1, height, 1), torch.arange(width).view(1, 1, width)
    one = torch.cat([rows.expand(1, height, width), columns.expand(1, height, width)]).float()
    return torch.stack([torch.cat([one, torch.full((1, height, width), float(k))]) for k in range(count)])


@pytest.mark.parametrize(("height", "width", "side"), [(32, 32, 16), (33, 40, 16), (20, 31, 15), (17, 18, 16)])
def test_a_tile_lies_at_even_coordinates_and_at_the_same_place_in_all_pictures(height, width, side):
    torch.manual_seed(0)
    pictures, places = numbered(3, height, width), set()
    for _ in range(400):
        tile = one_tile(pictures, side)
        assert tile.shape == (3, 3, side, side)
        top, left = int(tile[0, 0, 0, 0]), int(tile[0, 1, 0, 0])
        assert top % 2 == left % 2 == 0
        assert torch.equal(tile, pictures[:, :, top : top + side, left : left + side])
        places.add((top, left))
    assert {top for top, _ in places} == set(range(0, height - side + 1, 2))
    assert {left for _, left in places} == set(range(0, width - side + 1, 2))


def test_tiles_are_drawn_from_torchs_own_generator():
    pictures, found = numbered(1, 64, 64), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append([int(one_tile(pictures, 16)[0, 0, 0, 0]) for _ in range(10)])
    assert found[0] == found[1] != found[2]


def test_without_a_side_or_with_one_too_large_pictures_are_whole():
    pictures = numbered(2, 20, 24)
    for side in (None, 24, 500):
        assert torch.equal(one_tile(pictures, side), pictures)
    for side in (20, 21):
        assert one_tile(pictures, side).shape[2:] == (20, side)


def test_training_sees_tiles_and_validation_whole_pictures(tiny, tmp_path):
    sides = {True: set(), False: set()}

    def watch(experiment, step):
        experiment.bare.hider.register_forward_pre_hook(
            lambda module, inputs: sides[module.training].add(tuple(inputs[0].shape[2:]))
        )
        return step()

    run(tiny(epochs=1), tmp_path, watch=watch)
    assert sides == {True: {(12, 12)}, False: {(28, 28)}}


def test_validation_does_not_depend_on_its_batches(tiny, monkeypatch):
    experiment = experiment_of(tiny(architecture={**TINY, "bound": 5}))
    together = experiment.validate()
    monkeypatch.setattr(train_learned, "VALIDATION_BATCH", 7)  # of 8 pictures
    apart = experiment.validate()
    assert apart == pytest.approx(together, rel=1e-4, nan_ok=True)


def test_data_are_as_soft_as_the_plan_says(folders):
    plain, soft = (Data(set="crops", folder=folders[8], detail=detail).load("train") for detail in (None, 16))
    assert np.array_equal(soft.pictures, softened(plain.pictures, 16))
    assert not np.array_equal(soft.pictures, plain.pictures)
    assert np.array_equal(soft.labels, plain.labels)


# --- where a training begins, and plans that are refused ---


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


def test_a_codec_that_does_not_learn_stays_and_one_that_learns_moves(tiny, tmp_path):
    for learns in (False, True):
        plan = tiny(codec_learns=learns, epochs=1)
        experiment, _ = run(plan, tmp_path / str(learns))
        start, end = (one.codec.state_dict() for one in (experiment_of(plan).bare, experiment.bare))
        assert any(not torch.equal(start[name], end[name]) for name in start) is learns


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
        ({"critics": {"width": 4}}, "optimiser: Field required"),
        ({"critics": {**CRITICS, "warm_up": 1.5}}, "less than or equal to 1"),
        ({"critic": CRITICS}, "critic: Extra"),
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
    found = [experiment._bound(epoch) for epoch in (0, 1, 2, 3, 4, 7, 10)]
    assert found == pytest.approx([32, 16, 8, 4, 2, 2, 2])
    assert experiment_of(tiny(architecture={**TINY, "bound": 2}))._bound(0.0) == 2
    assert experiment_of(tiny())._bound(0.0) is None
