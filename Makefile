# Each target makes the environment first if it is missing or old.
VENV := .venv
BIN := $(VENV)/bin
# Never the interpreter of the environment itself, which an activated environment puts first on PATH.
PYTHON ?= $(shell PATH="$$(printf %s "$$PATH" | sed 's|$(CURDIR)/$(BIN):||g')" command -v python3)
READY := $(VENV)/.ready
SITE_VENV := .venv-docs
SITE_READY := $(SITE_VENV)/.ready

N ?= 1000
SEED ?= $(shell date +%s)

.PHONY: dataset test slow chaos fuzz bench ui lint setup docs clean

dataset: $(READY)  ## Build the dataset from the embedded snapshot; no network is needed
	$(BIN)/corridor build --snapshot

test: $(READY)  ## Run the test suite
	$(BIN)/python -m pytest

slow: $(READY)  ## Run the tests that take minutes: real daemons, and builds that are killed
	$(BIN)/python -m pytest -m slow

chaos: $(READY)  ## Kill N builds at random moments drawn from SEED, and check that nothing is lost
	$(BIN)/python -m tests.support.killing $(N) $(SEED)

bench: $(READY)  ## Compare the speed of reading with other libraries and write benchmarks/RESULTS.md; SIZE=full: up to 50 million observations; SIZE=live: whole nights, in benchmarks/NIGHTS.md
	$(BIN)/python -m benchmarks.$(if $(filter live,$(SIZE)),nights,run $(SIZE))

fuzz: $(READY)  ## Read mutated payloads of each format for MINUTES, and fail on a crash, a hang, a bomb or a lost cell
	$(BIN)/python -m tests.support.fuzzing $(or $(MINUTES),10) $(SEED)

ui: $(READY)  ## Open the Dagster UI on 127.0.0.1:3000
	$(BIN)/corridor ui

lint: $(READY)  ## Check style, types, import rules and plain English
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tools.plain_english

docs: $(READY) $(SITE_READY)  ## Generate the data dictionary and the JSON Schemas, and build a site of all documents in build/docs/site
	$(BIN)/python -m pipelines.documents
	rm -rf build/docs
	$(BIN)/python -m tools.site build/docs
	NO_MKDOCS_2_WARNING=1 $(SITE_VENV)/bin/mkdocs build --quiet -f build/docs/mkdocs.yml

setup: $(READY)  ## Create the environment from the lock file

# Debian's venv has no pip of its own, so the pip of the system installs into the new environment.
# The lock file has every package with its hashes, so pip resolves nothing.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --without-pip --clear $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The site has an environment of its own: its packages are not needed for anything else.
$(SITE_READY): requirements-docs.lock
	$(PYTHON) -m venv --without-pip --clear $(SITE_VENV)
	$(PYTHON) -m pip --python $(SITE_VENV)/bin/python install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-docs.lock
	touch $@

clean:  ## Remove the environments, the built site and caches, but not the data folder
	rm -rf $(VENV) $(SITE_VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis
