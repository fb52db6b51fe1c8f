# Everything here sets up what it needs, in .venv, from Python 3.10 or later.
.PHONY: help sweep test nightly lint types docs wheel check benchmark constraints clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

SUPPORTED := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)
# Another Python has an environment of its own: make test PYTHON=python3.13
VENV ?= .venv$(if $(filter command line,$(origin PYTHON)),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-warn-conflicts
# One more than the cores that this may use (affinity and cgroups limit them), since some tests wait:
# 590 seconds instead of 635 on two cores.
TEST_WORKERS ?= $(shell $(BIN)/python -c 'import joblib; print(joblib.cpu_count() + 1)')
INSTALL := $(PIP) --use-pep517 --constraint constraints.txt --editable

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1 \t\2/p' $(MAKEFILE_LIST) | expand -t 20

sweep: $(VENV)/installed ## train two LeNets on the images that come with the package, and compare them
	$(BIN)/python -m sweep model=lenet optim.lr=0.1,0.2 --multirun

test: $(VENV)/installed-dev ## run the tests, or some: make test TESTS=tests/unit
	$(BIN)/python -m pytest --numprocesses $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder \
		--max-worker-restart 4 $(TESTS)

nightly: $(VENV)/installed-dev ## run what make test leaves out: sweeps killed at 25 random moments, and more
	$(BIN)/python -m pytest -m nightly --timeout 7200 --override-ini faulthandler_timeout=7260

lint: $(VENV)/installed-dev ## check style, format and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(VENV)/installed-dev ## check types
	$(BIN)/mypy

docs: $(VENV)/installed-docs ## build the pages of docs/ as a site in site/, without dead links
	$(BIN)/mkdocs build --strict

wheel: $(VENV)/installed-dev ## build the wheel in dist/, and try it in an empty environment and folder
	VENV=$(VENV) sh scripts/try_wheel.sh

check: lint types wheel docs test ## all that must pass before a change lands

benchmark: $(VENV)/installed-dev ## measure sweeps against others, 90 minutes: make benchmark ROOT=/folder/with/mnist
	@test -n "$(ROOT)" || { echo "Name the folder with MNIST: make benchmark ROOT=..."; exit 1; }
	$(INSTALL) '.[benchmark]'
	$(BIN)/python benchmarks/leaderboard.py
	$(BIN)/python benchmarks/networks.py
	$(BIN)/python benchmarks/own_images.py
	$(BIN)/python benchmarks/optimizers.py
	$(BIN)/python benchmarks/overheads.py --root $(ROOT)
	$(BIN)/python benchmarks/one_run.py --root $(ROOT)
	$(BIN)/python benchmarks/sweeps.py --root $(ROOT) --size short --anew --minutes 60 --output $(VENV)/benchmarks

constraints: $(VENV)/installed-dev ## pin anew what the program and its tests need, for all supported Pythons
	$(INSTALL) . uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra docs --universal --python-version 3.10 \
		--upgrade --no-header --no-annotate --quiet --output-file constraints.txt

clean: ## remove the environments and what was built
	rm -rf .venv* dist site .pytest_cache .mypy_cache .ruff_cache

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "Python 3.10 or later with its venv module is needed;" \
		"none was found. Name it: make $(MAKECMDGOALS) VENV=.venv PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# MXNet by itself, since pip leaves it out from Python 3.13 on: see pyproject.toml.
$(VENV)/installed: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing into $(VENV) (a minute or two the first time) ..."
	$(INSTALL) .
	$(PIP) --no-deps mxnet==1.9.1
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "Installing what the tests need into $(VENV) ..."
	$(INSTALL) '.[dev]'
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	@echo "Installing what the site needs into $(VENV) ..."
	$(INSTALL) '.[docs]'
	@touch $@
