# SPDX-License-Identifier: Apache-2.0
"""The plots of an audit show every case that has an informative detector, and no other."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from semstego.plots.audit import best_cells, drawing, roc_and_learning
from semstego.steganalysis.statistics import FALSE_ALARMS


def cell(case, detector, p_e, *, view="picture", shown=True, curve=()):
    found = {"case": case, "view": view, "judge": detector, "shown": shown, "fooled": False,
             "p_e": {"estimate": p_e, "low": p_e - 0.02, "high": p_e + 0.02},
             "roc": (FALSE_ALARMS ** max(p_e, 0.01)).tolist()}  # fmt: skip
    points = [{"pairs": pairs, "estimate": p_e, "low": p_e - 0.1, "high": p_e + 0.1} for pairs in curve]
    return found | ({"curve": points} if points else {})


def report(*cells):
    return {"protocol": {"name": "rigorous"}, "cells": list(cells), "controls": []}


CELLS = (
    cell("lsb 1", "SPAM", 0.3, curve=(100, 1000)),
    cell("lsb 1", "SRMQ1", 0.2, curve=(100, 1000)),
    cell("lsb 1", "histogram", 0.49, shown=False, curve=(100, 1000)),
    cell("hill 1", "SPAM", 0.499, shown=False),
    cell("learned 0.5", "numbers", 0.4, view="numbers", curve=(100, 1000)),
)


def test_a_case_is_drawn_by_its_best_informative_detector():
    assert [(one["case"], one["judge"]) for one in best_cells(CELLS[:4])] == [("lsb 1", "SRMQ1")]
    assert [one["judge"] for one in best_cells(CELLS[1::-1])] == ["SRMQ1"]


def test_there_is_a_panel_for_each_view_with_its_lines_and_the_diagonal():
    figure = drawing(report(*CELLS))
    roc, learning, numbers, _ = figure.axes
    assert [axes.get_title() for axes in (roc, numbers)] == ["picture", "numbers"]
    diagonal, line = roc.lines
    np.testing.assert_array_equal(diagonal.get_xydata(), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(line.get_xdata(), FALSE_ALARMS)
    np.testing.assert_array_equal(line.get_ydata(), CELLS[1]["roc"])
    assert learning.get_xscale() == "log"
    np.testing.assert_allclose(learning.lines[0].get_xydata(), [[100, 0.2], [1000, 0.2]])


@pytest.mark.parametrize("name", ["a$\\foo$", "_stego", "50 % & more"])
def test_a_folder_may_have_any_name(name):
    figure = drawing(report(cell(name, "SPAM", 0.3)))
    (text,) = figure.axes[0].get_legend().get_texts()
    assert name.replace("$", r"\$") in text.get_text()
    assert ET.fromstring(roc_and_learning(report(cell(name, "SPAM", 0.3)))).tag.endswith("svg")


def test_without_curves_there_are_only_rocs():
    bare = [{name: value for name, value in one.items() if name != "curve"} for one in CELLS]
    assert [axes.get_title() for axes in drawing(report(*bare)).axes] == ["picture", "numbers"]


@pytest.mark.parametrize("view", ["picture", "features"])
def test_a_view_without_an_informative_detector_says_so(view):
    text = roc_and_learning(report(cell("hill 1", "SPAM", 0.499, view=view, shown=False))).decode()
    assert "no detector that caught its controls" in text


def test_a_scheme_keeps_its_colour_and_a_payload_its_line_style():
    cases = ("lsb 0.5", "hill 0.5", "lsb 1", "hill 1", "folder")
    lines = drawing(report(*(cell(case, "SPAM", 0.3) for case in cases))).axes[0].lines[1:]
    colours, styles = ([getattr(line, f"get_{what}")() for line in lines] for what in ("color", "linestyle"))
    assert colours[0] == colours[2] != colours[1] == colours[3]
    assert styles[0] == styles[1] != styles[2] == styles[3]
    assert len({(colour, style) for colour, style in zip(colours, styles, strict=True)}) == 5


def test_the_file_is_svg_and_the_same_for_the_same_report():
    picture = roc_and_learning(report(*CELLS))
    ET.fromstring(picture)
    assert picture == roc_and_learning(report(*CELLS))
    assert picture != roc_and_learning(report(*CELLS[:2]))
