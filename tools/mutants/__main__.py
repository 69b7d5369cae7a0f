# SPDX-License-Identifier: Apache-2.0
"""Apply each fault to a copy of src/ and run the tests that must notice it.

    python -m tools.mutants                         # all of them, a few minutes
    python -m tools.mutants mask-dropped            # one, named after its file
    python -m tools.mutants --list                  # names, and the property that each of them breaks

A fault is a unified diff, tools/mutants/NAME.patch, below two lines:

    Property: What holds without the fault, in one line.
    Tests: Test files or test ids, separated by spaces, of which one must fail.

To add one, change a file under src/, run `git diff -U2 src/ > tools/mutants/NAME.patch`, undo the change, and write the
two lines on top. Little context keeps a patch alive while the code around it moves.

All tests that are named run on an unchanged copy first and must pass there. Exit status 1 if a fault survives, does not
apply, or stops its tests from running at all.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATCHES = Path(__file__).parent
TIMEOUT = 300  # of the tests of one fault [seconds]
KILLED, SURVIVED, STALE, BROKEN = "killed", "SURVIVED", "does not apply", "does not run"
VERDICTS = {0: SURVIVED, 1: KILLED}  # by pytest's exit status; others mean that no test was run


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        name: Of its file.
        broken: The property that holds without it.
        tests: Test files or ids, one of which must fail.
        patch: The file.
    """

    name: str
    broken: str
    tests: tuple[str, ...]
    patch: Path

    @classmethod
    def read(cls, path: Path) -> "Mutant":
        """From its file; raises ValueError if the two lines are missing."""
        head = path.read_text().partition("\n--- ")[0]
        lines = {what: re.search(rf"^{what}: (.+)$", head, re.MULTILINE) for what in ("Property", "Tests")}
        broken, tests = lines["Property"], lines["Tests"]
        if broken is None or tests is None:
            raise ValueError(f"{path}: the lines Property and Tests come first")
        return cls(path.stem, broken[1], tuple(tests[1].split()), path)

    def files(self) -> list[str]:
        """What it changes, relative to the repository."""
        return re.findall(r"^\+\+\+ b/(\S+)", self.patch.read_text(), re.MULTILINE)


def mutants(names: list[str]) -> list[Mutant]:
    """Those of these names, or all; raises SystemExit if there is none of a name."""
    found = {path.stem: path for path in sorted(PATCHES.glob("*.patch"))}
    if unknown := [name for name in names if name not in found]:
        raise SystemExit(f"there is no mutant {', '.join(unknown)}; there are {', '.join(found)}")
    return [Mutant.read(found[name]) for name in names or found]


def applies(mutant: Mutant, folder: Path = ROOT, *, check: bool = True) -> bool:
    """Whether the patch applies to the tree in a folder; it is left as it is unless ``check`` is false."""
    command = ["git", "apply", "-p1", *(["--check"] if check else []), str(mutant.patch.resolve())]
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode == 0


def verdict(mutant: Mutant) -> tuple[str, str]:
    """What becomes of a fault, and the test that has noticed it."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = copied(Path(name))
        if not applies(mutant, folder, check=False):
            return STALE, ""
        for file in mutant.files():
            forget_compiled(folder / file)
        try:
            done = run_tests(folder, mutant.tests)
        except subprocess.TimeoutExpired:
            return KILLED, f"no end after {TIMEOUT} s"
        if done.returncode < 0:
            return KILLED, f"it died of signal {-done.returncode}"
        failed = re.search(r"^FAILED (.+?)(?: - |$)", done.stdout, re.MULTILINE)
        return VERDICTS.get(done.returncode, BROKEN), failed[1] if failed else ""


def copied(folder: Path) -> Path:
    """The folder, with a copy of src/ in it; compiled code comes along, as files keep their times."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("*.egg-info"))
    return folder


def forget_compiled(file: Path) -> None:
    """Remove what Python compiled of a file, and what Numba compiled of the modules beside it and below."""
    for compiled in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
        compiled.unlink()
    for kernel in file.parent.rglob("__pycache__/*.nb?"):
        kernel.unlink()


def run_tests(folder: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run pytest on the package in a folder."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "tools.mutants.no_shrinking",
        *tests,
    ]
    return subprocess.run(
        command, cwd=ROOT, env=environment(folder), capture_output=True, text=True, timeout=TIMEOUT, check=False
    )


def environment(folder: Path) -> dict[str, str]:
    """In which Python finds the package of a folder, on one core."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTEST_ADDOPTS", "NUMBA_CACHE_DIR")}
    return {**kept, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder / "src")}


def control(chosen: list[Mutant]) -> str:
    """What is wrong without any fault: nothing, if all tests pass on an unchanged copy, and are tests of that copy."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = copied(Path(name))
        where = [sys.executable, "-c", "import semstego; print(semstego.__file__)"]
        imported = subprocess.run(where, cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=True)
        if not Path(imported.stdout.strip()).is_relative_to(folder):
            return f"Python imports {imported.stdout.strip()}, and not the copy in {folder}"
        done = run_tests(folder, tuple(dict.fromkeys(test for mutant in chosen for test in mutant.tests)))
        return f"the tests fail without any fault:\n{done.stdout}{done.stderr}" if done.returncode else ""


def main(words: list[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description="Apply faults, and run their tests.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a fault; all if none is named")
    parser.add_argument("--list", action="store_true", help="print names and properties, and run nothing")
    options = parser.parse_args(words)
    chosen = mutants(options.names)
    width = max(len(mutant.name) for mutant in chosen)
    if options.list:
        for mutant in chosen:
            print(f"{mutant.name:{width}}  {mutant.broken}")
        return 0
    if wrong := control(chosen):
        print(wrong)
        return 1
    verdicts = []
    for mutant in chosen:
        found, by = verdict(mutant)
        verdicts.append(found)
        print(f"{mutant.name:{width}}  {found}  {by}".rstrip(), flush=True)
    print(f"{verdicts.count(KILLED)} of {len(verdicts)} killed")
    return int(verdicts.count(KILLED) < len(verdicts))


if __name__ == "__main__":
    sys.exit(main())
