# SPDX-License-Identifier: Apache-2.0
"""Weights of models on file: they come back bit for bit, and files are not trusted."""

import json
import math
from importlib import resources

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.codec import STEP, CodecShape, ConvolutionalCodec
from semstego.codecs.convolutional.quantiser import Variant
from semstego.errors import WeightsError
from semstego.networks.channels_last import channels_last
from semstego.schemes.learned.model import Architecture, LearnedModel
from tests.unit.schemes.learned import SMALL, bits, model_of


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


SHAPES = [
    SMALL,
    {**SMALL, "channels": 1, "depth": 2, "kernel": 4, "scale": None, "quantiser": Variant.PAPER},
    {**SMALL, "activation": "leaky", "projections": False, "meeting": "slots", "high_pass": True, "bound": 1.3},
]


@pytest.mark.parametrize("chosen", SHAPES)
@pytest.mark.parametrize("order", [lambda model: model, channels_last], ids=["as built", "channels last"])
def test_a_file_gives_the_same_model_bit_for_bit(chosen, order, tmp_path):
    model = order(LearnedModel(Architecture(**chosen)))
    pictures, message = torch.rand(2, model.shape.channels, 24, 28), bits(2, model.shape.depth, 24, 28)
    model(pictures, message)  # moves the statistics of batch normalisation off their start
    (tmp_path / "m.safetensors").write_bytes(shaped_weights.to_bytes(model))
    found = shaped_weights.from_file(tmp_path / "m.safetensors", LearnedModel)
    assert found.shape == model.shape
    assert type(found.shape.quantiser) is type(found.codec.quantiser.variant) is Variant
    assert not found.training
    assert not any(p.requires_grad for p in found.parameters())
    assert all(torch.equal(found.state_dict()[name], value) for name, value in model.state_dict().items())
    with torch.no_grad():
        expected, outcome = model.eval()(pictures, message), order(found)(pictures, message)
    assert all(torch.equal(one, other) for one, other in zip(expected, outcome, strict=True))


def test_the_quantisers_variant_comes_back_as_what_it_does(covers, tmp_path):
    features = {}
    for variant in Variant:
        model = model_of(quantiser=variant.value).eval()  # a word, as from YAML or a file
        (tmp_path / "m.safetensors").write_bytes(shaped_weights.to_bytes(model))
        found = shaped_weights.from_file(tmp_path / "m.safetensors", LearnedModel)
        features[variant] = found(covers, bits(4, 1, 40, 40)).cover_features
        assert found.shape.quantiser is variant
    shift = (features[Variant.PAPER] - features[Variant.OURS]) / STEP
    assert 0.4 < shift.mean() < 0.6  # the paper's ceil


def rewritten(path, *, facts=None, shape=None, tensors=None, text=None):
    """A file of a small model with some of what it says or holds replaced."""
    path.write_bytes(shaped_weights.to_bytes(LearnedModel(Architecture(**SMALL))))
    with safe_open(path, "pt") as file:
        said = json.loads(file.metadata()["semstego"])
    said |= {"shape": {**said["shape"], **(shape or {})}, **(facts or {})}
    held = load_file(path)
    path.write_bytes(save(tensors(held) if tensors else held, {"semstego": json.dumps(said) if text is None else text}))
    return path


def test_a_file_that_is_only_rewritten_is_read(tmp_path):
    assert shaped_weights.from_file(rewritten(tmp_path / "m.safetensors"), LearnedModel).shape == Architecture(**SMALL)


@pytest.mark.parametrize("kept", [0, 7, 100, 5000, -1])
def test_a_cut_file_is_refused(kept, tmp_path):
    path = rewritten(tmp_path / "m.safetensors")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match=r"m\.safetensors"):
        shaped_weights.from_file(path, LearnedModel)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"m\.safetensors"):
        shaped_weights.from_file(tmp_path / "m.safetensors", LearnedModel)


def test_a_file_of_another_kind_is_refused(tmp_path):
    codec = ConvolutionalCodec(CodecShape(hidden=8))
    (tmp_path / "codec.safetensors").write_bytes(shaped_weights.to_bytes(codec))
    with pytest.raises(WeightsError, match="no semstego learned scheme"):
        shaped_weights.from_file(tmp_path / "codec.safetensors", LearnedModel)
    for wrong in ("", "semstego learned scheme 2", "semstego convolutional codec 1"):
        with pytest.raises(WeightsError, match="no semstego learned scheme"):
            shaped_weights.from_file(rewritten(tmp_path / "m.safetensors", facts={"format": wrong}), LearnedModel)
    (tmp_path / "bare.safetensors").write_bytes(save(codec.state_dict()))
    with pytest.raises(WeightsError, match="no semstego learned scheme"):
        shaped_weights.from_file(tmp_path / "bare.safetensors", LearnedModel)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tensors: {name: tensor for name, tensor in tensors.items() if name != "hider.dense.last.bias"},
        lambda tensors: tensors | {"one_more": torch.zeros(3)},
        lambda tensors: tensors | {"hider.dense.last.bias": torch.zeros(5)},
    ],
    ids=["one less", "one more", "another size"],
)
def test_tensors_that_do_not_fit_are_refused(spoil, tmp_path):
    with pytest.raises(WeightsError, match=r"m\.safetensors"):
        shaped_weights.from_file(rewritten(tmp_path / "m.safetensors", tensors=spoil), LearnedModel)


