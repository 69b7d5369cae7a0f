# SPDX-License-Identifier: Apache-2.0
"""The five networks together: sizes, bound, symbols, where gradients go, and files that are not to be trusted."""

import json
import math
from typing import get_args

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from semstego.codecs.convolutional import shaped_weights
from semstego.codecs.convolutional.codec import DISTURBANCE, STEP, CodecShape, ConvolutionalCodec
from semstego.codecs.convolutional.quantiser import Variant
from semstego.errors import WeightsError
from semstego.networks.channels_last import channels_last
from semstego.schemes.learned.model import Architecture, LearnedModel

SMALL = {"hidden": 8, "growth": 4, "blocks": 2}
MEETINGS = get_args(Architecture.__dataclass_fields__["meeting"].type)
NETS = ("codec.encoder", "codec.decoder", "hider", "revealer_1", "revealer_2")


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture(scope="module")
def covers(photographs):
    """Parts of four photographs, float ``(4, 3, 40, 40)`` in [0, 1]."""
    names = ("astronaut", "chelsea", "coffee", "rocket")
    parts = np.stack([photographs[name][60:100, 150:190] for name in names])
    return torch.from_numpy(parts).permute(0, 3, 1, 2).float() / 255


def bits(*shape):
    return torch.randint(2, shape).float()


def model_of(loud=1.0, **chosen):
    """A model around a codec near the identity, whose E writes loudly."""
    model = LearnedModel(Architecture(**{**SMALL, **chosen}))
    model.start_near_identity(torch.Generator().manual_seed(1))
    with torch.no_grad():
        model.hider.dense.last.weight.mul_(loud)
    return model


def whole(values):
    """Are these whole numbers, but for the last digits of floats?"""
    return (values - values.round()).abs().max() < 1e-3


def gradients(model, loss):
    """The largest gradient in each of the five networks."""
    model.zero_grad()
    loss.backward()
    learned = {name: [p.grad for p in model.get_submodule(name).parameters() if p.grad is not None] for name in NETS}
    return {name: max((grad.abs().max().item() for grad in found), default=0.0) for name, found in learned.items()}


@pytest.mark.parametrize(("height", "width"), [(64, 64), (48, 80), (37, 51)])
@pytest.mark.parametrize("kernel", [3, 4])
@pytest.mark.parametrize(("channels", "depth"), [(3, 1), (3, 3), (1, 1), (1, 3)])
@pytest.mark.parametrize("meeting", MEETINGS)
def test_pictures_of_any_size_pass(height, width, kernel, channels, depth, meeting):
    model = LearnedModel(Architecture(**SMALL, channels=channels, depth=depth, kernel=kernel, meeting=meeting))
    passage = model(torch.rand(2, channels, height, width), bits(2, depth, height, width))
    features = (2, channels, height - 2 * (kernel - 1), width - 2 * (kernel - 1))
    assert passage.cover_features.shape == passage.stego_features.shape == features
    for pictures in (passage.cover_reconstruction, passage.stego_reconstruction):
        assert pictures.shape == (2, channels, height, width)
    assert passage.logits_1.shape == passage.logits_2.shape == (2, depth, height, width)


def test_a_model_sees_no_further_than_its_networks_reach(covers):
    """Fully convolutional: a part of a picture passes as it does within the picture, but for the part's border."""
    model = model_of(20, meeting="paths").eval()
    message = bits(1, 1, 40, 40)
    with torch.no_grad():
        all_of_it = model(covers[:1], message)
        part = model(covers[:1, :, 4:36, 4:36], message[..., 4:36, 4:36])
    reach = 12
    for name in ("stego_features", "stego_reconstruction", "logits_1", "logits_2"):
        large, small = getattr(all_of_it, name)[..., 4:-4, 4:-4], getattr(part, name)
        assert large.shape == small.shape
        inner = (..., slice(reach, -reach), slice(reach, -reach))
        assert torch.allclose(large[inner], small[inner], atol=1e-4)
    assert not torch.allclose(all_of_it.logits_2[..., 4:-4, 4:-4], part.logits_2, atol=1e-4)


