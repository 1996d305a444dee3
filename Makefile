# Everything runs in .venv, which `make` makes; nothing is installed elsewhere.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(wildcard compressor/kernels/*.pyx compressor/kernels/*.[ch]) pyproject.toml

.PHONY: help demo build test check format bench fuzz soak dist clean
help: ## Say what there is to make.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / - /'

build: $(VENV)/built ## Make the environment and compile the kernels.

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

$(VENV)/built: $(SOURCES) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,dev]'
	@$(BIN)/python -c 'import lzo' 2>/dev/null \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check '.[lzo]' 2>/dev/null \
	  || echo 'python-lzo could not be built (it needs liblzo2-dev): LZO will encode slowly'
	@touch $@

test: build ## Run the whole suite.
	$(BIN)/python -m pytest -q

check: build ## Check style, types, layers, spelling and the C sources.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cython-lint compressor/kernels/*.pyx
	$(BIN)/clang-format --dry-run --Werror compressor/kernels/*_*.[ch]
	$(BIN)/codespell
	for c in gcc clang; do command -v $$c >/dev/null || continue; for f in compressor/kernels/*_*.c; do \
	  $$c -std=c11 -O2 -Wall -Wextra -Wconversion -Wshadow -Werror -fsyntax-only $$f || exit 1; done; done

format: build ## Rewrite everything in the one style.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i compressor/kernels/*_*.[ch]

fuzz: build ## Fuzz the kernels and the readers (an hour).
	$(BIN)/python tests/fuzz/kernels.py --minutes 60

clean: ## Remove all that was made.
	rm -rf $(VENV) build dist *.egg-info compressor/kernels/*.so compressor/kernels/huffman.c compressor/kernels/lzw.c
