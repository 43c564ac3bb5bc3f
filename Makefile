# Every target sets up what it needs: Python 3.11 or newer, git and make are enough.
#   make PYTHON=python3.12 install   builds .venv with that interpreter
#   make UV= install                 uses pip even where uv is installed

VENV := .venv
BIN := $(VENV)/bin
LOCK := ci/requirements.lock

ifeq ($(origin UV), undefined)
UV := $(shell command -v uv 2>/dev/null)
endif

# The lock names every package, so neither installer has to look for dependencies.
ifneq ($(UV),)
HAVE_PIP = :
PIP_INSTALL = "$(UV)" pip install --quiet --python $(BIN)/python --no-deps
else
HAVE_PIP = $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
PIP_INSTALL = $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps
endif

# When the Python beneath it is upgraded or removed, .venv is left with an interpreter that points nowhere: build it anew.
ifneq ($(shell test -x $(BIN)/python && echo works),works)
.PHONY: $(VENV)/pyvenv.cfg
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install demo test nightly check bench lock clean

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

install: $(VENV)/.installed  ## build .venv; afterwards the command is .venv/bin/harness

demo: install  ## cut a worker off for two minutes, then for ten, and tell what happened
	@$(BIN)/harness run cut-off-worker --set lasting=2m
	@echo
	@# The second run breaks a promise, and saying so (exit code 1 or 2) is its right end.
	@code=0; $(BIN)/harness run cut-off-worker --set lasting=10m || code=$$?; \
	case $$code in \
	1|2) ;; \
	0) echo "demo: ten minutes should have broken a promise, and did not" >&2; exit 1 ;; \
	*) exit $$code ;; \
	esac

test: install  ## run the tests
	@# More processes than the two cores it is made for: live tests mostly wait. In the order of the folders, for those
	@# of the first ones take longest.
	@$(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

nightly: install  ## run the tests that take too long for each time: an hour and more
	@$(BIN)/python -m pytest -m nightly

check: install  ## lint, formatting, types, layers, size limits
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m ci.tidy

bench: install  ## measure this machine
	@$(BIN)/python -m ci.bench

lock: ci/constraints.txt pyproject.toml  ## resolve ci/requirements.lock anew (needs uv)
	"$(or $(UV),uv)" pip compile pyproject.toml --all-extras --group dev --constraint ci/constraints.txt \
	    --universal --python-version 3.11 --upgrade --quiet --custom-compile-command "make lock" --output-file $(LOCK)

clean:  ## remove .venv, caches and builds; what you recorded in runs/ stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	@$(HAVE_PIP)
	@$(PIP_INSTALL) --no-build-isolation --editable .
	@touch $@
	@echo "Ready: $(BIN)/harness"

$(VENV)/.locked: $(LOCK) $(VENV)/pyvenv.cfg
	@echo "Installing $(LOCK) into $(VENV)$(if $(UV),, with pip; this takes a minute or two)"
	@$(HAVE_PIP)
	@$(PIP_INSTALL) --requirement $(LOCK)
	@touch $@

$(VENV)/pyvenv.cfg:
	@python=$$(sh ci/find-python $(PYTHON)) && rm -rf $(VENV) && \
	if [ -n "$(UV)" ]; then "$(UV)" venv --quiet --python "$$python" $(VENV); \
	else "$$python" -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "That Python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }; \
	fi