@pytest.mark.parametrize("scale", [1, 3, None])
@pytest.mark.parametrize("quantiser", Variant)
@pytest.mark.parametrize("bound", [None, 1.3, 8.0])
def test_features_are_whole_symbols_and_reconstructions_are_of_8_bits(covers, scale, quantiser, bound):
    passage = model_of(20, scale=scale, quantiser=quantiser, bound=bound)(covers, bits(4, 1, 40, 40))
    for features in (passage.cover_features, passage.stego_features):
        assert features.abs().max() <= 1 + 1e-6
        assert whole((features + 1) / 2 * 255)
        assert len(features.unique()) > 50
    for pictures in (passage.cover_reconstruction, passage.stego_reconstruction):
        assert 0 <= pictures.min() <= pictures.max() <= 1
        assert whole(pictures * 255)


def test_under_autocast_features_are_whole_symbols_too(covers):
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        passage = model_of(20, bound=1.3)(covers, bits(4, 1, 40, 40))
    assert whole((passage.stego_features.float() + 1) / 2 * 255)
    assert whole(passage.stego_reconstruction.float() * 255)


@pytest.mark.parametrize("scale", [1, 3, None])
@pytest.mark.parametrize("bound", [0.6, 1.3, 8.0])
def test_no_feature_moves_further_than_the_bound_and_half_a_step_of_rounding(covers, scale, bound):
    model = model_of(1000, scale=scale, bound=bound)
    features = model.codec.encoder(covers)
    each = model.codec.quantiser.scale(features).view(-1, 1, 1, 1)
    passage = model(covers, bits(4, 1, 40, 40))
    moved = (passage.stego_features - (features / each).clamp(-1, 1)) / STEP
    assert moved.abs().max() <= bound + 0.5 + 1e-3
    assert moved.abs().max() > bound + 0.3  # E is loud: the bound is all that holds it
    steps = (passage.stego_features - passage.cover_features) / STEP
    assert whole(steps)
    assert steps.abs().max().round() == math.ceil(bound)


def test_training_may_widen_the_bound_and_none_is_the_papers(covers):
    model, message = model_of(1000, bound=1.3), bits(4, 1, 40, 40)
    free = model_of(1000)

    def furthest(passage):
        return ((passage.stego_features - passage.cover_features) / STEP).abs().max().round().item()

    assert furthest(model(covers, message)) == 2
    assert furthest(model(covers, message, bound=5.0)) == 5
    assert furthest(free(covers, message)) > 100


@pytest.mark.parametrize("scale", [1, None])
@pytest.mark.parametrize("meeting", MEETINGS)
def test_hiding_never_bends_the_encoder_but_stage_two_teaches_the_decoder(covers, scale, meeting):
    model, message = model_of(5, scale=scale, meeting=meeting), bits(4, 1, 40, 40)

    def learning(loss):
        found = gradients(model, loss(model(covers, message)))
        return {name for name, size in found.items() if size > 0}

    reveal = torch.nn.functional.binary_cross_entropy_with_logits
    assert learning(lambda p: reveal(p.logits_1, message)) == {"hider", "revealer_1"}
    reading = {"codec.encoder"} if meeting == "seats" else set()  # D2 looks through Es
    assert learning(lambda p: reveal(p.logits_2, message)) - reading == {"codec.decoder", "hider", "revealer_2"}
    assert learning(lambda p: (p.stego_reconstruction - covers).square().mean()) == {"codec.decoder", "hider"}
    assert learning(lambda p: (p.cover_reconstruction - covers).square().mean()) == {"codec.encoder", "codec.decoder"}


def test_without_the_detached_input_the_encoder_would_be_bent(covers):
    """The broken variant that the test above is there for."""
    model, message, kept = model_of(5), bits(4, 1, 40, 40), []
    model.codec.encoder.register_forward_hook(lambda module, inputs, output: kept.append(output))
    model.hider.register_forward_pre_hook(lambda module, inputs: (kept[-1], *inputs[1:]))
    assert gradients(model, model(covers, message).logits_1.square().mean())["codec.encoder"] > 0


def test_the_encoder_hears_of_the_stego_only_through_what_it_is_compared_with(covers):
    model, message = model_of(5), bits(4, 1, 40, 40)

    def encoder_gradient(loss):
        model.zero_grad()
        loss(model(covers, message)).backward()
        return torch.cat([p.grad.flatten() for p in model.codec.encoder.parameters()])

    compared = encoder_gradient(lambda p: (p.stego_features - p.cover_features).square().mean())
    stego_held = encoder_gradient(lambda p: (p.stego_features.detach() - p.cover_features).square().mean())
    assert compared.abs().max() > 0
    assert torch.allclose(compared, stego_held, rtol=1e-5)


