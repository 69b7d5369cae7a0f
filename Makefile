# Two commands: `make demo` (the core alone, no torch) and `make test`. Each sets up everything itself.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test slow check clean

demo: .venv/core
	$(BIN)/semstego demo

test: .venv/dev
	$(BIN)/python -m pytest

slow: .venv/dev
	$(BIN)/python -m pytest -m slow

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --editable .
	touch $@

.venv/dev: .venv/core
	$(PIP) --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv demo-out
