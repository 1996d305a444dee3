# Everything runs in .venv, which `make` makes; nothing is installed elsewhere.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
# This folder on the path, and no finder that each start would load: it takes 30 ms.
EDITABLE := --config-settings editable_mode=compat --editable
SOURCES := $(wildcard compressor/kernels/*.pyx compressor/kernels/*.pxd compressor/kernels/*.[ch]) pyproject.toml setup.py
EXTRAS := test,dev
HEADERS := $(CURDIR)/$(VENV)/liblzo2

.PHONY: help demo build man models test arm check format bench fuzz soak dist clean
help: ## Say what there is to make.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / - /'

demo: $(VENV)/package ## Build, then pack, test, restore and compare real files by every codec.
	$(BIN)/python benchmarks/demo.py

build: $(VENV)/built ## Make the environment and compile the kernels.

# Each line names one thing that may be missing, before anything fails because of it.
$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo 'Python is missing: install python3 (3.11 or newer)'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than 3.11: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'venv is missing: install python3-venv'; exit 1; }
	@command -v cc >/dev/null || command -v gcc >/dev/null || { echo 'A C compiler is missing: install gcc'; exit 1; }
	@$(PYTHON) -c 'import sys, sysconfig, os; \
	  sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' \
	  || { echo "Python.h is missing: install python3-dev"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip

$(VENV)/built: $(SOURCES) | $(VENV)/bin/python
	$(PIP) $(EDITABLE) '.[$(EXTRAS)]'
	@$(BIN)/python -c 'import lzo' 2>/dev/null || $(MAKE) --no-print-directory lzo
	@touch $(VENV)/package $@

# The package alone, without what developers need: for those who want to see it work.
$(VENV)/package: $(SOURCES) | $(VENV)/bin/python
	$(PIP) $(EDITABLE) .
	@$(BIN)/python -c 'import lzo' 2>/dev/null || $(MAKE) --no-print-directory lzo
	@touch $@

# python-lzo needs liblzo2's headers: the system's, or a package's that is unpacked into .venv.
.PHONY: lzo
lzo: | $(VENV)/bin/python
	@$(PIP) 'python-lzo>=1.15' >/dev/null 2>&1 || { \
	  mkdir -p $(HEADERS) && cd $(HEADERS) && apt-get download -qq liblzo2-dev && dpkg -x liblzo2-dev*.deb . \
	  && rm -f usr/lib/*/liblzo2.so && cd $(CURDIR) \
	  && PREFIX=$(HEADERS)/usr LDFLAGS="-L$$(echo $(HEADERS)/usr/lib/*-*)" $(PIP) 'python-lzo>=1.15'; \
	} >/dev/null 2>&1 || echo 'python-lzo could not be built: install liblzo2-dev, or LZO will encode slowly'

test: build ## Run the whole suite.
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist worksteal

man: build ## Write the man pages: `man compressor` finds them while .venv/bin is on PATH.
	$(BIN)/python tools/man_pages.py $(VENV)/share/man/man1

models: build ## Install torch and transformers, which some tests compare with.
	$(PIP) $(EDITABLE) '.[models]'

arm: build ## Compare golden files and archives on an emulated arm64 (Debian: gcc-aarch64-linux-gnu qemu-user).
	$(BIN)/python tools/arm64.py $(VENV)/arm64 || [ $$? = 77 ]

check: build ## Check style, types, layers, spelling and the C sources.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cython-lint compressor/kernels/*.pyx compressor/kernels/*.pxd
	$(BIN)/clang-format --dry-run --Werror compressor/kernels/*.h compressor/kernels/*_*.c
	$(BIN)/codespell
	for c in gcc clang; do command -v $$c >/dev/null || continue; for f in compressor/kernels/*_*.c; do \
	  $$c -std=c11 -O2 -Wall -Wextra -Wconversion -Wshadow -Werror -fsyntax-only $$f || exit 1; done; done

format: build ## Rewrite everything in the one style.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i compressor/kernels/*.h compressor/kernels/*_*.c

fuzz: build ## Fuzz kernels, readers and sniffers, and let archives crash (hours).
	$(PIP) $(EDITABLE) '.[fuzz]'
	$(BIN)/python tests/fuzz/histories.py --minutes 10
	$(BIN)/python tests/fuzz/campaign.py --minutes 20 --jobs 2

# As users have it: installed, not run from this folder.
BENCH := $(VENV)/bench/bin/python
$(VENV)/bench/built: $(SOURCES) $(shell find compressor -name '*.py') | $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)/bench
	$(BENCH) -m pip install -qq --disable-pip-version-check '.[tensors]'
	@touch $@

bench: $(VENV)/bench/built ## Measure speed, size and memory beside other programs.
	$(BENCH) benchmarks/run.py
	$(BENCH) benchmarks/trees.py $(CORPUS)
	$(BENCH) benchmarks/huffman_zstd.py $(CORPUS)
	$(BENCH) benchmarks/tensors.py $(CORPUS)
	$(BENCH) benchmarks/tensors.py $(CORPUS) --speed $(CORPUS)/minilm-bf16.safetensors
	$(BENCH) benchmarks/dense_peers.py $(CORPUS)
	$(BENCH) benchmarks/load.py $(CORPUS)

soak: build ## Run the tests that take gigabytes.
	$(BIN)/python -m pytest -q -rP -m soak

dist: build ## Build sdist and wheel, install each into a fresh environment, try it.
	rm -rf dist build
	$(PIP) build
	$(BIN)/python -m build --outdir dist . >/dev/null
	seq 100000 > dist/plain
	for file in dist/*.whl dist/*.tar.gz; do \
	  rm -rf dist/try && $(PYTHON) -m venv dist/try \
	  && dist/try/bin/python -m pip install -qq --disable-pip-version-check $$file \
	  && dist/try/bin/compressor --version \
	  && dist/try/bin/compressor < dist/plain | dist/try/bin/compressor -d | cmp - dist/plain \
	  && echo "$$file: installed and tried" || exit 1; done
	rm -rf dist/try dist/plain

clean: ## Remove all that was made.
	rm -rf $(VENV) build dist *.egg-info compressor/kernels/*.so $(patsubst %.pyx,%.c,$(wildcard compressor/kernels/*.pyx)) compressor/kernels/views.c
