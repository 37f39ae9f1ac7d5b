# Every target sets up .venv from requirements.lock first, and only when that has changed; what one
# target alone needs has a lock of its own, and is added when that target is called.
# Variables:  make report PROFILE=quick SOURCE=../images RUN=real CHAPTERS=01,05 CODE=show
#             make test PYTHON=/path/to/python3.12 TESTS="tests/cli -x"
#             make app MODEL=efficientnetlite0-1234 PORT=8501
#             make setup WITH="check lab browser scale"

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# A report starts dozens of processes: with bytecode, none compiles again what another has compiled.
unexport PYTHONDONTWRITEBYTECODE

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXTRAS := check lab browser scale

PYTHON ?=
WITH ?=
$(if $(filter-out $(EXTRAS),$(WITH)),$(error WITH: expected some of "$(EXTRAS)" but got "$(WITH)"))
PROFILE ?= quick
SOURCE ?=
RUN ?=
CHAPTERS ?=
CODE ?=
EDITION ?=
PAGES ?=
MAX_IMAGES ?=
SEED ?=
SPLIT ?=
AT_ONCE ?=
TESTS ?= tests
WORKERS ?= auto
MODEL ?=
PORT ?=

COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml

# A name on the PATH is not yet a Python that runs: shims of version managers may fail.
USABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
VERSION_OK := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# Tests of the two apps and of JupyterLab drive a browser: what drives it, and JupyterLab, is installed
# where there is one to drive.
CHROMIUM ?= $(shell command -v chromium || command -v google-chrome)

.PHONY: help setup report test lab app web bench check format lock clean

help: ## Show this list
	@echo "DermBook: an executable textbook and report on HAM10000. make TARGET [VARIABLE=value]"
	@echo
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/\1|\2/' \
	  | awk -F'|' '{ printf "  %-8s %s\n", $$1, $$2 }'

setup: $(STAMP) $(WITH:%=$(STAMP)-%) ## Set up .venv from requirements.lock (PYTHON=interpreter, WITH="check lab browser scale")

report: $(STAMP) ## Run the chapters, write the PDF and HTML (PROFILE SOURCE RUN CHAPTERS CODE EDITION PAGES MAX_IMAGES SEED SPLIT AT_ONCE)
	@$(BIN)/dermbook report "$(PROFILE)" \
	  $(if $(SOURCE),--source "$(SOURCE)") $(if $(RUN),--run "$(RUN)") \
	  $(if $(CHAPTERS),--chapters "$(CHAPTERS)") $(if $(CODE),--code "$(CODE)") \
	  $(if $(EDITION),--edition "$(EDITION)") $(if $(PAGES),--pages) \
	  $(if $(MAX_IMAGES),--max-images "$(MAX_IMAGES)") $(if $(SEED),--seed "$(SEED)") \
	  $(if $(SPLIT),--split "$(SPLIT)") $(if $(AT_ONCE),--at-once "$(AT_ONCE)")

test: $(STAMP) $(if $(CHROMIUM),$(STAMP)-browser $(STAMP)-lab) ## Run the tests (TESTS=tests/dataset for some of them, WORKERS=0 in one process)
	@# A file stays in one process, so that what its tests share is made once.
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

lab: $(STAMP)-lab ## Open chapters and exercises in JupyterLab
	@# Its cells and terminals know dermbook: a shell that logs in would forget the path again.
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter lab --notebook-dir=. \
	  --LabApp.default_url=/lab/tree/chapters/00_start.ipynb \
	  --ServerApp.terminado_settings="shell_command=['$${SHELL:-/bin/sh}']"

app: $(STAMP) ## Open the Streamlit app (MODEL=trial or folder, PORT)
	@$(BIN)/dermbook app $(if $(MODEL),"$(MODEL)") $(if $(PORT),--port "$(PORT)")

web: $(STAMP) ## Build the browser page and serve it on this machine (MODEL=trial or folder, PORT)
	@$(BIN)/dermbook web $(if $(MODEL),"$(MODEL)") $(if $(PORT),--port "$(PORT)")

bench: $(STAMP) ## Measure speed and scaling against the obvious way; some minutes
	@$(BIN)/python -m benchmarks

check: $(STAMP)-check ## Lint and format-check .py and .ipynb, check types and the way of imports in helpers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP)-check ## Format .py and .ipynb, mend what the linter can mend
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lock: $(BIN)/uv ## Resolve pyproject.toml into requirements*.lock again
	@# Completions and the debugger are JupyterLab's: other kernels do without jedi and debugpy.
	@$(COMPILE) --extra dev --group tfjs --group cff -o requirements.lock \
	  --excludes <(printf '%s\n' jedi debugpy)
	@# The lock of an extra has what requirements.lock has not.
	@for extra in $(EXTRAS); do \
	  lock=requirements-$$extra.lock; \
	  $(COMPILE) --extra $$extra -o $$lock --constraints requirements.lock \
	    --excludes <(test $$extra = lab || printf '%s\n' jedi debugpy); \
	  awk 'NR == FNR { seen[$$0]; next } /^[a-z0-9]/ { known = $$0 in seen } !known' \
	    requirements.lock $$lock >$$lock.new; \
	  mv $$lock.new $$lock; \
	done

clean: ## Remove runs/ and the caches in this folder (not .venv, not the user's cache)
	@rm -rf runs dist build .pytest_cache .hypothesis .mypy_cache .ruff_cache
	@find . -name .venv -prune -o -name .git -prune -o \
	  \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -exec rm -rf {} +

# A lock names every package, so nothing is resolved again: --no-deps.
define install
	@echo "Installing the packages of $(1) into $(VENV) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps \
	    -r $(1) </dev/null \
	  || { echo "uv could not install them (see above); trying pip, which knows pip's own settings"; \
	       $(BIN)/python -m pip install --quiet --require-hashes --no-deps --no-compile \
	         -r $(1) </dev/null; }
endef

# TensorFlow takes many times as long to import where no bytecode is written: what report and app
# read most of is compiled now, by all cores. The rest, of which they read little, is when imported.
COMPILED := altair keras matplotlib numpy pandas scipy sklearn streamlit tensorflow

$(STAMP): requirements.lock pyproject.toml | $(BIN)/uv
	$(call install,requirements.lock)
	@# 0.4 GB that nothing here reads: C++ headers for building operations of TensorFlow, and the
	@# libraries' own tests (tf2onnx puts its own where 'import tests' finds them).
	@cd $(VENV)/lib/python3*/site-packages && rm -rf tensorflow/include tests \
	  && find numpy scipy pandas sklearn matplotlib pyarrow pywt -type d -name tests -prune \
	    -exec rm -rf {} +
	@cd $(VENV)/lib/python3*/site-packages && ../../../bin/python -m compileall -q -j 0 $(COMPILED)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
	    --offline -e . </dev/null
	@touch $@

$(EXTRAS:%=$(STAMP)-%): $(STAMP)-%: requirements-%.lock $(STAMP)
	$(call install,$<)
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
