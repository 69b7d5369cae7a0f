# SPDX-License-Identifier: Apache-2.0
"""The faults of tools/mutants: each fits the code as it stands, names tests that there are, and is noticed by them."""

import re

import pytest

from tools.mutants import __main__ as tool

MUTANTS = tool.mutants([])
HARMLESS = """Property: None; the docstring alone differs.
Tests: tests/unit/message/test_draws.py

--- a/src/semstego/message/bits.py
+++ b/src/semstego/message/bits.py
@@ -1,4 +1,4 @@
 # SPDX-License-Identifier: Apache-2.0
-{0}
+{1}

 import numpy as np
"""
DOCSTRING = '"""Bytes to bits and back, most significant bit first."""'


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_fault_applies_and_names_tests_that_there_are(mutant):
    """Where the code has moved on, make the patch anew; ``python -m tools.mutants --help`` says how."""
    assert tool.applies(mutant), f"tools/mutants/{mutant.name}.patch does not apply to src/ any more"
    assert all(file.startswith("src/semstego/") for file in mutant.files())
    assert re.fullmatch(r"[A-Z].*\.", mutant.broken)
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert file.startswith("tests/unit/")
        text = (tool.ROOT / file).read_text()
        assert not name or f"\ndef {name}(" in text


def test_a_fault_that_no_test_notices_and_one_that_does_not_apply_are_reported(tmp_path, monkeypatch, capsys):
    for name, before in (("harmless", DOCSTRING), ("stale", "no such line")):
        (tmp_path / f"{name}.patch").write_text(HARMLESS.format(before, '"""Bits."""'))
    monkeypatch.setattr(tool, "PATCHES", tmp_path)
    assert tool.main([]) == 1
    assert capsys.readouterr().out.splitlines() == ["harmless  SURVIVED", "stale     does not apply", "0 of 2 killed"]


def test_tests_that_fail_without_a_fault_prove_nothing(tmp_path, monkeypatch, capsys):
    patch = HARMLESS.format(DOCSTRING, '"""Bits."""').replace("test_draws.py", "no_such_test.py")
    (tmp_path / "harmless.patch").write_text(patch)
    monkeypatch.setattr(tool, "PATCHES", tmp_path)
    assert tool.main([]) == 1
    assert "fail without any fault" in capsys.readouterr().out


def test_names_are_listed_and_unknown_ones_refused(capsys):
    assert tool.main(["--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == [mutant.name for mutant in MUTANTS]
    with pytest.raises(SystemExit, match="no mutant no-such-fault"):
        tool.main(["no-such-fault"])


@pytest.mark.slow
def test_every_fault_is_noticed(capsys):
    assert tool.main([]) == 0, capsys.readouterr().out
