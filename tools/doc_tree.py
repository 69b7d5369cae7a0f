# SPDX-License-Identifier: Apache-2.0
"""The tree of src/semstego in docs/architecture.md: every module with the first line of its docstring.

    python -m tools.doc_tree            # write the tree into the template, between its two markers
    python -m tools.doc_tree --print    # print the tree

Then `python -m tools.fill_figures` renders the document.
"""

import argparse
import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = Path("src/semstego")
TEMPLATE = Path("docs/templates/docs/architecture.md")
BEGIN = "<!-- tree of src/semstego, by python -m tools.doc_tree -->\n"
END = "<!-- end of the tree -->\n"
MARGIN = "    "  # a code block of Markdown


def tree(package: Path) -> str:
    """The tree of a package as a code block: folders after files, in the order of the alphabet."""
    lines = [(f"{PACKAGE}/", ""), *_below(package, "  ")]
    width = max(len(name) for name, _ in lines)
    return "".join(f"{MARGIN}{name:{width}}  {job}".rstrip() + "\n" for name, job in lines)


def with_tree(template: str, package: Path) -> str:
    """The template with the package's tree between its markers.

    Raises:
        ValueError: If the template does not have both markers.
    """
    before, begin, rest = template.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{TEMPLATE} lacks {BEGIN.strip()} or {END.strip()}")
    return f"{before}{begin}{tree(package)}{end}{after}"


def _below(folder: Path, indent: str) -> Iterator[tuple[str, str]]:
    """What lies in a folder, and what each says that it is."""
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            yield f"{indent}{path.name}", _summary(path)
    for inner in sorted(folder.iterdir()):
        if (inner / "__init__.py").is_file():
            yield f"{indent}{inner.name}/", _summary(inner / "__init__.py")
            yield from _below(inner, indent + "  ")


def _summary(path: Path) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def main(arguments: list[str] | None = None) -> int:
    """Print the tree, or write it into the template; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--print", action="store_true", help="print the tree and write nothing")
    if parser.parse_args(arguments).print:
        print(tree(ROOT / PACKAGE), end="")
        return 0
    template = ROOT / TEMPLATE
    template.write_text(with_tree(template.read_text(encoding="utf-8"), ROOT / PACKAGE), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
