# SPDX-License-Identifier: Apache-2.0
"""Table II's columns: the carriers do what they say, and the figures are those of their pictures and nothing else."""

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from semstego.cli.main import app
from semstego.codecs.base import Symbols
from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.codec import CodecShape, ConvolutionalCodec
from semstego.codecs.convolutional.networks import start_near_identity
from semstego.datasets.labelled import LabelledPictures
from semstego.datasets.tensors import batch
from semstego.errors import ArgumentError, PictureError
from semstego.evaluation.carriers import Learned, LsbMatching, Syndrome, features_in
from semstego.evaluation.closed_carriers import Closed
from semstego.evaluation.table2 import COLUMNS, Hidden, evaluate, table
from semstego.schemes.learned.model import Architecture, LearnedModel
from semstego.schemes.learned.point import LearnedPoint

SIDE = 32


def quiet(what, share):
    assert 0 < share <= 1


def measure(carrier, data, bpp=1.0, seeds=(1,), **options):
    return evaluate(carrier, data, bpp, seeds=seeds, progress=quiet, **options)


def means(found):
    return {name: None if column is None else column["mean"] for name, column in found["columns"].items()}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def data(photographs):
    pictures = [photographs[name][40:168:4, 60:188:4] for name in ("coffee", "chelsea", "astronaut", "rocket")
                if name in photographs and photographs[name].ndim == 3 and photographs[name].shape[2] == 3]  # fmt: skip
    pictures = np.stack([*pictures, pictures[0][::-1, ::-1]])
    return LabelledPictures(pictures, np.arange(len(pictures)), tuple("abcdef"[: len(pictures)]))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(5)
    model = LearnedModel(Architecture(hidden=8, growth=4, blocks=2, bound=1.2))
    model.start_near_identity(torch.Generator().manual_seed(5))
    return model.eval()


@pytest.fixture(scope="module")
def exact():
    """A codec whose features are the picture itself: only here do 8 bits lose nothing."""
    codec = ConvolutionalCodec(CodecShape(kernel=1, hidden=3, projections=False)).eval()
    for half in (codec.encoder, codec.decoder):
        for layer in half.layers:
            torch.nn.init.dirac_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    return codec


@dataclass(frozen=True)
class Fake:
    """Moves one symbol and one pixel, or none; misreads the first bits of stage II; leaves some pictures out."""

    moved: int = 0
    misread: int = 0
    carried: tuple[int, ...] | None = None
    dark: bool = False
    side: int = 30
    name: str = "fake"

    def hide(self, pictures, bits, rng):
        symbols = rng.integers(10, 200, (len(pictures), 3, self.side, self.side), np.uint8)
        stego, seen = symbols.copy(), pictures.copy()
        stego[:, 0, 0, 0] += self.moved
        seen[:, 0, 0, 0] ^= self.moved
        payload = rng.integers(0, 2, (len(pictures), bits), np.uint8)
        read_2 = payload.copy()
        read_2[:, : self.misread] ^= 1
        kept = np.ones(len(pictures), bool)
        if self.carried is not None:
            kept[:] = np.isin(np.arange(len(pictures)), self.carried)
        stegos = np.zeros_like(seen) if self.dark else seen
        return Hidden(symbols, stego, pictures, stegos, payload, payload.copy(), read_2, kept)


class Bright:
    """A task: right where the picture is not black."""

    def task_loss(self, picture, target):
        raise NotImplementedError

    def task_score(self, picture, target):
        return (picture.mean((1, 2, 3)) > 0.01).float()


class Messenger:
    """In place of a model: the decoders are told the message, with noise."""

    def __init__(self, codec, noise):
        self.codec, self.noise, self.shape = codec, noise, Architecture()

    places = LearnedModel.places

    def hidden(self, features, message, scale):
        self.message = message
        return features

    def revealed_1(self, features):
        generator = torch.Generator().manual_seed(3)
        return self.message * 2 - 1 + self.noise * torch.randn(self.message.shape, generator=generator)

    revealed_2 = revealed_1


def psnr(a, b):
    return [10 * math.log10(255**2 / np.mean((x.astype(float) - y) ** 2)) for x, y in zip(a, b, strict=True)]


