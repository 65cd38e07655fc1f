# make report | test | lab | bench | budget | …: each sets up .venv by itself, and works offline after that.

# Any CPython from 3.11 on: make PYTHON=python3.13 report
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# What follows `pip install`; on Linux the README says how to have the small build.
TORCH ?= torch==2.13.0
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Threads that wait sleep. Spinning, they make training beside one busy process 3.5 times
# slower instead of 1.7. torch reads this once, when it loads.
ifndef OMP_WAIT_POLICY
export OMP_WAIT_POLICY := PASSIVE
export GOMP_SPINCOUNT := 1500
endif
# After installation nothing here needs the network: whatever asks for it is a fault.
OFFLINE := HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1
# Two processes of one thread each.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile
TESTS := $(PYTEST) tests --ignore tests/browser

.PHONY: ready report notebooks test test-real coverage faults corpora lab bench budget lint style types \
  wheelhouse release pins clean

# Installs, and nothing else.
ready: $(READY)

# Everything under build/: the clone stays as it was. Two lessons at once.
report: $(READY)
	$(OFFLINE) $(BIN)/python -m course.build --to build/notebooks --jobs 2
	$(BIN)/python -m course.pages build/notebooks build/site
	$(BIN)/python -m report.build build/report.html
	@echo "open build/site/00_start_here.html; build/report.html is the report to mail"

.PHONY: report-page report-pdf archive site test-browser
# The report, from records alone: one page, its print, and all of it to deposit.
report-page: $(READY)
	$(BIN)/python -m report.build build/report.html

report-pdf: report-page
	$(BIN)/python -m report.print build/report.html build/report.pdf

archive: report-page
	$(BIN)/python -m report.archive build/report.html build/archive.zip

# The site with report, explorer and board, in build/book. Warnings stop it.
site: $(READY)
	$(OFFLINE) $(BIN)/python -m report.web.assemble build/book-source build/book

# Every page of it in a headless Chromium.
test-browser: site
	MTLHELPERS_SITE=build/book $(BIN)/python -m pytest tests/browser --no-skips

# The committed notebooks, the solved ones run again.
notebooks: $(READY)
	$(OFFLINE) $(BIN)/python -m course.build

# Masters for otter-grader, a lesson each: teaching/grading.md says how to go on.
.PHONY: graded
graded: $(READY)
	$(BIN)/python -m course.graded build/graded

# As on a fresh clone, without corpora; the solved notebooks last.
test: $(READY)
	MTLHELPERS_DATA= $(OFFLINE) $(TESTS)
	MTLHELPERS_DATA= $(OFFLINE) $(PYTEST) notebooks/solved

# What reads real corpora, in MTLHELPERS_DATA or from `make corpora`; nothing may skip.
test-real: export MTLHELPERS_DATA ?= $(CURDIR)/build/corpora
test-real: $(READY)
	$(OFFLINE) $(TESTS) -m real --no-skips

# The one target that needs the network: the named corpora, from their publishers.
corpora: $(READY)
	$(BIN)/python tests/helpers/corpora.py build/corpora

# Attacks of many kinds, and a table of what survived; FAULTS="--seed 1", say, or --short.
faults: $(READY)
	$(BIN)/python -m faults $(FAULTS)

coverage: $(READY)
	$(OFFLINE) $(TESTS) --cov --cov-report=term:skip-covered --cov-report=html:build/coverage

# The learner's copies, the table of contents at the side, and no question about news,
# which would ask the network. What the reader arranges is kept in build/lab.
lab: WORKSPACE := build/lab/default-37a8.jupyterlab-workspace
lab: $(READY)
	mkdir -p build/lab
	test -e $(WORKSPACE) || cp course/lab/workspace.json $(WORKSPACE)
	$(BIN)/python -m jupyter lab notebooks/00_start_here.ipynb \
	  --LabApp.app_settings_dir=course/lab --LabApp.workspaces_dir=build/lab

bench: $(READY)
	$(OFFLINE) $(BIN)/python benchmarks/commands.py
	$(OFFLINE) $(BIN)/python benchmarks/busy.py
	$(OFFLINE) $(BIN)/python benchmarks/bench.py

# Builds the notebooks, and holds each to its time in course/budget.toml.
budget: $(READY)
	$(OFFLINE) $(BIN)/python benchmarks/lessons.py

lint: style types

style: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

# All that an installation downloads, in one folder, for a room without network: teaching/.
wheelhouse: $(READY)
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --dest build/wheelhouse $(TORCH)
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --dest build/wheelhouse -r requirements.txt

# Builds the wheel, and tries it in an empty environment, outside the clone.
release:
	PYTHON="$(PYTHON)" TORCH="$(TORCH)" release/build.sh

# torch first and by itself: its builds differ by machine, so it has no hash here.
$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) $(TORCH)
	$(INSTALL) -r requirements.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	touch $(READY)

# Writes requirements.txt and environment.yml again, with the versions that they have
# where these still fit; PINS=--upgrade takes the newest. torch is left out, with the CUDA
# packages that it brings on Linux alone; what it needs everywhere is named here.
pins:
	mkdir -p build
	echo torch > build/left_out.txt
	printf 'sympy\nnetworkx\n' | $(UV) pip compile --quiet pyproject.toml - --extra dev \
	  --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	  --no-emit-index-url --no-annotate --no-strip-extras --excludes build/left_out.txt \
	  --custom-compile-command "make pins (torch is not here: it is installed first)" \
	  $(PINS) --output-file requirements.txt > build/pins.txt
	sed '/- torch==/q' environment.yml > build/environment.yml
	sed -n 's/^\([a-z].*==.*\) \\$$/      - \1/p' requirements.txt >> build/environment.yml
	echo '      - -e .' >> build/environment.yml
	cp build/environment.yml environment.yml

clean:
	rm -rf build $(VENV)
