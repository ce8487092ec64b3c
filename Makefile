# make try     set gatesh up in .venv and watch it hold the command that deleted a company's volume
# make test    everything: environment, programs, style, types, import contracts, tests
# The rest: test-reading (composed lines under bash, long) test-run (races with `gatesh run`, long) test-door (the interactive shell loses its hook, 100 times each) test-agents (all real agents, 3 GB) test-bash (bash's own tests under gatesh) lint types bench completions clean. What is up to date is not done again.

VENV := .venv
BIN := $(VENV)/bin

# The first Python that is new enough; `make PYTHON=/path/to/python3.12 test` chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
export PYTHON

# Without compiled bytecode every gatesh would start slowly, and a checkout in PYTHONPATH would be
# tested in place of the installed package.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH

SOURCES := $(shell find gatesh patterns bin completions -type f ! -name '*.pyc') pyproject.toml README.md LICENSE

.DELETE_ON_ERROR:
.PHONY: try test test-reading test-run test-agents test-door test-bash lint types bench completions programs clean

try: $(VENV)/installed
	@tests/install-programs curl
	@if [ -t 0 ] && [ -t 1 ]; then exec $(BIN)/gatesh demo; else exec $(BIN)/gatesh demo --unattended; fi

test: programs $(VENV)/installed $(VENV)/tools
	@$(BIN)/python tests/agents/install --light || echo "make: the tests of these agents will be skipped" >&2
	@# A finding of style does not keep the tests from running; pytest's closing line comes last.
	@failed=; for check in "ruff check -q" "ruff format -q --check" "mypy --no-error-summary" "lint-imports --no-logo"; do \
		echo "$$check"; $(BIN)/$$check || failed="$$failed, $$check"; done; \
	$(BIN)/python -m pytest -n 2 tests || failed="$$failed, pytest"; \
	[ -z "$$failed" ] || { echo "failed: $${failed#, }" >&2; exit 1; }

CASES := 10000
test-reading: $(VENV)/installed $(VENV)/tools
	GATESH_CASES=$(CASES) $(BIN)/python -m pytest -q -s tests/shell/test_differential.py -k long_run

test-run: $(VENV)/installed $(VENV)/tools
	GATESH_TRIES=400 GATESH_LINES=250 $(BIN)/python -m pytest -q tests/supervise tests/overlay tests/test_promise.py

test-agents: programs $(VENV)/installed $(VENV)/tools
	$(BIN)/python tests/agents/install
	$(BIN)/python -m pytest -q tests/agents

test-door: programs $(VENV)/installed $(VENV)/tools .cache/hooks/bin/starship
	GATESH_TRIES=100 $(BIN)/python -m pytest -q -n 2 tests/interactive

# What people hook into bash: the other tests skip where it is not there.
.cache/hooks/bin/starship: | $(BIN)/python
	rm -rf .cache/hooks && mkdir -p .cache/hooks
	PYTHON=$(BIN)/python tests/interactive/fetch .cache/hooks

BASH_TESTS := all
test-bash: $(VENV)/installed $(VENV)/tools .cache/bash/source
	@tests/install-programs gcc tmux
	GATESH_BASH_TESTS='$(BASH_TESTS)' $(BIN)/python -m pytest -q -s tests/bash

.cache/bash/source:
	@tests/install-programs gcc
	rm -rf .cache/bash && mkdir -p .cache/bash
	tests/bash/fetch .cache/bash

lint: $(VENV)/tools
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(VENV)/tools
	$(BIN)/mypy

bench: programs $(VENV)/installed $(VENV)/tools
	set -e; for bench in benchmarks/bench_*.py; do $(BIN)/python $$bench; done

completions: $(VENV)/installed
	$(BIN)/gatesh completions bash > completions/gatesh.bash
	$(BIN)/gatesh completions zsh > completions/_gatesh
	$(BIN)/gatesh completions fish > completions/gatesh.fish

programs:
	@tests/install-programs

clean:
	rm -rf $(VENV) .cache dist build .*_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "gatesh needs Python 3.11 or later, and there is only: $$(python3 --version 2>&1)"; \
		echo "hint: apt-get install python3.11, or make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; } >&2
	@tests/install-programs venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/needs: pyproject.toml .ci/requirements | $(BIN)/python
	$(BIN)/python .ci/requirements run build > $@.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -r $@.txt
	@touch $@

$(VENV)/tools: pyproject.toml .ci/requirements $(VENV)/needs
	$(BIN)/python .ci/requirements dev > $@.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -r $@.txt
	@touch $@

# The package as users get it, a copy with its bytecode: two seconds.
$(VENV)/installed: $(VENV)/needs $(SOURCES)
	$(BIN)/python -m pip install -q --disable-pip-version-check --force-reinstall --no-deps --no-build-isolation .
	@touch $@
