# SPDX-License-Identifier: Apache-2.0
"""Every published figure says how it was made, and every bar of the issue has its figure; a little fuzzing."""

import json
import re
from pathlib import Path

import pytest

from experiments import record
from experiments.detection import table as audit_table
from experiments.exactness import fuzz
from experiments.speed import files as speed
from tools import advise

ROOT = Path(__file__).parents[2]
RESULTS = sorted(record.RESULTS.glob("*.json"))
AUDITS = [path for path in RESULTS if "experiments.detection.table" in json.loads(path.read_text())["command"]]
BARS = {  # that the studies must report, met or not
    "quality": {
        "crops", "crops_psnr2_db", "crops_psnr1_db", "crops_reconstruction_db", "crops_reconstruction_ssim",
        "whole_cr085_reconstruction_db", "whole_cr050_reconstruction_db", "whole_cr025_reconstruction_db",
    },
    "exactness": {"hides_by_default_codec", "wrong", "refused_up_to_0.5_bpp", "refused_at_1_bpp"},
    "speed": {
        "hide_seconds_per_megapixel", "reveal_features_seconds_per_megapixel", "reveal_picture_seconds_per_megapixel",
        "peak_mb", "help_seconds", "hide_64x64_seconds_without_argon2", "torch_imported", "compiling_seconds",
    },
    "polar": {
        "least certificate minus divergence, nats", "bits wrong, wet symbols moved, indices forced",
        "variation by rounding, 2^27 symbols", "sampler, us a symbol",
    },
    "fuzz": {"cases", "crashes_hangs_or_wrong_bytes"},
    "robust": {
        "pictures", "32 bytes, 48 dB: the worst channel or point", "32 bytes, 48 dB: all of them",
        "128 bytes, 42 dB: the worst channel", "128 bytes, 46 dB: the worst mild channel",
        "1,024 bytes: PSNR at which nine in ten survive all mild channels", "searched: the worst channel", "wrong",
    },
    "robust_reveals": {"reveals", "wrong"},
    "robust_speed": {"mark", "read", "survive, five channels", "search, found", "search, nothing there"},
    "channels": {"learned, 256 bits, awgn:20", "learned, 256 bits, bit-errors:0.001", "wrong"},
    "stc": {
        "loss_percent_h10_rate_1/2_constant", "loss_percent_h10_rates_1/4_to_1/20_constant",
        "loss_percent_h12_constant", "loss_percent_h10_rate_1/2_linear",
        "loss_percent_h10_rates_1/4_to_1/20_linear", "loss_percent_h12_linear", "speed_us_h10",
    },
    **{
        name: {f"syndrome {payload}: worst P_E above that of side-informed" for payload in ("0.5", "1")}
        for name in (
            "audit", "audit_256", "audit_256_xunet", "audit_256_xunet_pictures", "audit_srm",
            "audit_xunet", "audit_xunet_pictures", "audit_srnet", "audit_srnet_pictures",
        )
    },
    "audit_2000": {
        f"control {name} 0.4: least P_E by {judges}"
        for name in ("LSB matching", "HILL")
        for judges in ("SPAM or SRMQ1", "joint")
    },
    "audit_speed": {
        "SPAM, times as fast as sealwatch's", "SRMQ1, times as fast as sealwatch's",
        "first audit, seconds", "audit from the cache, seconds",
    },
    "audit_2000_xunet": {"control LSB matching 0.4: least P_E by XuNet"},
    "codec": {"codec-64, 64x64", "codec-grey, 360x360"},
    "task_gap_fashion-mnist": {
        "clean accuracy, percent", "ACC gap, cr085, 1 bpp: interval contains 0",
        "ACC gap, cr085, 1 bpp: half-width, points",
    },
    "task_gap_objects": {"clean accuracy, percent", "unseen objects, percent"},
    "task_ratio_objects": {"task over control where pixels lose 5 points, lower end of the interval, points"},
    "agreement": {"cr085, 1 bpp, cover to stego reconstruction: interval contains 0"},
    "task_gap_scenes": {"mAP50, percent", "gap, certified: interval contains 0", "gap, certified: half-width, points"},
    "table3": {
        f"{scheme}, {bpp} bpp: {name}"
        for scheme in ("learned", "repeated", "adversarial")
        for bpp in ("1", "0.1")
        for name in ("bit_accuracy_1_percent", "psnr1_db", "bit_accuracy_2_percent", "psnr2_db", "psnr_sc_db")
    },
    "detector_speed": {"share of the bare loop's pictures per second"},
    "critics": {"AUC of critic_1 when it began to teach", "AUC of critic_2 when it began to teach"},
    "learned_table": {
        f"{bpp} bpp: {name}"
        for bpp in ("1", "0.1")
        for name in ("bit_accuracy_1_percent", "psnr1_db", "bit_accuracy_2_percent", "psnr2_db", "psnr_sc_db")
    },
    "learned_files": {"files", "wrong", "refused, percent", "net bpp"},
    "famo": {"exact FAMO, times a step with fixed weights", "lagged FAMO, times a step with fixed weights"},
    "training_speed": {
        "32-true: share of the bare loop's pictures per second",
        "bf16-mixed: share of the bare loop's pictures per second",
    },
}  # fmt: skip


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_say_how_they_were_made(path):
    found = json.loads(path.read_text())
    assert set(record.PROVENANCE) | {"bars"} <= set(found)
    assert found["experiment"] == path.stem
    python, m, module, *_ = found["command"].split()
    assert (python, m) == ("python", "-m")
    assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
    assert {"python", *record.PACKAGES} <= set(found["versions"])
    assert {"cpu", "cores", "load_average_at_start", "load_average_at_end"} <= set(found["machine"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["date"])
    for part in (found["data"] or {}).values():
        if isinstance(part, dict):
            assert {"list", "list_sha256", "content_sha256", "photographs"} <= set(part)


@pytest.mark.parametrize("name", BARS)
def test_every_bar_has_its_figure(name):
    bars = json.loads((record.RESULTS / f"{name}.json").read_text())["bars"]
    assert BARS[name] <= set(bars)
    for bar in bars.values():
        limits = {key: bar[key] for key in ("at_least", "at_most") if key in bar}
        assert bar == record.bar(bar["measured"], **limits)


@pytest.mark.parametrize("path", AUDITS, ids=lambda path: path.stem)
def test_bars_of_audits_follow_from_their_cells(path):
    found = json.loads(path.read_text())
    bars = audit_table.bars(found, found["differences"])
    assert set(found["bars"]) == set(bars)
    for name, bar in bars.items():
        kept = found["bars"][name]
        assert kept["met"] == bar["met"], name
        assert kept["measured"] == pytest.approx(bar["measured"], abs=1e-4), name  # of cells that are rounded


def test_published_results_come_from_the_shipped_weights_and_the_committed_split():
    for path in RESULTS:
        found = json.loads(path.read_text())
        for codec, fingerprint in found["codecs"].items():
            assert record.registry.load(codec).fingerprint.hex() == fingerprint, path.name
        for name, part in (found["data"] or {}).items():
            if isinstance(part, dict):
                names = record.PARTS / f"{name}.txt"
                assert record.hashlib.sha256(names.read_bytes()).hexdigest() == part["list_sha256"], path.name


def test_capacity_advises_what_was_measured():
    assert json.loads(advise.ADVICE.read_text()) == advise.advice(
        [json.loads(path.read_text()) for path in advise.RESULTS]
    )


def test_stages_of_a_hide_are_timed(tmp_path):
    cover = ROOT / "src/semstego/datasets/photographs/coffee.png"
    timed = speed.fresh(speed.hide_once, cover, (64, 64), "cr085", 0.2, tmp_path / "out", True)
    assert set(timed["stages_seconds"]) == {*speed.STAGES, "the rest"}


@pytest.mark.slow
def test_a_little_fuzzing_finds_nothing():
    found = fuzz.fuzz(1500, seed=1)
    assert found["crashes_hangs_or_wrong_bytes"] == 0, found["suspicious"]
