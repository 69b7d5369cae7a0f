# SPDX-License-Identifier: Apache-2.0
"""Figures are drawn from results alone, and the same results give the same bytes."""

import xml.etree.ElementTree as ET

from semstego.plots.figures import METHODS, task_against_ratio


def cell(percent):
    return {"accuracy": {"percent": percent, "low": percent - 1.5, "high": percent + 1}}


FOUND = {
    "clean": {"percent": 93.7},
    "ratios": [
        {"compression_ratio": 0.25, "pixels": cell(93)},
        {"compression_ratio": 0.04, "pixels": cell(80), "gradient": cell(81), "task": cell(89)},
    ],
}


def test_a_panel_for_each_set_shows_every_method_and_the_clean_accuracy():
    picture = task_against_ratio({"objects": FOUND, "fashion-mnist": FOUND})
    ET.fromstring(picture)
    text = picture.decode()
    for wanted in ("objects", "fashion-mnist", "clean pictures, 93.7 %", *(label for label, *_ in METHODS.values())):
        assert f"<!-- {wanted} -->" in text  # matplotlib draws letters as paths, and says in a comment which


def test_the_same_results_give_the_same_bytes_and_others_do_not():
    assert task_against_ratio({"objects": FOUND}) == task_against_ratio({"objects": FOUND})
    other = FOUND | {"clean": {"percent": 91.0}}
    assert task_against_ratio({"objects": FOUND}) != task_against_ratio({"objects": other})
