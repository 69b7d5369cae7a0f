# SPDX-License-Identifier: Apache-2.0
"""The public names: all there, lazy, and no submodule in the place of a function."""

import pickle
import subprocess
import sys
import types

import pytest

import semstego


@pytest.mark.parametrize("name", semstego.__all__)
def test_every_public_name_is_what_it_says(name):
    for _ in range(2):  # a submodule of the same name would replace a function after its first import
        assert not isinstance(getattr(semstego, name), types.ModuleType)
    assert name in dir(semstego)


def test_public_names_are_sorted_and_complete():
    assert semstego.__all__ == sorted(semstego.__all__)
    with pytest.raises(AttributeError):
        _ = semstego.no_such_name


def test_every_error_derives_from_one():
    from semstego import errors

    for name in errors.__all__:
        base = semstego.SemstegoError if name.endswith("Error") else errors.SemstegoWarning
        assert issubclass(getattr(errors, name), base)


def test_importing_the_package_imports_next_to_nothing():
    code = "import sys, semstego; sys.exit(any(m in sys.modules for m in ('numpy', 'numba', 'PIL', 'torch')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "error", [semstego.CapacityError(9, 4), semstego.NothingFoundError(), semstego.PictureError("x")]
)
def test_errors_cross_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