@pytest.mark.parametrize(
    "chosen", [{}, {"high_pass": True, "meeting": "seats"}, {"activation": "leaky", "projections": False}]
)
def test_every_weight_hears_of_some_loss(covers, chosen):
    model, message = model_of(**chosen), bits(4, 1, 40, 40)
    passage = model(covers, message)
    loss = sum(one.square().mean() for one in (passage.logits_1, passage.logits_2, passage.cover_reconstruction))
    loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_the_scale_of_each_picture_is_its_own(covers):
    model = model_of(5, scale=None, bound=2.0).eval()
    with torch.no_grad():
        model.codec.encoder.layers[-1].weight.mul_(4)
        message = bits(4, 1, 40, 40)
        pictures = 0.5 + (covers - 0.5) * torch.tensor([1.0, 0.7, 0.45, 0.1]).view(-1, 1, 1, 1)
        features = model.codec.encoder(pictures)
        scales = np.ceil(features.abs().amax((1, 2, 3)).numpy())
        together = model(pictures, message)
        assert len(set(scales.tolist())) > 1
        for place, scale in enumerate(scales):
            arrived = together.cover_features[place] * float(scale)
            assert (arrived - features[place]).abs().max() <= scale / 255 * 1.001
            alone = model(pictures[place : place + 1], message[place : place + 1])
            assert torch.allclose(alone.stego_features[0], together.stego_features[place], atol=STEP * 1.01)
            assert torch.allclose(alone.logits_1[0], together.logits_1[place], atol=0.05)
        fixed = model_of(5, bound=2.0).eval()
        fixed.load_state_dict(model.state_dict())
        clamped = fixed(pictures, message).cover_features
        assert (clamped[0] - features[0]).abs().max() > 0.5  # what the scale is there for


# --- files ---

