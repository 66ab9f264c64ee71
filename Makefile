# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
# Before torch loads: one thread a process, and bits that don't depend on the batch.
export OMP_NUM_THREADS ?= 1
export MKL_CBWR ?= AUTO,STRICT

.PHONY: demo test test-slow test-wheel lint types imports docs check clean

demo: .venv/installed  ## prepare the data, run the quickstart study, name its report
	-$(BIN)/mindgap prepare htad
	$(BIN)/mindgap run quickstart

test: .venv/installed  ## the tests that take seconds
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: .venv/installed  ## the tests that take minutes
	$(BIN)/python -m pytest -n 2 -m slow

test-wheel: .venv/installed  ## the wheel, alone in a fresh environment
	$(BIN)/python -m pytest -m slow tests/packaging

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed
	$(BIN)/mypy

imports: .venv/installed  ## lower rooms know nothing of higher ones
	$(BIN)/lint-imports

docs: .venv/installed  ## docs/_build/html/index.html
	$(BIN)/python -m sphinx -W -q -b html docs docs/_build/html

check: lint types imports docs test test-wheel  ## what CI runs

.venv/installed: pyproject.toml ci/constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c ci/constraints.txt -e '.[dev,docs]'
	touch $@

clean:
	rm -rf .venv build dist docs/_build docs/generated
