# `make run` plays a first game to a page; `make test` runs the tests. Both set up .venv themselves; only python3 (>= 3.11) and make
# are needed. Paths are relative, so that a clone in a folder with a space works.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: run test faults lint types index bench clean help

help:
	@echo "make run    play scenarios/first-strike.yaml and write its page"
	@echo "make test   lint, types and tests"
	@echo "make faults sweeps under fire: killed coordinators and workers, full disks, lost Dask schedulers (three minutes)"
	@echo "make index  docs/reference/{strategies,policies,tactics}.md anew, after a kind was added or changed"
	@echo "make bench  speed as ratios against scikit-learn, joblib, shapiq, pyDVL and plain Mesa (needs five minutes and an idle machine)"
	@echo "make clean  remove .venv, caches and runs"

run: $(VENV)/installed
	$(PY) -m dataleverage run scenarios/first-strike.yaml --out runs/first-strike --overwrite

test: $(VENV)/installed-dev lint types
	$(PY) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations=5 -m "not faults"

faults: $(VENV)/installed-dev
	$(PY) -m pytest -m faults --durations=5

lint: $(VENV)/installed-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/installed-dev
	$(PY) -m mypy

index: $(VENV)/installed
	$(PY) -m dataleverage.scenario.index docs/reference

$(PY):
	@command -v $(PYTHON) >/dev/null || { echo "python3 is not installed: install Python 3.11 or newer" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"Python {v[0]}.{v[1]} is too old: install 3.11 or newer, or say make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python3 cannot make a virtual environment: install python3-venv" >&2; exit 2; }

$(VENV)/installed: pyproject.toml constraints.txt | $(PY)
	@echo "installing dataleverage into $(VENV) (about a minute, once)"
	$(INSTALL) --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(PY)
	@echo "installing dataleverage and its test tools into $(VENV) (a minute or two, once)"
	$(INSTALL) --editable '.[dev]'
	@touch $(VENV)/installed $@

bench: $(VENV)/installed
	$(PY) benchmarks/oracle.py --out benchmarks/oracle.json --peers .venv-peers
	$(PY) benchmarks/population.py --out benchmarks/population.json
	$(PY) benchmarks/game.py --out benchmarks/game.json
	$(PY) benchmarks/ratings.py --out benchmarks/ratings.json --peers .venv-peers
	$(PY) benchmarks/sweep.py --out benchmarks/sweep.json
	$(PY) benchmarks/measure.py --out benchmarks/measure.json --peers .venv-peers

clean:
	rm -rf $(VENV) .venv-peers runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