SHAPES = [
    SMALL,
    {**SMALL, "channels": 1, "depth": 2, "kernel": 4, "scale": None, "quantiser": Variant.PAPER},
    {**SMALL, "activation": "leaky", "projections": False, "meeting": "seats", "high_pass": True, "bound": 1.3},
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


# --- the codec as a layer that learns ---


def codec_of(stretch=1.0, **chosen):
    """A codec near the identity, whose features are stretched."""
    codec = LearnedModel(Architecture(**{**SMALL, **chosen}))
    codec.start_near_identity(torch.Generator().manual_seed(1))
    with torch.no_grad():
        codec.codec.encoder.layers[-1].weight.mul_(stretch)
    return codec.codec


@pytest.mark.parametrize(("scale", "stretch"), [(1, 1.0), (1, 1.5), (3, 2.0), (None, 2.0)])
def test_in_evaluation_the_codec_is_encoder_quantiser_and_decoder_by_hand(covers, scale, stretch):
    codec = codec_of(stretch, scale=scale).eval()
    with torch.no_grad():
        passage = codec(covers)
        assert torch.equal(passage.features, codec.encoder(covers))
        plain = passage.features.double().numpy()
        each = np.full((4, 1, 1, 1), scale) if scale else np.ceil(np.abs(plain).max((1, 2, 3), keepdims=True))
        symbols = np.clip(np.rint((plain / each + 1) / 2 * 255), 0, 255)
        arrived = (symbols / 255 * 2 - 1) * each
        decoded = codec.decoder(torch.from_numpy(arrived.astype(np.float32))).double().numpy()
        assert torch.equal(passage.echo, codec.encoder(passage.reconstruction))
    assert np.abs(passage.sent.double().numpy() - arrived).max() < 2.1 * each.max() / 255
    assert (np.abs(passage.sent.double().numpy() - arrived) < 1e-5).mean() > 0.999  # a tie may fall to either side
    expected = np.clip(np.rint(decoded * 255), 0, 255)
    difference = np.abs(passage.reconstruction.double().numpy() * 255 - expected)
    assert (difference < 1e-3).mean() > 0.999
    assert difference.max() < 1 + 1e-3


def dithered(codec, covers, seed=5):
    """A passage, and what the decoder was given for its reconstruction."""
    given = []
    handle = codec.decoder.register_forward_pre_hook(lambda module, inputs: given.append(inputs[0]))
    passage = codec(covers, torch.Generator().manual_seed(seed))
    handle.remove()
    return passage, given[0]


@pytest.mark.parametrize(("scale", "stretch"), [(1, 1.5), (2, 3.0), (None, 3.0)])
def test_dither_is_uniform_noise_of_a_steps_width_about_clamped_features(covers, scale, stretch):
    codec = codec_of(stretch, scale=scale)
    passage, given = dithered(codec, covers)
    each = codec.quantiser.scale(passage.features).view(-1, 1, 1, 1)
    clamped = torch.minimum(torch.maximum(passage.features, -each), each)
    noise = (given - clamped) / (each * 2 / 255)  # steps
    assert noise.abs().max() <= 0.5 + 1e-3
    assert noise.abs().max() > 0.49
    assert noise.mean().abs() < 0.02
    assert noise.std().item() == pytest.approx(1 / math.sqrt(12), rel=0.02)
    assert not whole(passage.reconstruction * 255)
    if scale is not None:
        assert (passage.features.abs() > each).float().mean() > 0.01  # the test is about these
    disturbance = (passage.sent - clamped) / (each * 2 / 255)
    assert 0.49 * DISTURBANCE < disturbance.abs().max() <= 0.5 * DISTURBANCE + 1e-3
    assert not passage.sent.requires_grad
    assert torch.equal(passage.echo, codec.encoder(codec.decoder(passage.sent)))


def test_dither_comes_from_its_generator_alone(covers):
    codec = codec_of()
    first, again, other = (dithered(codec, covers, seed)[1] for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_clamped_features_get_no_gradient_under_dither_and_all_of_it_without(covers):
    codec = codec_of(1.5)
    passage, given = dithered(codec, covers)
    target = torch.rand_like(covers)
    error = (passage.reconstruction - target).square().sum()
    through, wanted = torch.autograd.grad(error, (passage.features, given))
    outside = passage.features.abs() > 1
    assert outside.any()
    assert (through[outside] == 0).all()
    assert torch.equal(through[~outside], wanted[~outside])
    assert (wanted[outside] != 0).any()
    passage = codec(covers)
    (through,) = torch.autograd.grad((passage.reconstruction - target).square().sum(), passage.features)
    assert (through[outside] != 0).any()  # the straight-through gradient


@torch.no_grad()
def test_what_is_silent_stands_still(covers):
    model = model_of(loud=50, meeting="seats", bound=1.5).eval()
    message = torch.full((4, 1, 40, 40), 0.5)
    silent = model(covers, message)
    assert torch.equal(silent.cover_features, silent.stego_features)
    message[:, :, 10:14, 20:23] = bits(4, 1, 4, 3)
    spoken = model(covers, message)
    moved = (spoken.cover_features != spoken.stego_features).any(1)
    assert moved[:, 8:12, 18:21].float().mean() > 0.5  # two valid convolutions of 3x3 put pixel (10, 20) at (8, 18)
    moved[:, 8:12, 18:21] = False
    assert not moved.any()


def test_a_payload_has_its_copies_and_leaves_the_rest_silent():
    places = LearnedModel(Architecture(**SMALL, copies=2.5)).places(40, 16, 16)
    counts = np.bincount(places, minlength=41)
    assert counts[40] == 256 - 100
    assert set(counts[:40]) == {2, 3}
    assert LearnedModel(Architecture(**SMALL, copies=2.5)).places(200, 16, 16).max() < 200  # no room for silence
    assert LearnedModel(Architecture(**SMALL)).places(40, 16, 16).max() < 40


@torch.no_grad()
def test_headroom_keeps_what_a_message_adds_to_white_and_black(covers):
    extreme = torch.where(covers > 0.4, 1.0, 0.0)
    for headroom, kept in ((0, 0.0), (3, 3 / 255)):
        codec = model_of(headroom=headroom).codec
        assert torch.equal(codec.features(extreme), codec.encoder(extreme.clamp(kept, 1 - kept)))
    middle = covers.clamp(0.1, 0.9)
    assert torch.equal(model_of(headroom=3).codec.features(middle), model_of().codec.features(middle))


@pytest.mark.parametrize("chosen", [{"copies": 0.5}, {"copies": 1e9}, {"headroom": -1}, {"headroom": 65}])
def test_silence_and_headroom_have_limits(chosen):
    with pytest.raises(ValueError, match=next(iter(chosen))):
        Architecture(**chosen)
