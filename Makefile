# make demo         everything on this machine, in a minute: master, two nodes, a real job
# make test         checks and all tests (installs what they need)
# make test-faults  the long suites: faults, fuzzing, soak
# make bench        figures beside those of other systems, written to benchmarks/RESULTS.md
# make docs         the documentation as a site in build/site; warnings are errors
# make wheel        build/dist: what pip installs
# make deb          build/deb: packages for the Debian that this runs on
# make manual       build/manual: manual pages, and completion for bash, zsh and fish
# make pictures     the pictures in docs/pictures, from the real programs

# Debian's own Python if there is one: workers run as another user, who must be able to execute it.
PYTHON ?= $(if $(wildcard /usr/bin/python3),/usr/bin/python3,python3)
VENV := .venv
BIN := $(VENV)/bin
comma := ,
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
FAULTS := $(BIN)/python -m pytest -m faults --timeout 7200
SOAKS := tests/faults/test_soak.py tests/console/test_soak.py

# What `make test` runs once it stands where it can: lint, then all tests but the long ones.
.PHONY: demo test check lint test-faults check-faults broken-clusters other-long-tests $(SOAKS)
.PHONY: bench docs wheel deb manual pictures clean
.DELETE_ON_ERROR:

demo: $(VENV)/.demo
	$(BIN)/asyncluster demo

test:
	tools/where-others-can-read $(MAKE) check

check: $(VENV)/.test lint
	$(BIN)/python -m pytest -m "not faults"

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-faults:
	tools/where-others-can-read $(MAKE) check-faults

# The soaks and the clusters that are broken mostly wait, the others compute. Each says what has failed in it.
check-faults: $(VENV)/.test
	$(MAKE) --jobs=4 --keep-going broken-clusters other-long-tests $(SOAKS)

broken-clusters:
	$(FAULTS) $(SOAKS:%=--ignore=%) tests/faults

other-long-tests:
	$(FAULTS) $(SOAKS:%=--ignore=%) --ignore=tests/faults

$(SOAKS):
	$(FAULTS) -q $@

bench: $(VENV)/.test
	tools/debian-packages bench
	$(BIN)/python -m benchmarks

docs: $(VENV)/.test
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

wheel: $(VENV)/.test
	$(BIN)/python -m build --outdir build/dist

deb: $(VENV)/.test
	$(BIN)/python distribution/debian.py build/deb

manual: $(VENV)/.test
	$(BIN)/python distribution/manual.py build/manual

pictures: $(VENV)/.test
	$(BIN)/python docs/make_pictures.py
	$(BIN)/python docs/pictures_console.py
	$(BIN)/python docs/pictures_demo.py
	[ "$$(id -u)" -ne 0 ] || $(BIN)/python docs/pictures_session.py

$(VENV)/bin/python:
	tools/debian-packages demo
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[demo$(if $(DISPLAY),$(comma)gui)]'
	touch $@

$(VENV)/.test: pyproject.toml tools/debian-packages | $(VENV)/bin/python
	tools/debian-packages test
	$(PIP) install --editable '.[test]'
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
