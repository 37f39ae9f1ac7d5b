# Every target sets up .venv from requirements.lock first, and only when that has changed.
# Variables:  make report PROFILE=quick SOURCE=../images RUN=real CHAPTERS=01,05 CODE=show
#             make test PYTHON=/path/to/python3.12 TESTS="tests/cli -x"
#             make app MODEL=efficientnetlite0-1234 PORT=8501

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

PYTHON ?=
PROFILE ?= quick
SOURCE ?=
RUN ?=
CHAPTERS ?=
CODE ?=
MAX_IMAGES ?=
SEED ?=
AT_ONCE ?=
TESTS ?= tests
WORKERS ?= auto
MODEL ?=
PORT ?=

# A name on the PATH is not yet a Python that runs: shims of version managers may fail.
USABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
VERSION_OK := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

.PHONY: help setup report test lab app web bench check format lock clean

help: ## Show this list
	@echo "DermBook: an executable textbook and report on HAM10000. make TARGET [VARIABLE=value]"
	@echo
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/\1|\2/' \
	  | awk -F'|' '{ printf "  %-8s %s\n", $$1, $$2 }'

setup: $(STAMP) ## Set up .venv from requirements.lock (PYTHON=... chooses the interpreter)

report: $(STAMP) ## Run the chapters, write the PDF and HTML (PROFILE SOURCE RUN CHAPTERS CODE MAX_IMAGES SEED AT_ONCE)
	@$(BIN)/dermbook report "$(PROFILE)" \
	  $(if $(SOURCE),--source "$(SOURCE)") $(if $(RUN),--run "$(RUN)") \
	  $(if $(CHAPTERS),--chapters "$(CHAPTERS)") $(if $(CODE),--code "$(CODE)") \
	  $(if $(MAX_IMAGES),--max-images "$(MAX_IMAGES)") $(if $(SEED),--seed "$(SEED)") \
	  $(if $(AT_ONCE),--at-once "$(AT_ONCE)")

test: $(STAMP) ## Run the tests (TESTS=tests/dataset for some of them, WORKERS=0 in one process)
	@# A file stays in one process, so that what its tests share is made once.
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

lab: $(STAMP) ## Open the chapters in JupyterLab
	@$(BIN)/jupyter lab --notebook-dir=chapters

app: $(STAMP) ## Open the Streamlit app (MODEL=trial or folder, PORT)
	@$(BIN)/dermbook app $(if $(MODEL),"$(MODEL)") $(if $(PORT),--port "$(PORT)")

web: $(STAMP) ## Build the browser page and serve it on this machine (MODEL=trial or folder, PORT)
	@$(BIN)/dermbook web $(if $(MODEL),"$(MODEL)") $(if $(PORT),--port "$(PORT)")

bench: $(STAMP) ## Measure speed and scaling against the obvious way; some minutes
	@$(BIN)/python -m benchmarks

check: $(STAMP) ## Lint and format-check .py and .ipynb, check types and the way of imports in helpers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## Format .py and .ipynb, mend what the linter can mend
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lock: $(BIN)/uv ## Resolve pyproject.toml into requirements.lock again
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-emit-find-links --extra dev --group tfjs --group cff pyproject.toml \
	  -o requirements.lock

clean: ## Remove runs/ and the caches in this folder (not .venv, not the user's cache)
	@rm -rf runs dist build .pytest_cache .hypothesis .mypy_cache .ruff_cache
	@find . -name .venv -prune -o -name .git -prune -o \
	  \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -exec rm -rf {} +

$(STAMP): requirements.lock pyproject.toml | $(BIN)/uv
	@echo "Installing the packages of requirements.lock into $(VENV) ..."
	@# TensorFlow takes many times as long to import where no bytecode is written: compile it now.
	@# The lock names every package, so nothing is resolved again: --no-deps.
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps \
	    --compile-bytecode -r requirements.lock </dev/null \
	  || { echo "uv could not install them (see above); trying pip, which knows pip's own settings"; \
	       env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pip install --quiet --require-hashes \
	         --no-deps --compile -r requirements.lock </dev/null; }
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
	    --offline -e . </dev/null
	@touch $@

$(BIN)/uv: $(BIN)/python
	@$(BIN)/python -c '$(VERSION_OK)' </dev/null \
	  || { echo "$(VENV) holds $$($(BIN)/python -V), expected 3.11 to 3.13; remove it and run make again" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
	  "uv==$(UV_VERSION)" </dev/null
	@touch $@

$(BIN)/python:
	@found=; \
	for candidate in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3); do \
	  if "$$candidate" -c '$(USABLE)' </dev/null >/dev/null 2>&1; then found=$$candidate; break; fi; \
	done; \
	if test -z "$$found"; then \
	  echo "No usable Python: expected 3.11, 3.12 or 3.13 with venv and ensurepip, but tried" \
	    "$(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3) and none runs." >&2; \
	  echo "Install one (Debian, Ubuntu: apt install python3 python3-venv), or name one:" \
	    "make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$("$$found" -V) ..."; \
	"$$found" -m venv --clear $(VENV) </dev/null
