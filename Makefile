# `make run` on a fresh machine brings the whole service up; `make test` checks everything. Nothing is installed
# outside .venv, except that `make test` as root fetches Debian's chromium where no browser is found.

PYTHON ?= python3
UV ?= uv
ROUNDS ?= 20
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install --quiet
RUN_STAMP := $(VENV)/.installed-run
TEST_STAMP := $(VENV)/.installed-test
COMPILE := $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 --universal --no-header

.PHONY: setup run test bench faults lint pins FORCE

setup: $(RUN_STAMP)

run: setup
	@exec $(VENV)/bin/citizen-bot up

test: lint
	@scripts/ensure-browser
	$(VENV)/bin/python -m pytest

bench: $(TEST_STAMP)
	$(VENV)/bin/python -m tests.bench.bench_matching
	$(VENV)/bin/python -m tests.bench.bench_turns

# Breaks the service while it is used, ROUNDS times; the last line of stdout tells what was lost or doubled.
faults: $(TEST_STAMP)
	@$(VENV)/bin/python -m tests.faults.suite --rounds $(ROUNDS)

lint: $(TEST_STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# Newest versions that pyproject.toml allows, with their hashes.
pins:
	$(COMPILE) --upgrade --extra embedded pyproject.toml --output-file requirements/run.txt
	$(COMPILE) --upgrade --extra embedded --extra test -c requirements/run.txt pyproject.toml \
		--output-file requirements/test.txt

# The stamp is written last: without it, or with an interpreter that no longer runs, .venv is made anew.
ifneq ($(shell $(VENV)/bin/python -c 'print("runs")' 2>/dev/null),runs)
$(RUN_STAMP): FORCE
endif

$(RUN_STAMP): requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "citizen-bot needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@test -f $@ && $(VENV)/bin/python -c '' 2>/dev/null || rm -rf $(VENV)
	@test -d $(VENV) || { echo "Making $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@echo "Installing what requirements/run.txt pins ..."
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --editable .
	@touch $@

$(TEST_STAMP): $(RUN_STAMP) requirements/test.txt
	@echo "Installing what requirements/test.txt pins ..."
	@$(PIP) --require-hashes -r requirements/test.txt
	@touch $@
