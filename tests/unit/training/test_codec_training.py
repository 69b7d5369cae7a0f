# SPDX-License-Identifier: Apache-2.0
"""Training of the codec alone: it gets better, and it resumes."""

import numpy as np
import pytest
import torch

from semstego.errors import ConfigError
from semstego.training import codec as train_codec
from semstego.training import loop
from semstego.training.codec import CodecPlan, CodecTraining
from semstego.training.config import read_config
from tests.unit.training.runs import CONFIGS, course, experiment_of, run, same_end


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
