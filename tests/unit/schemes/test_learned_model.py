# SPDX-License-Identifier: Apache-2.0
"""The five networks together: sizes, bound, symbols, and where gradients go."""

import math
from typing import get_args

import numpy as np
import pytest
import torch

from semstego.codecs.convolutional.codec import STEP
from semstego.codecs.convolutional.quantiser import Variant
from semstego.schemes.learned.model import Architecture, LearnedModel
from tests.unit.schemes.learned import SMALL, bits, model_of, whole

MEETINGS = get_args(Architecture.__dataclass_fields__["meeting"].type)
NETS = ("codec.encoder", "codec.decoder", "hider", "revealer_1", "revealer_2")


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


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
    output = model(torch.rand(2, channels, height, width), bits(2, depth, height, width))
    features = (2, channels, height - 2 * (kernel - 1), width - 2 * (kernel - 1))
    assert output.cover_features.shape == output.stego_features.shape == features
    for pictures in (output.cover_reconstruction, output.stego_reconstruction):
        assert pictures.shape == (2, channels, height, width)
    assert output.logits_1.shape == output.logits_2.shape == (2, depth, height, width)


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
    output = model_of(20, scale=scale, quantiser=quantiser, bound=bound)(covers, bits(4, 1, 40, 40))
    for features in (output.cover_features, output.stego_features):
        assert features.abs().max() <= 1 + 1e-6
        assert whole((features + 1) / 2 * 255)
        assert len(features.unique()) > 50
    for pictures in (output.cover_reconstruction, output.stego_reconstruction):
        assert 0 <= pictures.min() <= pictures.max() <= 1
        assert whole(pictures * 255)


def test_under_autocast_features_are_whole_symbols_too(covers):
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        output = model_of(20, bound=1.3)(covers, bits(4, 1, 40, 40))
    assert whole((output.stego_features.float() + 1) / 2 * 255)
    assert whole(output.stego_reconstruction.float() * 255)


@pytest.mark.parametrize("scale", [1, 3, None])
@pytest.mark.parametrize("bound", [0.6, 1.3, 8.0])
def test_no_feature_moves_further_than_the_bound_and_half_a_step_of_rounding(covers, scale, bound):
    model = model_of(1000, scale=scale, bound=bound)
    features = model.codec.encoder(covers)
    each = model.codec.quantiser.scale(features).view(-1, 1, 1, 1)
    output = model(covers, bits(4, 1, 40, 40))
    moved = (output.stego_features - (features / each).clamp(-1, 1)) / STEP
    assert moved.abs().max() <= bound + 0.5 + 1e-3
    assert moved.abs().max() > bound + 0.3  # what E adds is large: nothing but the bound limits it
    steps = (output.stego_features - output.cover_features) / STEP
    assert whole(steps)
    assert steps.abs().max().round() == math.ceil(bound)


def test_training_may_widen_the_bound_and_none_is_the_papers(covers):
    model, message = model_of(1000, bound=1.3), bits(4, 1, 40, 40)
    free = model_of(1000)

    def furthest(output):
        return ((output.stego_features - output.cover_features) / STEP).abs().max().round().item()

    assert furthest(model(covers, message)) == 2
    assert furthest(model(covers, message, bound=5.0)) == 5
    assert furthest(free(covers, message)) > 100


@pytest.mark.parametrize("scale", [1, None])
@pytest.mark.parametrize("meeting", MEETINGS)
def test_hiding_never_trains_the_encoder_but_stage_two_trains_the_decoder(covers, scale, meeting):
    model, message = model_of(5, scale=scale, meeting=meeting), bits(4, 1, 40, 40)

    def learning(loss):
        found = gradients(model, loss(model(covers, message)))
        return {name for name, size in found.items() if size > 0}

    reveal = torch.nn.functional.binary_cross_entropy_with_logits
    assert learning(lambda p: reveal(p.logits_1, message)) == {"hider", "revealer_1"}
    reading = {"codec.encoder"} if meeting == "slots" else set()  # D2 reads features that Es finds
    assert learning(lambda p: reveal(p.logits_2, message)) - reading == {"codec.decoder", "hider", "revealer_2"}
    assert learning(lambda p: (p.stego_reconstruction - covers).square().mean()) == {"codec.decoder", "hider"}
    assert learning(lambda p: (p.cover_reconstruction - covers).square().mean()) == {"codec.encoder", "codec.decoder"}


def test_without_the_detached_input_the_encoder_would_be_trained(covers):
    """The broken variant that the test above is there for."""
    model, message, kept = model_of(5), bits(4, 1, 40, 40), []
    model.codec.encoder.register_forward_hook(lambda module, inputs, output: kept.append(output))
    model.hider.register_forward_pre_hook(lambda module, inputs: (kept[-1], *inputs[1:]))
    assert gradients(model, model(covers, message).logits_1.square().mean())["codec.encoder"] > 0


def test_the_encoder_is_trained_by_the_stego_only_through_what_it_is_compared_with(covers):
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
    "chosen", [{}, {"high_pass": True, "meeting": "slots"}, {"activation": "leaky", "projections": False}]
)
def test_every_weight_gets_a_gradient_from_some_loss(covers, chosen):
    model, message = model_of(**chosen), bits(4, 1, 40, 40)
    output = model(covers, message)
    loss = sum(one.square().mean() for one in (output.logits_1, output.logits_2, output.cover_reconstruction))
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


@torch.no_grad()
def test_features_of_unused_positions_are_not_moved(covers):
    model = model_of(gain=50, meeting="slots", bound=1.5).eval()
    message = torch.full((4, 1, 40, 40), 0.5)
    empty = model(covers, message)
    assert torch.equal(empty.cover_features, empty.stego_features)
    message[:, :, 10:14, 20:23] = bits(4, 1, 4, 3)
    used = model(covers, message)
    moved = (used.cover_features != used.stego_features).any(1)
    assert moved[:, 8:12, 18:21].float().mean() > 0.5  # two valid convolutions of 3x3 put pixel (10, 20) at (8, 18)
    moved[:, 8:12, 18:21] = False
    assert not moved.any()


def test_a_payload_has_its_copies_and_leaves_the_rest_unused():
    places = LearnedModel(Architecture(**SMALL, copies=2.5)).places(40, 16, 16)
    counts = np.bincount(places, minlength=41)
    assert counts[40] == 256 - 100
    assert set(counts[:40]) == {2, 3}
    assert LearnedModel(Architecture(**SMALL, copies=2.5)).places(200, 16, 16).max() < 200  # nothing is left over
    assert LearnedModel(Architecture(**SMALL)).places(40, 16, 16).max() < 40


@pytest.mark.parametrize("chosen", [{"copies": 0.5}, {"copies": 1e9}, {"headroom": -1}, {"headroom": 65}])
def test_copies_and_headroom_have_limits(chosen):
    with pytest.raises(ValueError, match=next(iter(chosen))):
        Architecture(**chosen)