@pytest.fixture
def _no_large_tensors(monkeypatch):
    """Weights of more than 1 GiB are an error of the test: shapes must be refused before they are built."""
    allocate, total = torch.empty, 0

    def watched(*sizes, **options):
        nonlocal total
        shape = sizes[0] if sizes and isinstance(sizes[0], tuple | list | torch.Size) else sizes
        if "meta" not in (str(options.get("device")), str(torch.get_default_device())):
            total += 4 * math.prod(shape)
        assert total < 1 << 30, f"{shape} and all before were to be allocated"
        return allocate(*sizes, **options)

    monkeypatch.setattr(torch, "empty", watched)


@pytest.mark.usefixtures("_no_large_tensors")
@pytest.mark.parametrize(
    "shape",
    [
        {"hidden": 10**9}, {"hidden": 257}, {"hidden": 0}, {"hidden": -8}, {"hidden": 1e300}, {"hidden": math.nan},
        {"channels": 10**9}, {"kernel": 10**6}, {"growth": 10**9}, {"blocks": 10**9}, {"depth": 10**30},
        {"hidden": "8"}, {"hidden": None}, {"hidden": 8.5}, {"hidden": [8]},
        {"scale": 256}, {"scale": 0}, {"scale": "1"}, {"quantiser": "best"}, {"activation": "tanh"}, {"unknown": 1},
    ],
    ids=str,
)  # fmt: skip
def test_shapes_that_nobody_trained_are_refused_before_anything_is_built(shape, tmp_path):
    path = rewritten(tmp_path / "m.safetensors", shape=shape)
    with pytest.raises(WeightsError, match=r"m\.safetensors"):
        shaped_weights.from_file(path, LearnedModel)


@pytest.mark.usefixtures("_no_large_tensors")
@pytest.mark.parametrize(
    "shape",
    [{"hidden": 256, "kernel": 256}, {"growth": 256, "blocks": 256}, {"depth": 256, "kernel": 256, "hidden": 256}],
)
def test_a_small_file_cannot_ask_for_all_memory_with_sizes_that_are_allowed_one_by_one(shape, tmp_path):
    path = rewritten(tmp_path / "m.safetensors", shape=shape)
    with pytest.raises(WeightsError, match=r"m\.safetensors"):
        shaped_weights.from_file(path, LearnedModel)


@pytest.mark.parametrize(
    "shape", [{"bound": math.nan}, {"bound": -1.0}, {"bound": "wide"}, {"meeting": "at noon"}], ids=str
)
def test_bounds_and_meetings_that_are_none_are_refused(shape, tmp_path):
    with pytest.raises(WeightsError, match=r"m\.safetensors"):
        shaped_weights.from_file(rewritten(tmp_path / "m.safetensors", shape=shape), LearnedModel)


@pytest.mark.parametrize("shape", [None, [], [8] * 12, "hidden", 3, {}], ids=str)
def test_a_shape_that_is_none_is_refused(shape, tmp_path):
    path = rewritten(tmp_path / "m.safetensors", facts={"shape": shape})
    with pytest.raises(WeightsError, match=r"m\.safetensors"):
        shaped_weights.from_file(path, LearnedModel)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "null", "3"], ids=lambda text: text[:4])
def test_words_that_are_no_json_object_are_refused(text, tmp_path):
    path = rewritten(tmp_path / "m.safetensors", text=text)
    with pytest.raises(WeightsError, match=r"m\.safetensors"):
        shaped_weights.from_file(path, LearnedModel)


# --- the older word for slots, which files have ---

SHIPPED = sorted((resources.files("semstego") / "weights").glob("learned-*.safetensors"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_models_have_slots_and_are_written_as_they_are(path):
    """Fingerprints in streams are digests of these files."""
    model = shaped_weights.from_file(path, LearnedModel)
    assert model.shape.meeting == "slots"
    assert shaped_weights.to_bytes(model) == path.read_bytes()


@pytest.mark.parametrize("word", ["seats", "slots"])
def test_slots_are_read_under_either_word_and_written_under_the_older(word, tmp_path):
    model = LearnedModel(Architecture(**SMALL, meeting=word))
    assert model.shape == Architecture(**SMALL, meeting="slots")
    (tmp_path / "m.safetensors").write_bytes(shaped_weights.to_bytes(model))
    with safe_open(tmp_path / "m.safetensors", "pt") as file:
        assert json.loads(file.metadata()["semstego"])["shape"]["meeting"] == "seats"
    assert shaped_weights.from_file(tmp_path / "m.safetensors", LearnedModel).shape.meeting == "slots"


def test_a_file_may_have_the_newer_word(tmp_path):
    held = LearnedModel(Architecture(**SMALL, meeting="slots")).state_dict()
    path = rewritten(tmp_path / "m.safetensors", shape={"meeting": "slots"}, tensors=lambda _: held)
    assert shaped_weights.from_file(path, LearnedModel).shape.meeting == "slots"
