# Two commands: `make demo` shows a report from start to download, `make test` runs every check.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= rollbook-data
ONCE ?=
WORKERS_OF_PYTEST ?= 2

.PHONY: install demo test lint types tests wheel-test format clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --editable ".[dev]"
	-$(BIN)/python -m compileall -q -j 0 -x '/tests/' $(VENV)/lib >/dev/null 2>&1
	touch $@

demo: install
	$(BIN)/rollbook load demo --scale small --data $(DATA)
	$(BIN)/rollbook demo --data $(DATA) $(if $(ONCE),--once)

# Side by side: lint and types need one core each, for seconds.
test: install
	$(MAKE) --jobs=3 lint types tests

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

# In the order of names: else long files of few tests come last, and one process waits for the other.
tests: install
	$(BIN)/python -m pytest --numprocesses $(WORKERS_OF_PYTEST) --dist loadfile --no-loadscope-reorder --engine all

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
