# make demo   a page from a fresh machine          make test   set up and run the tests
# Needed beforehand: make, and a Python 3.11, 3.12 or 3.13 with venv.

VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= demo-output
BENCH ?= full

# One thread for linear algebra: the work is parallel over sessions, and figures of time stay comparable.
export OMP_NUM_THREADS = 1
export OPENBLAS_NUM_THREADS = 1
export MKL_NUM_THREADS = 1
export NUMEXPR_NUM_THREADS = 1
export VECLIB_MAXIMUM_THREADS = 1

# The first Python of a supported version that really starts (a name on the path may be an empty shim).
ifndef PYTHON
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
    $$p -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
    && echo $$p && break; done)
endif
VERSION = $(shell $(1) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
CONSTRAINTS = constraints/constraints-$(call VERSION,$(BIN)/python).txt
INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check

PYTEST = $(BIN)/python -m pytest -n 2
SOURCES = src tests benchmarks docs

.PHONY: setup demo test test-all test-lowest bench docs site picture lint format constraints clean help

help:
	@echo "make setup        $(VENV) with the package, the test tools and the versions of constraints/"
	@echo "make demo         a made-up cohort of three centres, run from files to a page in $(DEMO)/results/"
	@echo "make test         tests without the slow ones;   make test-all   all of them"
	@echo "make test-lowest  tests with the oldest versions that pyproject.toml allows"
	@echo "make lint         ruff, mypy and the order of the rooms;   make format   mend what ruff can"
	@echo "make bench        benchmarks/results.tsv (BENCH=smoke: small sizes, seconds)"
	@echo "make docs         the reference pages anew, and the manual in site/"
	@echo "make picture      the README's picture, from the demo's page (needs Chromium)"
	@echo "make constraints  write constraints/ anew for PYTHON=python3.X"
	@echo "make clean        remove everything that is built here"

setup: $(VENV)/.dev

# Installs are kept by stamps: a second call does nothing until pyproject.toml or constraints/ change.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found. Install one, or say where it is: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml $(wildcard constraints/*.txt) | $(BIN)/python
	@echo "Installing corticolimbic (versions of $(CONSTRAINTS))"
	@$(INSTALL) -e . -c $(CONSTRAINTS)
	@touch $@

$(VENV)/.dev: pyproject.toml $(wildcard constraints/*.txt) | $(BIN)/python
	@echo "Installing corticolimbic with the test tools (versions of $(CONSTRAINTS))"
	@$(INSTALL) -e '.[dev]' -c $(CONSTRAINTS)
	@touch $(VENV)/.core $@

$(VENV)/.docs: $(VENV)/.dev
	@$(INSTALL) -e '.[docs]' -c $(CONSTRAINTS)
	@touch $@

demo: $(VENV)/.core
	$(BIN)/corticolimbic demo $(DEMO)
	@echo
	@echo "The page: file://$(abspath $(DEMO))/results/report.html"

test: $(VENV)/.dev
	$(PYTEST) -m "not slow" $(PYTEST_ARGS)

test-all: $(VENV)/.dev
	CORTICOLIMBIC_FUZZ=$${CORTICOLIMBIC_FUZZ:-2000} $(PYTEST) $(PYTEST_ARGS)

test-lowest:
	$(MAKE) build/lowest/.lowest VENV=build/lowest
	build/lowest/bin/python -m pytest -n 2 -m "not slow" $(PYTEST_ARGS)

build/lowest/.lowest: pyproject.toml constraints/lowest-3.11.txt | $(BIN)/python
	@test "$(call VERSION,$(BIN)/python)" = 3.11 || { echo "make test-lowest needs Python 3.11"; exit 1; }
	@$(INSTALL) -e '.[dev]' -c constraints/lowest-3.11.txt
	@touch $@

lint: $(VENV)/.dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks --size $(BENCH)

docs: $(VENV)/.docs
	$(BIN)/python docs/generate.py
	@$(MAKE) --no-print-directory site

# The manual from the pages as they are committed: CI must not mend the pages that a test then compares.
site: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "The manual: file://$(abspath site)/index.html"

picture: demo
	$(BIN)/python docs/picture.py $(DEMO)/results/report.html

constraints:
	rm -rf build/constraints && $(PYTHON) -m venv build/constraints
	build/constraints/bin/python -m pip install -qq --disable-pip-version-check '.[all]'
	{ echo "# Versions of a fresh install of corticolimbic[all] on Python $(call VERSION,$(PYTHON)), Linux x86-64 (make constraints)."; \
	  build/constraints/bin/python -m pip freeze --all --exclude pip --exclude corticolimbic; \
	} > constraints/constraints-$(call VERSION,$(PYTHON)).txt
	rm -rf build/constraints

clean:
	rm -rf $(VENV) build dist site $(DEMO) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache src/*.egg-info
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