def test_an_untrained_model_is_read_by_chance_and_its_figures_are_those_of_its_pictures(model, data):
    found = measure(Learned(model), data)
    hidden = Learned(model).hide(data.pictures, SIDE**2, np.random.default_rng((1, 0)))
    mean = means(found)
    assert 44 < mean["bit_accuracy_1_percent"] < 56
    assert 44 < mean["bit_accuracy_2_percent"] < 56
    assert mean["bit_accuracy_2_percent"] == pytest.approx(100 * np.mean(hidden.payload == hidden.read_2))
    assert mean["psnr1_db"] == pytest.approx(np.mean(psnr(hidden.stego_symbols, hidden.cover_symbols)))
    assert mean["psnr2_db"] == pytest.approx(np.mean(psnr(hidden.stegos, hidden.covers)))
    assert mean["psnr_sc_db"] == pytest.approx(np.mean(psnr(hidden.stegos, data.pictures)))
    assert mean["psnr_cover_db"] == pytest.approx(np.mean(psnr(hidden.covers, data.pictures)))
    change = hidden.stego_symbols.astype(float) - hidden.cover_symbols
    assert 0 < np.abs(change).max() <= 2  # the bound of 1.2 steps
    assert mean["mse1_steps"] == pytest.approx(np.mean(change**2))
    assert mean["changed_percent"] == pytest.approx(100 * np.mean(change != 0))
    assert mean["ssim1"] < 1
    assert mean["wrong_symbols_2_percent"] is None
    assert set(mean) == set(COLUMNS)
    assert found["compression_ratio"] == (SIDE - 4) ** 2 / SIDE**2
    assert (found["bits"], found["actual_bpp"], found["refused"]) == (SIDE**2, 1, 0)
    assert found["bits_per_symbol"] == pytest.approx(SIDE**2 / (3 * (SIDE - 4) ** 2))
    json.dumps(found, allow_nan=False)


def test_a_model_sends_what_its_codec_sends(model, data):
    hidden, point = Learned(model).hide(data.pictures, 100, np.random.default_rng(1)), LearnedPoint("m", model)
    for place, picture in enumerate(data.pictures):
        alone = point.encode(picture)
        assert np.mean(alone.values != hidden.cover_symbols[place]) < 1e-3  # floats of a batch may end elsewhere
        for symbols, seen in ((hidden.cover_symbols, hidden.covers), (hidden.stego_symbols, hidden.stegos)):
            assert seen.dtype == np.uint8
            decoded = point.decode(Symbols(symbols[place], SIDE, SIDE, 3))
            assert np.mean(decoded != seen[place]) < 1e-3


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("bpp", [0.1, 0.7, 1.0])
def test_every_bit_goes_to_its_places_and_is_read_from_them(exact, data, keyed, bpp):
    found = measure(Learned(Messenger(exact, 0.0), keyed), data, bpp)
    assert found["bits"] == round(bpp * SIDE**2)
    assert means(found)["bit_accuracy_1_percent"] == means(found)["bit_accuracy_2_percent"] == 100


def test_order_of_the_copies(exact, data):
    plain, keyed = Messenger(exact, 0.0), Messenger(exact, 0.0)
    bits = Learned(plain, keyed=False).hide(data.pictures, 100, np.random.default_rng(1)).payload
    Learned(keyed).hide(data.pictures, 100, np.random.default_rng(1))
    assert (plain.message.flatten(1)[:, 100:200].numpy() == bits).all()
    assert (keyed.message.flatten(1)[:, :100] != keyed.message.flatten(1)[:, 100:200]).any()
    assert (keyed.message.flatten(1)[0, :100] != plain.message.flatten(1)[0, :100]).any()


def test_repetition_pays_under_noise(exact, data):
    one, ten = (means(measure(Learned(Messenger(exact, 2.0)), data, bpp))["bit_accuracy_1_percent"] for bpp in (1, 0.1))
    assert one == pytest.approx(69.1, abs=3)  # P(N < 1/2)
    assert ten == pytest.approx(94.3, abs=3)  # P(N < sqrt(10)/2)


def test_nothing_changed_and_all_read(data):
    found = measure(Fake(), data)
    assert means(found)["bit_accuracy_1_percent"] == means(found)["bit_accuracy_2_percent"] == 100
    for name in ("psnr1_db", "psnr2_db", "psnr_sc_db", "psnr_cover_db"):
        column = {"mean": None, "low": None, "high": None, "values": 0, "undefined": len(data)}
        assert found["columns"][name] == column
    assert means(found)["ssim2"] == pytest.approx(1)
    json.dumps(found, allow_nan=False)


