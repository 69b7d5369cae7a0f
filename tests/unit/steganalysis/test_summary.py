# SPDX-License-Identifier: Apache-2.0
"""The page says of every case what is known, and no more."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semstego.steganalysis.summary import LEVELS, in_words, is_informative, rating


def interval(estimate, half=0.04):
    return {"estimate": estimate, "low": estimate - half, "high": estimate + half}


def cell(case, detector, p_e, *, shown=True, fooled=False, view="picture", half=0.04, turned=False):
    return {
        "case": case, "view": view, "judge": detector, "p_e": interval(p_e, half), "auc": interval(1 - p_e),
        "auc_turned": turned, "missed_at_5": interval(0.77), "training_pairs": 1900, "pairs": 1000,
        "photographs": 250, "shown": shown, "fooled": fooled,
    }  # fmt: skip


def report(*cells, caught=True, notes=()):
    of = {"cover against cover": {"p_e": interval(0.5)}, "LSB matching 0.4": {"p_e": interval(0.12)}}
    detectors = dict.fromkeys((one["view"], one["judge"], one["case"], one["fooled"]) for one in cells)
    return {
        "protocol": {"name": "rigorous", "train": [500, 2000], "seeds": [0, 1, 2]},
        "notes": list(notes),
        "cells": list(cells),
        "controls": [
            {"case": case, "view": view, "judge": detector, "of": of, "caught": caught, "fooled": fooled}
            for view, detector, case, fooled in detectors
        ],
    }


def line(page, start):
    (found,) = [one for one in page.splitlines() if one.startswith(start)]
    return found


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_words_never_promise_more_for_a_larger_error(one, other):
    words = [word for _, word in LEVELS]
    low, high = sorted((one, other))
    assert words.index(rating(low)) <= words.index(rating(high))


@pytest.mark.parametrize(
    ("p_e", "word"),
    [(0, "certain"), (0.1, "reliable"), (0.3, "better than chance"), (0.44, "faint"), (0.5, "close to guessing"),
     (1, "close to guessing")],
)  # fmt: skip
def test_every_error_has_its_word(p_e, word):
    assert rating(p_e) == word


def test_the_head_says_how_much_was_learned_from_and_tested():
    head = in_words(report(cell("lsb 1", "SPAM", 0.3))).splitlines()[0]
    assert all(words in head for words in ("rigorous", "1,900 pairs", "1,000 pairs", "250 photographs", "runs: 3"))


def test_p_e_is_shown_with_its_interval_where_the_controls_were_caught():
    page = in_words(report(cell("lsb 1", "SPAM", 0.46, half=0.08)))
    assert "0.460 (0.380-0.540)" in line(page, "lsb 1  ")
    assert "not shown" not in page


def test_notes_of_the_pictures_are_on_the_page():
    assert "Left out: 3 files." in in_words(report(cell("lsb 1", "SPAM", 0.3), notes=["Left out: 3 files."]))


def test_who_tells_covers_from_covers_is_not_believed_whatever_it_finds():
    page = in_words(report(cell("lsb 1", "SPAM", 0.01, fooled=True), caught=False))
    row = line(page, "lsb 1  ")
    assert "not shown" in row
    assert not re.search(r"0\.\d", row)
    assert "FOOLED" in page
    assert "differences between covers and covers" in line(page, "lsb 1:")


def test_where_controls_were_missed_there_is_no_p_e():
    page = in_words(report(cell("lsb 1", "SPAM", 0.47, shown=False, half=0.06), caught=False))
    row, conclusion = line(page, "lsb 1  "), line(page, "lsb 1:")
    assert "not shown" in row
    assert not re.search(r"0\.\d", row)
    assert "nothing can be said" in conclusion
    assert not re.search(r"\d", conclusion.removeprefix("lsb 1:"))
    assert "NOT CAUGHT" in page


def test_who_catches_the_case_itself_is_believed_without_controls():
    seen = cell("lsb 1", "SPAM", 0.3, shown=False)
    assert is_informative(seen)
    assert not is_informative(cell("lsb 1", "SPAM", 0.47, shown=False))
    page = in_words(report(seen, caught=False))
    assert "better than chance" in line(page, "lsb 1:")
    assert "<= 0.300 (0.260-0.340)" in line(page, "lsb 1  ")  # others may err less


def test_every_case_has_one_sentence_about_its_best_informative_detector():
    page = in_words(
        report(
            cell("lsb 1", "SPAM", 0.3),
            cell("lsb 1", "SRMQ1", 0.18, view="features"),
            cell("lsb 1", "histogram", 0.05, shown=False, half=0.6),  # an interval that reaches beyond chance
            cell("hill 1", "SPAM", 0.48),
            cell("learned 1", "SPAM", 0.01),
        )
    )
    assert "reliable" in line(page, "lsb 1:")
    assert "SRMQ1 on features, errs 18 times in a hundred" in line(page, "lsb 1:")
    assert "misses 77 %" in line(page, "lsb 1:")
    assert "close to guessing" in line(page, "hill 1:")
    assert "certain" in line(page, "learned 1:")
    assert page.splitlines()[-1].endswith("whose certificate holds for every detector (docs/certified.md).")


def test_a_turned_area_is_marked_and_explained():
    assert "*" not in in_words(report(cell("lsb 1", "SPAM", 0.3)))
    page = in_words(report(cell("lsb 1", "SPAM", 0.5, turned=True)))
    assert "*" in line(page, "lsb 1  ")
    assert "wrong sign" in page


def test_numbers_have_no_controls_to_miss():
    page = in_words(report(cell("lsb 1", "numbers", 0.5, shown=False, view="numbers"), caught=None))
    assert "NOT CAUGHT" not in page
    assert "nothing can be said" in line(page, "lsb 1:")


# --- narrow terminals

CELLS = (
    cell("side-informed 0.25", "SPAM", 0.3),
    cell("side-informed 0.25", "my_package.Detector", 0.18, view="re-encoded", turned=True),
    cell("photographs-of-last-summer 1", "joint", 0.47, shown=False, half=0.06),
    cell("lsb 1", "SPAM", 0.123, shown=False, half=0.011),
)
NOTE = "Photographs: 1,234, in 5,678 pairs of files."


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 100])
def test_a_page_for_a_narrow_terminal_has_the_words_and_figures_of_a_wide_one(width):
    wide, narrow = (in_words(report(*CELLS, caught=False, notes=[NOTE]), columns) for columns in (None, width))
    figures = [re.findall(r"<=|\d[\d,.]*\d|\d", page) for page in (wide, narrow)]
    assert Counter(figures[0]) == Counter(figures[1])
    for one in CELLS:
        assert all(one[name] in narrow for name in ("case", "view", "judge") if " " not in one[name])
    assert narrow.isascii()
    assert not re.search(r"\.\.\.|\u2026", narrow)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_line_is_wider_than_the_terminal_unless_it_is_one_word(width):
    for one in in_words(report(*CELLS, caught=False, notes=[NOTE]), width).splitlines():
        assert len(one) <= width or len(one.split()) == 1


def test_a_table_that_fits_stays_a_table():
    table = in_words(report(cell("stegos", "histogram", 0.46), cell("stegos", "SPAM", 0.3, shown=False)), 80)
    assert line(table, "case  ").split() == ["case", "view", "detector", "P_E", "AUC", "missed"]
    assert re.search(r"^stegos  picture  SPAM  +<= 0\.300 \(0\.260-0\.340\)  0\.700 +0\.77$", table, re.MULTILINE)


@pytest.mark.parametrize("case", ["side-informed 0.25", "learned-photo 0.125", "a folder with a long name"])
def test_names_are_not_cut_off(case):
    page = in_words(report(cell(case, "my_package.Detector", 0.3)))
    assert line(page, f"{case}  picture").split("  ")[2] == "my_package.Detector"
    assert f"  {case}, picture, my_package.Detector: cover against cover 0.500" in page
