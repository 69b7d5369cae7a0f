# SPDX-License-Identifier: Apache-2.0
"""Parts by name: files of a folder, entry points, package:Object; and nothing is imported before it is asked for."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semstego import registry
from semstego.errors import ArgumentError, SemstegoError, WeightsError
from semstego.registry import Registry

HOUSE = {
    "__init__.py": "",
    "base.py": "PART = 'what all parts offer'",
    "first.py": "PART = 'first'",
    "second_part.py": "PART = 'second'",
    "large/__init__.py": "PART = 'large'",
    "large/inside.py": "PART = 'no part of its own'",
    "_private.py": "PART = 'private'",
    "data/numbers.txt": "1 2 3",
    "notes.txt": "no module",
    "empty.py": "",
    "broken.py": "raise RuntimeError('its own fault')",
    "factory.py": "def PART(): return 'made'",
}
THEIRS = {
    "__init__.py": """
class Part:
    def __init__(self):
        self.made = True
    def __call__(self):
        raise AssertionError('an instance is not called')
class Holder:
    part = 'held'
def make():
    return 'made by a function'
def refuse():
    from semstego.errors import WeightsError
    raise WeightsError('no weights')
def fail():
    raise RuntimeError('line one\\nline two')
instance = Part()
""",
    "deep.py": "PART = 'deep'",
    "faulty.py": "import no_such_package",
}


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture(autouse=True)
def _packages(tmp_path, monkeypatch):
    """Two packages that Python finds: ``house``, whose folder is searched, and ``theirs``."""
    write(tmp_path / "house", HOUSE)
    write(tmp_path / "theirs", THEIRS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [])
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in ("house", "theirs")]:
        del sys.modules[name]


def parts(*, beside=("base",)):
    return Registry("part", "house", "PART", beside)


def offer(monkeypatch, group="semstego.parts", **places):
    """Entry points by name, in one group."""
    points = [EntryPoint(name.replace("_", "-"), place, group) for name, place in places.items()]
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [one for one in points if one.group == group])


def imported():
    return sorted(name for name in sys.modules if name.startswith(("house.", "theirs")))


# --- files


def test_names_are_those_of_the_files_and_nothing_is_imported():
    own = ["broken", "empty", "factory", "first", "large", "second-part"]
    assert parts().names() == parts().shipped() == own
    assert parts(beside=("base", "empty", "broken")).names() == ["factory", "first", "large", "second-part"]
    assert parts().place("first") == "house.first:PART"
    assert imported() == []


@pytest.mark.parametrize(
    ("name", "part", "module"),
    [
        ("first", "first", "house.first"),
        ("FIRST", "first", "house.first"),
        ("second-part", "second", "house.second_part"),
        ("Second_Part", "second", "house.second_part"),
        ("large", "large", "house.large"),
    ],
)
def test_a_part_is_its_modules_constant_and_no_other_module_is_imported(name, part, module):
    assert parts().get(name) == part
    assert imported() == [module]


@pytest.mark.parametrize("name", ["base", "_private", "-private", "data", "notes", "inside", "large.inside", ""])
def test_what_is_no_part_has_no_name(name):
    with pytest.raises(ArgumentError, match="there is no part"):
        parts().get(name)
    assert imported() == []


def test_a_refusal_lists_all_names():
    with pytest.raises(ArgumentError, match=r"no part 'frist'; there are .*broken.*first.*large.*package:Object"):
        parts().get("frist")


@given(st.text(max_size=12))
def test_any_text_is_a_part_or_an_argument_error(name):
    known = {one.lower() for one in ("first", "large", "second-part", "broken", "empty", "factory")}
    if name.lower().replace("_", "-") in known:
        return
    with pytest.raises(ArgumentError):
        parts().get(name)


def test_a_fault_of_our_own_module_is_shown_as_it_is():
    with pytest.raises(RuntimeError, match="its own fault"):
        parts().get("broken")
    with pytest.raises(AttributeError, match="PART"):
        parts().get("empty")


def test_parts_of_several_folders_are_listed_folder_by_folder_and_the_first_folder_goes_first(tmp_path):
    write(tmp_path / "house", {"annex/__init__.py": "", "annex/first.py": "PART = 'other'", "annex/attic.py": "1 / 0"})
    both = Registry("part", ("house", "house.annex"), "PART", ("base", "empty", "broken", "annex"))
    assert both.names() == ["factory", "first", "large", "second-part", "attic"]
    assert both.get("first") == "first"
    with pytest.raises(ZeroDivisionError):  # a fault of our own
        both.get("attic")


# --- entry points


def test_entry_points_come_after_the_files_and_are_found_by_name(monkeypatch):
    offer(monkeypatch, their_part="theirs.deep:PART", zeta="theirs:make")
    assert parts().names() == [*parts().shipped(), "their-part", "zeta"]
    assert "their-part" not in parts().shipped()
    assert parts().place("their-part") == "theirs.deep:PART"
    assert imported() == []
    assert parts().get("Their_Part") == "deep"
    assert imported() == ["theirs", "theirs.deep"]
    assert parts().get("zeta") == "made by a function"


def test_a_file_goes_before_an_entry_point_of_its_name(monkeypatch):
    """Whoever installs a package does not exchange what a name of ours means."""
    offer(monkeypatch, first="theirs.deep:PART", First="theirs.deep:PART", second_part="theirs.deep:PART")
    assert parts().get("first") == "first"
    assert parts().get("FIRST") == "first"
    assert parts().get("second-part") == "second"
    assert parts().names().count("first") == 1


def test_only_the_group_of_the_kind_counts(monkeypatch):
    offer(monkeypatch, group="semstego.others", theirs="theirs.deep:PART")
    assert parts().group == "semstego.parts"
    assert parts().names() == parts().shipped()
    with pytest.raises(ArgumentError, match="no part 'theirs'"):
        parts().get("theirs")


def test_an_entry_point_that_leads_nowhere_is_an_argument_error(monkeypatch):
    offer(monkeypatch, gone="no_such_package:PART", without="theirs.deep:OTHER", faulty="theirs.faulty:PART")
    for name, reason in (
        ("gone", "ModuleNotFoundError"),
        ("without", "AttributeError"),
        ("faulty", "no_such_package"),
    ):
        with pytest.raises(ArgumentError, match=rf"the part '{name}' cannot be had \(.*{reason}"):
            parts().get(name)
    assert {"gone", "without", "faulty"} <= set(parts().names())


# --- package:Object


def test_a_class_gives_an_instance_a_function_what_it_returns_and_an_instance_itself():
    made = parts().get("theirs:Part")
    assert made.made
    assert type(made).__name__ == "Part"
    assert parts().get("theirs:make") == "made by a function"
    import theirs

    assert parts().get("theirs:instance") is theirs.instance  # though it could be called
    assert parts().get("theirs:Holder.part") == "held"
    assert parts().get("theirs.deep:PART") == "deep"


def test_a_function_in_a_file_of_ours_is_called_too():
    assert parts().get("factory") == "made"


@pytest.mark.parametrize(
    "name", ["nowhere:Part", "theirs:Missing", "theirs:Holder.missing", "theirs.faulty:PART", "theirs:fail", "..:x"]
)
def test_a_place_without_a_part_is_an_argument_error_of_one_line(name):
    with pytest.raises(ArgumentError, match="cannot be had") as error:
        parts().get(name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["theirs:", ":Part", "theirs:Part:more", "theirs: Part", "the-irs:Part", "theirs:.Part"]
)
def test_what_is_not_spelled_as_a_place_is_not_imported(name):
    with pytest.raises(ArgumentError, match="there is no part"):
        parts().get(name)
    assert imported() == []


def test_an_error_of_semstego_passes_as_it_is():
    with pytest.raises(WeightsError, match="no weights"):
        parts().get("theirs:refuse")
    assert issubclass(WeightsError, SemstegoError)


# --- objects


class Whole:
    handle, weight = "a handle", 0


class Hollow(Whole):
    """A property without a body, as a protocol leaves it to those who derive from it."""

    @property
    def handle(self):
        """Nothing."""


def test_an_object_is_a_part_if_it_has_all_members():
    kind = Registry("part", "house", "PART", members=("handle", "weight"))
    whole = Whole()
    assert kind.get(whole) is whole
    for lacking in (3, Hollow()):
        with pytest.raises(ArgumentError, match="is no part: it has no 'handle'"):
            kind.get(lacking)
    with pytest.raises(ArgumentError, match="'first' is no part: it has no 'handle'"):
        kind.get("first")


def test_a_class_is_no_part_and_the_refusal_says_what_is():
    with pytest.raises(ArgumentError, match=r"Whole is a class; a part is an object of it: Whole\(\)"):
        parts().get(Whole)


@pytest.mark.parametrize("name", ["house.first:NOPE", "house.nope:X", "house.:X", "house.broken:PART"])
def test_an_object_within_our_own_folder_that_cannot_be_had_is_an_argument_error(name):
    with pytest.raises(ArgumentError, match="cannot be had"):
        parts().get(name)


# --- the registries of the package


def test_names_of_all_kinds_are_listed_without_importing_any_part():
    script = """
import sys
from semstego.codecs import registry
from semstego.schemes.base import SCHEMES
print(*SCHEMES.names(), *registry.names())
parts = [name for name in sys.modules if name.startswith(("semstego.schemes.", "semstego.codecs.convolutional.point"))]
assert parts == ["semstego.schemes.base"], parts
assert "torch" not in sys.modules
SCHEMES.get("learned"), SCHEMES.get("syndrome")
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"syndrome", "learned", "lsb", "hill", "suniward", "cr085", "learned-photo"} <= set(done.stdout.split())
