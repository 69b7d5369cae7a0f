# Two commands: `make demo` (the core alone, no torch) and `make test`. Each sets up everything itself.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test slow check clean

demo: .venv/core
	$(BIN)/semstego demo

test: .venv/dev
	$(BIN)/python -m pytest -n auto --dist loadfile

slow: .venv/dev .venv/oracle
	$(BIN)/python -m pytest -m slow -n auto --dist loadfile
	PYTHONPATH=.venv/oracle $(BIN)/python -m pytest tests/unit/networks/test_oracles.py
	PYTHONPATH=.venv/oracle $(BIN)/python -m pytest tests/unit/tasks/detection/test_average_precision.py

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy tests/typing/protocols.py
	$(BIN)/lint-imports

.venv/core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --editable .
	touch $@

.venv/dev: .venv/core
	$(PIP) --editable '.[dev]'
	touch $@

# XuNet by other hands: an edition of sealwatch that asks for torchvision, which cannot be had here, and needs it not.
.venv/oracle: .venv/dev
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $@ sealwatch==2025.9 tqdm==4.70.1 pycocotools==2.0.11
	touch $@

clean:
	rm -rf .venv demo-out
