# make report | test | lab | bench | budget — each sets up .venv by itself, and works offline after that.

# Any CPython from 3.11 on: make PYTHON=python3.13 report
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

# Real corpora, if they lie beside the clone; without them the package downloads its own.
SHARED := $(realpath $(CURDIR)/../shared/data)
export MTLHELPERS_DATA ?= $(SHARED)
# After installation nothing here needs the network: whatever asks for it is a fault.
OFFLINE := HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1

.PHONY: report test lab notebooks bench budget lint clean

report: notebooks
	$(BIN)/python notebooks/pages.py build/site
	$(BIN)/python notebooks/report.py build/report.html
	@echo "open build/site/00_start_here.html; build/report.html is the report to mail"

notebooks: $(READY)
	$(OFFLINE) $(BIN)/python notebooks/build.py

# Two processes of one thread for the tests; the notebooks as their readers run them.
test: $(READY)
	$(OFFLINE) OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests -n 2 --dist loadfile
	$(OFFLINE) $(BIN)/python -m pytest notebooks

lab: $(READY)
	$(BIN)/python -m jupyter lab notebooks

bench: $(READY)
	$(OFFLINE) $(BIN)/python benchmarks/bench.py

# Builds the notebooks, and holds each to its time in notebooks/budget.toml.
budget: $(READY)
	$(OFFLINE) $(BIN)/python benchmarks/lessons.py

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

# torch first and by its exact version, so that the CPU build is not replaced.
$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

clean:
	rm -rf build $(VENV)
