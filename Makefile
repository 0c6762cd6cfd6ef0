# Everyday commands. They need make and Python 3.11 or newer, nothing else: `.venv` makes itself.
# Every path here is relative, so that a space in the checkout's path does no harm.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Handed on to the command: make test ARGS=tests/unit, make demo ARGS=--exit
ARGS ?=
PY := .venv/bin/python
PYTEST := $(PY) -m pytest

.PHONY: help
help: ## this list
	@sed -n 's/^\([.a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-14s %s\n' "$$name" "$$text"; done

.PHONY: .venv
.venv: ## the environment from the lock; made again when lock or project changed
	@sh .ci/venv

.PHONY: demo
demo: .venv ## a year of a gallery, synced to a stand-in of Xero, and the proof (ARGS=--exit stops after it)
	@.venv/bin/hub demo $(ARGS)

.PHONY: test
test: .venv ## every test (ARGS=tests/unit for some)
	@$(PYTEST) -n auto $(ARGS)

.PHONY: check
check: check-lint check-format check-types check-layers check-docs ## what must be clean before a change is done
	@echo "check: all clean"

.PHONY: check-lint
check-lint: .venv ## ruff's rules
	@echo "check: lint (ruff check)"
	@$(PY) -m ruff check .

.PHONY: check-format
check-format: .venv ## ruff's format
	@echo "check: format (ruff format --check)"
	@$(PY) -m ruff format --check .

.PHONY: check-types
check-types: .venv ## mypy --strict
	@echo "check: types (mypy --strict)"
	@$(PY) -m mypy --strict

.PHONY: check-layers
check-layers: .venv ## imports point down
	@echo "check: layers (lint-imports)"
	@$(PY) -c 'import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run())'

.PHONY: check-docs
check-docs: .venv ## the pages agree with the code
	@echo "check: docs (pytest tests/docs)"
	@$(PYTEST) -q tests/docs

.PHONY: fix
fix: .venv ## what can be mended by itself
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

.PHONY: golden
golden: .venv ## rewrite golden files; read the diff before you commit it
	@HUB_GOLDEN=write $(PYTEST) -k golden $(ARGS)
	@git diff --stat

.PHONY: pictures
pictures: .venv ## make the pictures of the bookkeeper's guide anew; look at them before you commit them
	@HUB_GUIDE_PICTURES=docs/images/bookkeeper $(PYTEST) -q tests/ui/test_whole_walk.py -k "not no-js"

.PHONY: bench
bench: .venv ## the benchmarks, as ratios within one run
	@$(PY) -m tests.bench $(ARGS)

.PHONY: bench-pages
bench-pages: .venv ## how long each page takes and how large it is, with 10,000 invoices
	@$(PY) -m tests.bench_pages $(ARGS)
