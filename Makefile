# Every target sets up what it needs. A fresh clone wants Python 3.11 or newer and make, nothing else.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes
CONFIG ?= commentgate.toml
LOCK = $(BIN)/uv --quiet pip compile --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-all bench lint format lock debian debian-all clean

help:
	@echo "make demo      gateway, blog and stand-in providers on this machine; prints one address to open"
	@echo "make test      the test suite"
	@echo "make test-all  the test suite with its long matrices, soaks and WebKit"
	@echo "make bench     the measurements"
	@echo "make lint      ruff and mypy"
	@echo "make serve     a server from $(CONFIG)"
	@echo "make lock      writes requirements/*.txt anew from pyproject.toml and requirements/*.in"

demo: .venv/base.stamp
	@exec $(BIN)/python -m gateway demo

serve: .venv/base.stamp
	@exec $(BIN)/python -m gateway serve --config $(CONFIG)

test: .venv/dev.stamp debian
	@$(BIN)/python -m pytest -m "not slow"

test-all: .venv/dev.stamp debian-all
	@$(BIN)/python -m pytest

bench: .venv/dev.stamp
	@$(BIN)/python -m tests.bench

lint: .venv/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: .venv/dev.stamp
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# The one target that reads version ranges; everything else installs what stands in the lock files.
lock: .venv/dev.stamp
	@$(BIN)/python -m pip --quiet install uv
	@$(LOCK) --extra rehearsal pyproject.toml --output-file requirements/base.txt
	@$(LOCK) --extra rehearsal pyproject.toml requirements/dev.in --constraint requirements/base.txt \
		--output-file requirements/dev.txt

debian:
	@tests/install requirements/debian.txt

debian-all:
	@tests/install requirements/debian.txt requirements/debian-all.txt

clean:
	rm -rf .venv .artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing." >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/base.stamp: requirements/base.txt | .venv/bin/python
	@echo "Installing the locked dependencies into .venv" >&2
	@$(PIP) --requirement requirements/base.txt
	@touch $@

.venv/dev.stamp: requirements/base.txt requirements/dev.txt | .venv/bin/python
	@echo "Installing the locked dependencies and the tools of the tests into .venv" >&2
	@$(PIP) --requirement requirements/dev.txt
	@touch .venv/base.stamp $@