def test_infinite_values_do_not_poison_a_mean(data):
    pictures = np.concatenate([data.pictures, data.pictures])
    mixed = LabelledPictures(pictures, np.zeros(len(pictures), np.int64), ("a",))

    class Half(Fake):
        def hide(self, pictures, bits, rng):
            found = super().hide(pictures, bits, rng)
            found.stego_symbols[::2] = found.cover_symbols[::2]
            return found

    small = measure(Fake(side=10), data)["columns"]  # than the window of SSIM
    assert (small["ssim1"]["mean"], small["ssim1"]["undefined"]) == (None, len(data))
    column = measure(Half(moved=1), mixed)["columns"]["psnr1_db"]
    assert column["mean"] == pytest.approx(10 * math.log10(255**2 * 2700))
    assert (column["values"], column["undefined"]) == (len(data), len(data))


def test_bits_read_wrong_are_counted_at_their_stage(data):
    mean = means(measure(Fake(moved=1, misread=64), data))
    assert mean["bit_accuracy_1_percent"] == 100
    assert mean["bit_accuracy_2_percent"] == 100 - 100 * 64 / SIDE**2
    assert mean["changed_percent"] == pytest.approx(100 / 2700)


def test_refusals_are_counted_and_left_out(data):
    found = measure(Fake(carried=(1,)), data, seeds=(1, 2, 3), task=Bright())
    assert (found["refused"], found["hidings"], found["pictures"]) == (3 * (len(data) - 1), 3, len(data))
    assert found["columns"]["ssim2"]["values"] == 3
    assert found["task"][0]["gap"]["pictures"] == 1
    nobody = measure(Fake(carried=()), data)
    assert nobody["refused"] == len(data)
    assert "columns" not in nobody
    assert "-" in table([nobody])


