# Everything here sets up what it needs, in .venv, from Python 3.10, 3.11 or 3.12.
.PHONY: help sweep test nightly lint types docs wheel check benchmark constraints clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

SUPPORTED := import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for python in python3 python3.12 python3.11 python3.10; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 \
	--constraint constraints.txt --editable

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1 \t\2/p' $(MAKEFILE_LIST) | expand -t 20

sweep: .venv/installed ## train two LeNets on the images that come with the package, and compare them
	$(BIN)/python -m sweep model=lenet optim.lr=0.1,0.2 --multirun

test: .venv/installed-dev ## run the tests
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

nightly: .venv/installed-dev ## kill sweeps at 25 random moments, and see that nothing is lost
	$(BIN)/python -m pytest -m nightly

lint: .venv/installed-dev ## check style, format and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: .venv/installed-dev ## check types
	$(BIN)/mypy

docs: .venv/installed-docs ## build the pages of docs/ as a site in site/, without dead links
	$(BIN)/mkdocs build --strict

wheel: .venv/installed-dev ## build the wheel in dist/, and try it in an empty environment and folder
	sh scripts/try_wheel.sh

check: lint types wheel docs test ## all that must pass before a change lands

benchmark: .venv/installed-dev ## measure sweeps against others, an hour: make benchmark ROOT=/folder/with/mnist
	@test -n "$(ROOT)" || { echo "Name the folder with MNIST: make benchmark ROOT=..."; exit 1; }
	$(INSTALL) '.[benchmark]'
	$(BIN)/python benchmarks/leaderboard.py
	$(BIN)/python benchmarks/networks.py
	$(BIN)/python benchmarks/own_images.py
	$(BIN)/python benchmarks/optimizers.py
	$(BIN)/python benchmarks/overheads.py --root $(ROOT)
	$(BIN)/python benchmarks/one_run.py --root $(ROOT)
	$(BIN)/python benchmarks/sweeps.py --root $(ROOT)

constraints: .venv/installed-dev ## pin anew what the program and its tests need, for all supported Pythons
	$(INSTALL) . uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra docs --universal --python-version 3.10 \
		--upgrade --no-header --no-annotate --quiet --output-file constraints.txt

clean: ## remove the environment and what was built
	rm -rf .venv dist site .pytest_cache .mypy_cache .ruff_cache

.venv/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "Python 3.10, 3.11 or 3.12 with its venv module is needed;" \
		"none was found. Name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: .venv/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing into .venv (a minute or two the first time) ..."
	$(INSTALL) .
	@touch $@

.venv/installed-dev: .venv/installed
	@echo "Installing what the tests need into .venv ..."
	$(INSTALL) '.[dev]'
	@touch $@

.venv/installed-docs: .venv/installed
	@echo "Installing what the site needs into .venv ..."
	$(INSTALL) '.[docs]'
	@touch $@
