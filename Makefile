# Everything is set up by what needs it: no target asks for another command first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

N ?= 1000
SEED ?= $(shell date +%s)

.PHONY: dataset test slow chaos bench ui lint setup docs clean

dataset: $(READY)  ## Build the dataset from the embedded snapshot; no network is needed
	$(BIN)/corridor build

test: $(READY)  ## Run the test suite
	$(BIN)/python -m pytest

slow: $(READY)  ## Run the tests that take minutes: real daemons, and builds that are killed
	$(BIN)/python -m pytest -m slow

chaos: $(READY)  ## Kill N builds at moments drawn from SEED, and see that nothing is lost
	$(BIN)/python -m tests.support.killing $(N) $(SEED)

bench: $(READY)  ## Measure reading beside its peers and write benchmarks/RESULTS.md; SIZE=full goes up to 50 million observations
	$(BIN)/python -m benchmarks.run $(SIZE)

ui: $(READY)  ## Open the Dagster UI on 127.0.0.1:3000
	$(BIN)/corridor ui

lint: $(READY)  ## Style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(READY)  ## Write the data dictionary and the JSON Schemas again from their models
	$(BIN)/python -m pipelines.documents

setup: $(READY)  ## Make the environment from the lock file

# Debian ships venv without its own pip, so the pip that is there installs into the new environment.
# The lock file names every package with its hashes, and so nothing is left to resolve.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --without-pip --clear $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

clean:  ## Remove the environment and caches; the data folder stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