def test_a_closed_codec_without_room_refuses(rng):
    pictures = rng.integers(32, 224, (3, 8, 8, 1), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
    data = LabelledPictures(pictures, np.array([0, 0, 0]), ("a",))
    assert measure(Closed("cr025"), data)["refused"] == 3
    assert measure(Closed("cr025"), data, 0.05)["refused"] == 3  # 25 bytes hold no frame


def test_the_task_judges_both_reconstructions(data):
    (dark,) = measure(Fake(dark=True), data, task=Bright())["task"]
    assert dark["accuracy"]["cover reconstruction"]["percent"] == 100
    assert dark["accuracy"]["stego reconstruction"]["percent"] == 0
    assert (dark["gap"]["points"], dark["gap"]["lost"]) == (100, len(data))
    two = measure(Fake(), data, seeds=(4, 9), task=Bright())
    assert [(one["seed"], one["gap"]["points"]) for one in two["task"]] == [(4, 0), (9, 0)]
    assert "100.00" in table([measure(Fake(dark=True), data, task=Bright())])


def test_seeds_fix_everything_and_are_averaged(model, data):
    assert measure(Learned(model), data) == measure(Learned(model), data)
    first, second, both = (measure(Learned(model), data, seeds=seeds) for seeds in ((1,), (2,), (1, 2)))
    assert first["columns"] != second["columns"]
    assert both["hidings"] == 2 * len(data)
    for name in ("bit_accuracy_1_percent", "psnr1_db"):
        assert means(both)[name] == pytest.approx((means(first)[name] + means(second)[name]) / 2)


def test_batches_are_all_pictures_once(data):
    many = LabelledPictures(np.resize(data.pictures, (120, SIDE, SIDE, 3)), np.zeros(120, np.int64), ("a",))
    seen = []

    class Watched(Fake):
        def hide(self, pictures, bits, rng):
            seen.append(pictures)
            return super().hide(pictures, bits, rng)

    assert measure(Watched(), many)["columns"]["ssim2"]["values"] == 120
    assert [len(one) for one in seen] == [50, 50, 20]
    assert (np.concatenate(seen) == many.pictures).all()


def test_intervals_draw_photographs(model, data):
    pictures = np.repeat(data.pictures, 8, 0)
    many, origin = LabelledPictures(pictures, np.zeros(len(pictures), np.int64), ("a",)), np.arange(len(pictures)) // 8
    single, grouped = measure(Learned(model), many), measure(Learned(model), many, photographs=origin)
    assert (single["photographs"], grouped["photographs"]) == (len(many), len(data))
    assert "over pictures" in single["interval"]
    assert "over photographs" in grouped["interval"]
    widths = [found["columns"]["psnr_cover_db"]["high"] - found["columns"]["psnr_cover_db"]["low"]
              for found in (single, grouped)]  # fmt: skip
    assert widths[1] > 1.5 * widths[0] > 0
    alone = measure(Learned(model), many, photographs=0 * origin)
    assert alone["columns"]["psnr_cover_db"]["low"] is None
    assert means(alone) == pytest.approx(means(single), nan_ok=True)


def test_lsb_matching_moves_half_of_the_chosen_symbols_by_one(model, data):
    data.pictures[0], data.pictures[1] = 0, 255
    hidden = LsbMatching(model.codec).hide(data.pictures, 1000, np.random.default_rng(1))
    change = hidden.stego_symbols.astype(int) - hidden.cover_symbols
    assert (hidden.cover_symbols == 0).any()
    assert (hidden.cover_symbols == 255).any()
    assert set(np.unique(change)) == {-1, 0, 1}
    assert 420 < np.abs(change).sum((1, 2, 3)).mean() < 580
    ordinary = change[2:]
    assert 0.4 < np.mean(ordinary[ordinary != 0] > 0) < 0.6
    assert (hidden.read_1 == hidden.payload).all()


def test_lsb_matching_is_exact_at_stage_1_and_mostly_at_stage_2(model, data):
    found = measure(LsbMatching(model.codec), data)
    assert means(found)["bit_accuracy_1_percent"] == 100
    assert 90 < means(found)["bit_accuracy_2_percent"] < 100
    assert 0 < means(found)["wrong_symbols_2_percent"] < 15
    assert means(found)["mse1_steps"] == pytest.approx(SIDE**2 / 2 / (3 * (SIDE - 4) ** 2), rel=0.1)


def test_before_rounding_the_inversion_gives_the_very_symbols(model, data):
    codec = model.codec
    with torch.no_grad():
        features = codec.encoder(batch(data.pictures))
        scale = codec.quantiser.scale(features)
        symbols = codec.quantiser.to_symbols(features, scale)
        seen = codec.decoder(codec.quantiser.to_features(symbols, scale))
    assert seen.min() < 0 or seen.max() > 0.5  # neither clamped nor rounded
    assert torch.equal(codec.quantiser.to_symbols(features_in(seen, codec), scale), symbols)
    shifted = codec.quantiser.to_symbols(features_in(seen + 2 / 255, codec), scale)
    assert not torch.equal(shifted, symbols)


def test_an_inversion_that_has_arrived_stays(exact, data):
    seen = torch.round(batch(data.pictures) * 255) / 255
    assert torch.isfinite(features_in(seen, exact)).all()
    assert torch.allclose(features_in(seen, exact), seen.double() * 2 - 1, atol=1e-6)


def test_with_an_activation_there_is_no_stage_2_for_symbols(data):
    codec = ConvolutionalCodec(CodecShape(hidden=8, activation="relu")).eval()
    start_near_identity(codec.encoder, codec.decoder, torch.Generator().manual_seed(1))
    for carrier in (LsbMatching(codec), Syndrome(codec)):
        found = measure(carrier, data, 0.2)
        assert means(found)["bit_accuracy_1_percent"] == 100
        assert found["columns"]["bit_accuracy_2_percent"] is None
        assert found["columns"]["wrong_symbols_2_percent"] is None
        assert means(found)["psnr2_db"] > 30


def test_a_syndrome_is_exact_at_stage_1_and_where_the_symbols_come_back(model, exact, data):
    found, sure = (measure(Syndrome(codec), data, 0.5) for codec in (model.codec, exact))
    assert means(found)["bit_accuracy_1_percent"] == means(sure)["bit_accuracy_1_percent"] == 100
    assert means(sure)["wrong_symbols_2_percent"] == 0
    assert means(sure)["bit_accuracy_2_percent"] == 100
    assert means(found)["wrong_symbols_2_percent"] > 0
    assert means(found)["bit_accuracy_2_percent"] < 100 - means(found)["wrong_symbols_2_percent"]  # errors multiply
    lsb = measure(LsbMatching(model.codec), data, 0.5)
    assert means(found)["mse1_steps"] < means(lsb)["mse1_steps"]


def test_a_syndrome_avoids_what_is_smooth(exact, data):
    pictures = data.pictures.copy()
    pictures[:, :, : SIDE // 2] = 100
    stego = (hidden := Syndrome(exact).hide(pictures, 300, np.random.default_rng(1))).stego_symbols
    changed = (stego != hidden.cover_symbols).mean((0, 1, 2))
    assert changed[: SIDE // 2 - 8].mean() < 0.1 * changed[SIDE // 2 + 8 :].mean()


def test_a_syndrome_that_does_not_fit_is_refused(exact, data):
    hidden = Syndrome(exact).hide(data.pictures, 5 * SIDE**2, np.random.default_rng(1))
    assert not hidden.carried.any()
    assert (hidden.stego_symbols == hidden.cover_symbols).all()


def test_a_closed_codec_is_exact_at_both_stages(photographs):
    pictures = np.stack([photographs["coffee"][:SIDE, :SIDE], photographs["coffee"][64:96, 64:96]])
    found = measure(Closed("cr085"), LabelledPictures(pictures, np.zeros(2, np.int64), ("a",)), 0.3)
    assert found["hidings"] >= 1
    assert found["bits"] == 304  # whole bytes of 307 bits
    assert means(found)["bit_accuracy_1_percent"] == means(found)["bit_accuracy_2_percent"] == 100
    assert means(found)["psnr2_db"] > 45


def test_what_cannot_be_evaluated_is_refused(model, exact, data):
    for bpp, seeds in ((0.0, (1,)), (1.0, ())):
        with pytest.raises(ArgumentError, match="at least one bit"):
            measure(Learned(model), data, bpp, seeds)
    for carrier, bpp in ((Learned(model), 1.1), (LsbMatching(exact), 3.1)):
        with pytest.raises(ArgumentError, match="carries up to"):
            measure(carrier, data, bpp)
    grey = LearnedModel(Architecture(channels=1, hidden=4, growth=2, blocks=1)).eval()
    for carrier in (Learned(grey), LsbMatching(grey.codec)):
        with pytest.raises(PictureError, match="1 channels, not 3"):
            measure(carrier, data)


@pytest.fixture
def folder(tmp_path, model, photographs):
    (tmp_path / "mine.safetensors").write_bytes(shaped_weights.to_bytes(model))
    pictures = np.stack([photographs["coffee"][y : y + 64, y : y + 64] for y in (0, 50, 100)])
    np.savez(tmp_path / "test.npz", pictures=pictures, photographs=np.array([0, 0, 1], np.int16))
    return tmp_path


def test_the_command_prints_table_2(folder):
    command = ["evaluate", str(folder / "mine.safetensors"), "--data", str(folder), "--set", "crops", "--bpp", "0.1"]
    result = CliRunner().invoke(app, [*command, "--bpp", "1"], catch_exceptions=False)
    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:3]] == [["learned", "0.1"], ["learned", "1"]]
    written = ["--seeds", "2", "--seed", "7", "--detail", "32", "-o", str(folder / "out.json"), "--json"]
    result = CliRunner().invoke(app, command + written, catch_exceptions=False)
    found = json.loads(result.stdout)
    assert json.loads((folder / "out.json").read_text()) == found
    (cell,) = found["cells"]
    assert (cell["seeds"], cell["photographs"], cell["hidings"], found["detail"]) == ([7, 8], 2, 6, 32)
    assert "exists already" in str(CliRunner().invoke(app, command + written).exception)


def test_the_command_refuses_options_that_would_do_nothing(folder):
    model, data = [str(folder / "mine.safetensors")], ["--data", str(folder), "--set", "crops"]
    for arguments, fault in (
        ([*model, *data, "--codec", "cr050"], "without a MODEL"),
        ([*model, *data, "--weights", "objects"], "no classes"),
        ([*data, "--task", "classification", "--seeds", "3"], "with a MODEL"),
        (data, "--task"),
    ):
        result = CliRunner().invoke(app, ["evaluate", *arguments])
        assert result.exit_code == 2
        assert fault in " ".join(result.output.split())
