# SPDX-License-Identifier: Apache-2.0
"""Table II's columns: the figures are those of the pictures and of nothing else, for every codec and scheme."""

import json
import math
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from semstego.cli.main import app
from semstego.codecs import registry
from semstego.codecs.base import Codec, Encoding, Symbols
from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.codec import CodecShape, ConvolutionalCodec
from semstego.codecs.convolutional.networks import start_near_identity
from semstego.codecs.convolutional.point import around
from semstego.datasets.labelled import LabelledPictures
from semstego.errors import ArgumentError, InfeasibleError, PictureError
from semstego.evaluation.hiding import hide_random
from semstego.evaluation.table2 import COLUMNS, evaluate, table
from semstego.schemes import base
from semstego.schemes.base import Embedding, Scheme
from semstego.schemes.learned.model import Architecture, LearnedModel
from semstego.schemes.learned.scheme import LearnedScheme
from semstego.system.stego_system import StegoSystem
from semstego.tasks.base import Task

SIDE = 48
BITS = SIDE**2


def quiet(what, share):
    assert 0 < share <= 1


def measure(system, data, bpp=1.0, seeds=(1,), **options):
    return evaluate(system, data, bpp, seeds=seeds, progress=quiet, **options)


def means(found):
    return {name: None if column is None else column["mean"] for name, column in found["columns"].items()}


def learned(model, keyed=True):
    """The paper's scheme around a model in memory."""
    return StegoSystem(around("mine", model.codec), LearnedScheme(model, corrected=False, keyed=keyed))


def hill(codec):
    return StegoSystem(around("mine", codec), base.SCHEMES.get("hill"))


def lsb(codec):
    return StegoSystem(around("mine", codec), base.SCHEMES.get("lsb"))


def hide_all(system, pictures, bits, seed):
    rng = np.random.default_rng(seed)
    return [hide_random(system, picture, bits, rng) for picture in pictures]


def changes(hidings):
    return np.stack([one.embedded.symbols.values.astype(int) - one.cover.encoding.symbols.values for one in hidings])


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def data(photographs):
    pictures = [photographs[name][40:184:3, 60:204:3] for name in ("coffee", "chelsea", "astronaut", "rocket")]
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
class Plain(Codec):
    """Symbols are the picture, or a part of it."""

    side: int = SIDE
    name: str = "plain"
    fingerprint: bytes = bytes(8)
    closed: bool = False

    def encode(self, picture):
        values = np.ascontiguousarray(picture[: self.side, : self.side].transpose(2, 0, 1))
        return Encoding.of(Symbols(values, *picture.shape))

    def decode(self, symbols):
        picture = np.zeros((symbols.height, symbols.width, symbols.channels), np.uint8)
        picture[: self.side, : self.side] = symbols.values.transpose(1, 2, 0)
        return picture

    def recover(self, picture):
        return self.encode(picture).symbols

    def pack(self, symbols):
        raise NotImplementedError

    def unpack(self, coded, height, width, channels):
        raise NotImplementedError


@dataclass(frozen=True)
class Fake(Scheme):
    """Moves one symbol, or none; misreads the first bits of stage II; leaves some pictures out; may send black."""

    moved: int = 0
    misread: int = 0
    carried: tuple[int, ...] | None = None
    dark: bool = False
    every_other: bool = False
    name: str = "fake"
    seen: list = field(default_factory=list)

    def capacity_bits(self, cover):
        raise NotImplementedError

    def embed(self, cover, frame, key, draws, progress):
        if not self.seen or self.seen[-1] is not cover:
            self.seen.append(cover)
        place = len(self.seen) - 1
        if self.carried is not None and place % 5 not in self.carried:
            raise InfeasibleError
        symbols = cover.encoding.symbols
        values = np.zeros_like(symbols.values) if self.dark else symbols.values.copy()
        if self.moved and not (self.every_other and place % 2 == 0):
            values[0, 0, 0] ^= 1
        object.__setattr__(self, "payload", frame.payload(key))
        return Embedding(symbols.with_values(values))

    def reveal_features(self, symbols, codec, key):
        return lambda count: self.payload[:count]

    def reveal_picture(self, received, key):
        wrong = self.payload.copy()
        wrong[: self.misread] ^= 1
        return lambda count: wrong[:count]


def fake(side=SIDE, **how):
    return StegoSystem(Plain(side), Fake(**how))


