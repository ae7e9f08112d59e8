# make demo    a small catalog built before your eyes
# make test    every check and test, as CI runs them
# Needed: python3 >= 3.11 with venv, make, a package index. Another Python: make PYTHON=python3.13 test

PYTHON ?= python3
TEST_JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
SOURCES := $(shell find stacbuild cache_backends -name '*.py')

.PHONY: help demo test lint docs fuzz bench servers clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile
	@echo 'make lint    format, lint, types, import floors'
	@echo 'make docs    the reference pages, from what the program itself says'
	@echo 'make fuzz    the long random tests'
	@echo 'make bench   speed and memory, beside what they are compared with'
	@echo 'make servers what tests need besides Python packages'
	@echo 'make clean   remove what these commands made'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.13 ...")'
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

# The tests' installation is editable and serves the demo too.
$(VENV)/.for-demo: pyproject.toml $(SOURCES) | $(BIN)/python
	@test -e $(VENV)/.for-tests || { echo 'Installing stacbuild'; $(PIP) .; }
	@touch $@

$(VENV)/.for-tests: pyproject.toml | $(BIN)/python
	@echo 'Installing stacbuild and what its tests need'
	@$(PIP) -e '.[test,programs,dev]'
	@touch $@

demo: $(VENV)/.for-demo
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

test: lint
	$(BIN)/python -m pytest -n $(TEST_JOBS)

lint: $(VENV)/.for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.for-tests
	$(BIN)/python -m docs.generate

fuzz: $(VENV)/.for-tests
	$(BIN)/python -m pytest -m fuzz -n $(TEST_JOBS)

bench: $(VENV)/.for-tests
	$(BIN)/python -m benchmarks $(if $(N),N=$(N))
	@test ! -e ../shared/data/static || $(BIN)/python -m benchmarks.static
	@test ! -e ../shared/tools/synth_items.py || $(BIN)/python -m benchmarks.geoparquet

servers:
	@echo 'Nothing to install: no test talks to a server yet.'

clean:
	rm -rf $(VENV) .demo .bench build *.egg-info .hypothesis .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
