# The commands of this project. They need python3 (with venv), git and make; everything else is brought into .venv from hashes.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= python3
SOURCES := attune_core attune_controller attune_agent attune_cli tests benchmarks docs

# What `make soak` does: the columns of the table in docs/guarantees.md.
PROFILE ?= short
ifeq ($(PROFILE),short)
SOAK := ATTUNE_PROFILE=short ATTUNE_EXAMPLES=3000 ATTUNE_SEEDS=100
SOAKED := tests/faults tests/promises/test_7_requested_order_is_run_order.py tests/simulation $(shell grep -rl thorough tests --include=test_*.py)
else
SOAK := ATTUNE_PROFILE=long ATTUNE_EXAMPLES=20000 ATTUNE_SEEDS=5000
SOAKED := tests
endif

.DEFAULT_GOAL := help
.PHONY: help install demo test check format soak coverage bench generate pictures screens lock wheel wheels clean

help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## Make the private environment

$(STAMP): requirements/uv.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "python3 has no venv: install the Debian package python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Attune needs Python 3.11 or later"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/uv.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements/dev.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: $(STAMP)  ## Watch the main job happen on this machine, end to end, in a temporary directory
	@$(BIN)/attune demo

check: $(STAMP)  ## Format, lint, imports and types
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@out=$$($(BIN)/lint-imports --no-cache 2>&1) || { echo "$$out"; exit 1; }
	@$(BIN)/mypy

test: $(STAMP)  ## Everything that a change must pass
	@$(BIN)/python -m tests.tiers

soak: $(STAMP)  ## The promises of order and loss for ten minutes; PROFILE=long for days, with every other long test and fuzzing
	@$(SOAK) $(BIN)/pytest -q -m soak --timeout 3600 --durations=10 $(SOAKED)
	@test $(PROFILE) = short || $(BIN)/python -m tests.fuzz --seconds $${ATTUNE_FUZZ_SECONDS:-3600}

coverage: $(STAMP)  ## Show that tests take every branch of what decides about order (five minutes)
	@$(BIN)/coverage run -m pytest -q -m "not soak and not flow and not registry" tests/agent/test_*.py tests/agent/executor/test_journal.py tests/agent/executor/test_ledger.py tests/agent/executor/test_word_order.py tests/contracts/store tests/controller tests/core/verification
	@$(BIN)/coverage report

bench: $(STAMP)  ## Measure start-up, the path, a start, order, environments, neighbours of abuse, logs, validate, rules and plan, beside floors and peers
	@for name in startup path ingest start order environments abuse logs validate rules plan restart timers dashboard; do $(BIN)/python -m benchmarks.$$name || exit 1; done

format: $(STAMP)  ## Format and repair what can be repaired
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

generate: $(STAMP)  ## Make the generated pages and schemas again
	@$(BIN)/python -m docs.generate

pictures: $(STAMP)  ## Draw the pictures of the README with the running dashboard
	@$(BIN)/python -m docs.pictures

screens: $(STAMP)  ## Record the dashboard's screens for its tests again
	@ATTUNE_RENEW_SCREENS=1 $(BIN)/pytest -q tests/cli/dashboard/test_screens.py tests/cli/dashboard/test_hostile.py

lock: $(STAMP)  ## Choose the dependencies' versions again
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/uv.in -o requirements/uv.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --all-extras --group dev -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --all-extras -o requirements/runtime.txt

wheel: $(STAMP)  ## Build the wheel into dist/
	@$(BIN)/hatchling build -t wheel

wheels: $(STAMP)  ## Build the wheel and gather those that it needs in dist/wheels/, for hosts without a network
	@rm -rf dist/wheels && mkdir -p dist/wheels
	@$(BIN)/hatchling build -t wheel -d dist/wheels
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/runtime.txt -d dist/wheels
	@{ cat requirements/runtime.txt; \
	  echo "attune==$$(ls dist/wheels/attune-*.whl | cut -d- -f2) --hash=sha256:$$(sha256sum dist/wheels/attune-*.whl | cut -d' ' -f1)"; \
	} > dist/wheels/requirements.txt

clean:  ## Remove what was made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