class Bright(Task):
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
    found = measure(learned(model), data)
    hidden = hide_all(learned(model), data.pictures, BITS, (1, 0))
    mean = means(found)
    assert 44 < mean["bit_accuracy_1_percent"] < 56
    assert 44 < mean["bit_accuracy_2_percent"] < 56
    right = [np.mean(one.payload() == one.read_picture()) for one in hidden]
    assert mean["bit_accuracy_2_percent"] == pytest.approx(100 * np.mean(right))
    covers, seen = ([one.cover.reconstruction for one in hidden], [one.embedded.received.picture for one in hidden])
    symbols = [one.cover.encoding.symbols.values for one in hidden], [one.embedded.symbols.values for one in hidden]
    assert mean["psnr1_db"] == pytest.approx(np.mean(psnr(*symbols)))
    assert mean["psnr2_db"] == pytest.approx(np.mean(psnr(seen, covers)))
    assert mean["psnr_sc_db"] == pytest.approx(np.mean(psnr(seen, data.pictures)))
    assert mean["psnr_cover_db"] == pytest.approx(np.mean(psnr(covers, data.pictures)))
    change = changes(hidden)
    assert 0 < np.abs(change).max() <= 2  # the bound of 1.2 steps
    assert mean["mse1_steps"] == pytest.approx(np.mean(change**2))
    assert mean["changed_percent"] == pytest.approx(100 * np.mean(change != 0))
    assert mean["ssim1"] < 1
    assert mean["wrong_symbols_2_percent"] is None
    assert set(mean) == set(COLUMNS)
    assert found["compression_ratio"] == (SIDE - 4) ** 2 / SIDE**2
    assert (found["bits"], found["actual_bpp"], found["refused"]) == (BITS, 1, 0)
    assert found["bits_per_symbol"] == pytest.approx(BITS / (3 * (SIDE - 4) ** 2))
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("bpp", [0.1, 0.7, 1.0])
def test_every_bit_goes_to_its_positions_and_is_read_from_them(exact, data, keyed, bpp):
    found = measure(learned(Messenger(exact, 0.0), keyed), data, bpp)
    assert found["bits"] == round(bpp * SIDE**2) // 8 * 8
    assert means(found)["bit_accuracy_1_percent"] == means(found)["bit_accuracy_2_percent"] == 100


def test_order_of_the_copies(exact, data):
    plain, keyed = Messenger(exact, 0.0), Messenger(exact, 0.0)
    bits = hide_all(learned(plain, keyed=False), data.pictures[:1], 240, 1)[0].payload()
    hide_all(learned(keyed), data.pictures[:1], 240, 1)
    flat, other = plain.message.flatten().numpy(), keyed.message.flatten().numpy()
    assert (flat[240:480] == bits).all()
    assert (other[:240] != other[240:480]).any()
    assert (other[:240] != flat[:240]).any()


def test_repetition_pays_under_noise(exact, data):
    one, ten = (means(measure(learned(Messenger(exact, 2.0)), data, bpp))["bit_accuracy_1_percent"] for bpp in (1, 0.1))
    assert one == pytest.approx(69.1, abs=3)  # P(N < 1/2)
    assert ten == pytest.approx(94.3, abs=3)  # P(N < sqrt(10)/2)


def test_nothing_changed_and_all_read(data):
    found = measure(fake(), data)
    assert means(found)["bit_accuracy_1_percent"] == means(found)["bit_accuracy_2_percent"] == 100
    for name in ("psnr1_db", "psnr2_db", "psnr_sc_db", "psnr_cover_db"):
        column = {"mean": None, "low": None, "high": None, "values": 0, "undefined": len(data)}
        assert found["columns"][name] == column
    assert means(found)["ssim2"] == pytest.approx(1)
    json.dumps(found, allow_nan=False)


def test_infinite_values_do_not_poison_a_mean(data):
    small = measure(fake(side=10), data)["columns"]  # than the window of SSIM
    assert small["ssim1"] is None
    pictures = np.concatenate([data.pictures, data.pictures])
    mixed = LabelledPictures(pictures, np.zeros(len(pictures), np.int64), ("a",))
    column = measure(fake(moved=1, every_other=True), mixed)["columns"]["psnr1_db"]
    assert column["mean"] == pytest.approx(10 * math.log10(255**2 * 3 * SIDE**2))
    assert (column["values"], column["undefined"]) == (len(data), len(data))


def test_bits_read_wrong_are_counted_at_their_stage(data):
    mean = means(measure(fake(moved=1, misread=64), data))
    assert mean["bit_accuracy_1_percent"] == 100
    assert mean["bit_accuracy_2_percent"] == 100 - 100 * 64 / BITS
    assert mean["changed_percent"] == pytest.approx(100 / (3 * SIDE**2))


def test_refusals_are_counted_and_left_out(data):
    found = measure(fake(carried=(1,)), data, seeds=(1, 2, 3), task=Bright())
    assert (found["refused"], found["hidings"], found["pictures"]) == (3 * (len(data) - 1), 3, len(data))
    assert found["columns"]["ssim2"]["values"] == 3
    assert found["task"][0]["gap"]["pictures"] == 1
    nobody = measure(fake(carried=()), data)
    assert nobody["refused"] == len(data)
    assert "columns" not in nobody
    assert "-" in table([nobody])


def test_a_closed_codec_without_room_refuses(rng):
    pictures = rng.integers(32, 224, (3, 8, 8, 1), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
    data = LabelledPictures(pictures, np.array([0, 0, 0]), ("a",))
    system = StegoSystem(registry.load("cr025"))
    assert measure(system, data)["refused"] == 3
    assert measure(system, data, 0.05)["refused"] == 3  # 25 bytes hold no frame


def test_the_task_answers_on_both_reconstructions(data):
    (dark,) = measure(fake(dark=True), data, task=Bright())["task"]
    assert dark["accuracy"]["cover reconstruction"]["percent"] == 100
    assert dark["accuracy"]["stego reconstruction"]["percent"] == 0
    assert (dark["gap"]["points"], dark["gap"]["lost"]) == (100, len(data))
    two = measure(fake(), data, seeds=(4, 9), task=Bright())
    assert [(one["seed"], one["gap"]["points"]) for one in two["task"]] == [(4, 0), (9, 0)]
    assert "100.00" in table([measure(fake(dark=True), data, task=Bright())])


def test_seeds_fix_everything_and_are_averaged(model, data):
    assert measure(learned(model), data) == measure(learned(model), data)
    first, second, both = (measure(learned(model), data, seeds=seeds) for seeds in ((1,), (2,), (1, 2)))
    assert first["columns"] != second["columns"]
    assert both["hidings"] == 2 * len(data)
    for name in ("bit_accuracy_1_percent", "psnr1_db"):
        assert means(both)[name] == pytest.approx((means(first)[name] + means(second)[name]) / 2)


def test_batches_are_all_pictures_once(data):
    many = LabelledPictures(np.resize(data.pictures, (120, SIDE, SIDE, 3)), np.zeros(120, np.int64), ("a",))
    system = fake()
    assert measure(system, many)["columns"]["ssim2"]["values"] == 120
    assert (np.stack([cover.picture for cover in system.scheme.seen]) == many.pictures).all()


def test_intervals_draw_photographs(data):
    pictures = np.repeat(data.pictures, 8, 0)
    many = LabelledPictures(pictures, np.zeros(len(pictures), np.int64), ("a",))
    origin = np.arange(len(pictures)) // 8
    system = StegoSystem(registry.load("cr085"))
    single, grouped = (measure(system, replace(many, photographs=of), 0.2) for of in (None, origin))
    assert (single["photographs"], grouped["photographs"]) == (len(many), len(data))
    assert "over pictures" in single["interval"]
    assert "over photographs" in grouped["interval"]
    widths = [found["columns"]["psnr_cover_db"]["high"] - found["columns"]["psnr_cover_db"]["low"]
              for found in (single, grouped)]  # fmt: skip
    assert widths[1] > 1.5 * widths[0] > 0
    alone = measure(system, replace(many, photographs=0 * origin), 0.2)
    assert alone["columns"]["psnr_cover_db"]["low"] is None
    assert means(alone) == pytest.approx(means(single), nan_ok=True)


def test_lsb_matching_moves_half_of_the_chosen_symbols_by_one(model, data):
    data.pictures[0], data.pictures[1] = 0, 255
    hidden = hide_all(lsb(model.codec), data.pictures, 1000, 1)
    covers = np.stack([one.cover.encoding.symbols.values for one in hidden])
    change = changes(hidden)
    assert (covers == 0).any()
    assert (covers == 255).any()
    assert set(np.unique(change)) == {-1, 0, 1}
    assert 420 < np.abs(change).sum((1, 2, 3)).mean() < 580
    ordinary = change[2:]
    assert 0.4 < np.mean(ordinary[ordinary != 0] > 0) < 0.6
    assert all((one.read_features() == one.payload()).all() for one in hidden)


def test_lsb_matching_is_exact_at_stage_1_and_mostly_at_stage_2(model, data):
    found = measure(lsb(model.codec), data)
    assert means(found)["bit_accuracy_1_percent"] == 100
    assert 90 < means(found)["bit_accuracy_2_percent"] < 100
    assert 0 < means(found)["wrong_symbols_2_percent"] < 15
    assert means(found)["mse1_steps"] == pytest.approx(BITS / 2 / (3 * (SIDE - 4) ** 2), rel=0.1)


def test_with_an_activation_stage_2_has_only_what_es_makes_of_the_picture(data):
    codec = ConvolutionalCodec(CodecShape(hidden=8, activation="relu")).eval()
    start_near_identity(codec.encoder, codec.decoder, torch.Generator().manual_seed(1))
    point = around("mine", codec)
    picture = point.decode(point.encode(data.pictures[0]).symbols)
    assert (point.recover(picture).values == point.encode(picture).symbols.values).all()
    for system in (lsb(codec), hill(codec)):
        found = measure(system, data, 0.2)
        assert means(found)["bit_accuracy_1_percent"] == 100
        assert means(found)["bit_accuracy_2_percent"] < 100
        assert means(found)["psnr2_db"] > 30


def test_a_syndrome_is_exact_at_stage_1_and_where_the_symbols_come_back(model, exact, data):
    found, sure = (measure(hill(codec), data, 0.5) for codec in (model.codec, exact))
    assert means(found)["bit_accuracy_1_percent"] == means(sure)["bit_accuracy_1_percent"] == 100
    assert means(sure)["wrong_symbols_2_percent"] == 0
    assert means(sure)["bit_accuracy_2_percent"] == 100
    assert means(found)["wrong_symbols_2_percent"] > 0
    assert means(found)["bit_accuracy_2_percent"] < 100 - means(found)["wrong_symbols_2_percent"]  # errors multiply
    assert means(found)["mse1_steps"] < means(measure(lsb(model.codec), data, 0.5))["mse1_steps"]


def test_a_syndrome_avoids_what_is_smooth(exact, data):
    pictures = data.pictures.copy()
    pictures[:, :, : SIDE // 2] = 100
    changed = (changes(hide_all(hill(exact), pictures, 400, 1)) != 0).mean((0, 1, 2))
    assert changed[: SIDE // 2 - 8].mean() < 0.1 * changed[SIDE // 2 + 8 :].mean()


def test_a_syndrome_that_does_not_fit_is_refused(exact, data):
    assert all(one.embedded is None for one in hide_all(hill(exact), data.pictures, 5 * BITS, 1))


@pytest.mark.parametrize(("scheme", "decibels"), [("certified", 43), ("syndrome", 45)])
def test_a_closed_codec_is_exact_at_both_stages(photographs, scheme, decibels):
    """Certified stego is compared with what is sent with nothing hidden, a draw as far from it as two draws are."""
    pictures = np.stack([photographs["coffee"][:SIDE, :SIDE], photographs["coffee"][64:112, 64:112]])
    data = LabelledPictures(pictures, np.zeros(2, np.int64), ("a",))
    chosen = base.SCHEMES.get(scheme)
    found = measure(StegoSystem(registry.load(chosen.default_codec), chosen), data, 0.3)
    assert found["hidings"] >= 1
    assert found["bits"] == 688  # whole bytes of 691 bits
    assert means(found)["bit_accuracy_1_percent"] == means(found)["bit_accuracy_2_percent"] == 100
    assert means(found)["psnr2_db"] > decibels


def test_what_cannot_be_evaluated_is_refused(model, data):
    for bpp, seeds in ((0.0, (1,)), (1.0, ())):
        with pytest.raises(ArgumentError, match="at least one bit"):
            measure(learned(model), data, bpp, seeds)
    assert measure(learned(model), data, 1.1)["refused"] == len(data)
    grey = LearnedModel(Architecture(channels=1, hidden=4, growth=2, blocks=1)).eval()
    for system in (learned(grey), lsb(grey.codec)):
        with pytest.raises(PictureError, match="of 1 channels"):
            measure(system, data)
    with pytest.raises(ArgumentError, match="rounds at random"):
        measure(StegoSystem(registry.load("cr085"), LearnedScheme()), data)


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
        ([*model, *data, "--task", "agreement"], "which a MODEL asks for"),
        ([*model, *data, "--workers", "2"], "which a MODEL asks for"),
        ([*model, *data, "--weights", "objects"], "no classes"),
        ([*data, "--task", "classification", "--seeds", "3"], "go with Table II"),
        ([*data, "--task", "driving"], "no task 'driving'"),
        ([*data, "--scheme", "magic"], "no scheme 'magic'"),
    ):
        result = CliRunner().invoke(app, ["evaluate", *arguments])
        assert result.exit_code == 2
        assert fault in " ".join(result.output.split())
