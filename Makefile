# make demo   everything from a bare Python to the app in a browser
# make test   everything from a bare Python to a full test run
#
# Set-up happens by itself, in .venv, and again only when pyproject.toml or constraints.txt change.

# The first Python that is new enough; name another with `make demo PYTHON=/path/to/python3.12`.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo $$p; break; }; done)
# On Linux PyPI's torch carries CUDA and is a download of gigabytes; without an NVIDIA GPU,
# `make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu` takes the small build.
TORCH_INDEX ?=
PIP_ARGS ?=
PYTEST_ARGS ?=
# Processes that run tests side by side, each file in one of them.
JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt \
	$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) $(PIP_ARGS)
NOTEBOOKS = $(wildcard notebooks)
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

.PHONY: help demo notebooks notebooks-saved address test test-fast lint space wheel clean

help:
	@echo "make demo        set up and start the app on http://127.0.0.1:7860"
	@echo "make notebooks   set up and open the tutorials in JupyterLab"
	@echo "make notebooks-saved   run the tutorials and save what they show"
	@echo "make address     write the public address of pyproject.toml wherever it is needed"
	@echo "make test        set up and run every test, the notebooks included"
	@echo "make test-fast   the tests without the slow ones, the browser and the notebooks"
	@echo "make lint        ruff: rules and formatting"
	@echo "make space       assemble a Hugging Face Space in build/space"
	@echo "make wheel       build the package in dist/"
	@echo "make clean       remove .venv, build/ and dist/"
	@echo
	@echo "PYTHON=...       the Python to use (3.11 or newer; found: $(or $(PYTHON),none))"
	@echo "TORCH_INDEX=https://download.pytorch.org/whl/cpu   the small CPU-only torch on Linux"
	@echo "PIP_ARGS=...     more options for pip install"
	@echo "JOBS=2           processes that run tests side by side (0: none beside pytest's own)"
	@echo "PYTEST_ARGS=...  more options for pytest, for example PYTEST_ARGS='-k hub -x'"

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "No Python 3.11 or newer with the venv module was found." >&2; \
		echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv) or name it:" >&2; \
		echo "    make demo PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is older than Python 3.11, or does not run. Name another:" >&2; \
		echo "    make demo PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { \
		echo "$(PYTHON) lacks the venv module (Debian, Ubuntu: apt-get install python3-venv)." >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp per set of packages, written last, so that an interrupted set-up is taken up again.
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e ".[demo,codecs,formats,deidentify]"
	@touch $@

$(VENV)/.notebooks: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e ".[notebooks,codecs,formats,deidentify,eval]"
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e ".[demo,notebooks,codecs,formats,deidentify,eval,scale,baselines,test]"
	@touch $@ $(VENV)/.demo $(VENV)/.notebooks

demo: $(VENV)/.demo
	$(BIN)/cmrclip demo

# The configuration lets exams of more than 10 MB be uploaded.
notebooks: $(VENV)/.notebooks
	$(BIN)/jupyter lab --config notebooks/jupyter_server_config.json notebooks

# What people without a kernel see: the outputs that are committed, and the index's pictures.
notebooks-saved: $(VENV)/.test
	$(BIN)/python notebooks/save.py

# After a change of project.urls in pyproject.toml.
address: $(BIN)/python
	$(BIN)/python notebooks/address.py

# One pytest run for both, so that one closing line counts everything.
test: $(VENV)/.test
	$(PYTEST) tests $(NOTEBOOKS) --nbval --nbval-current-env \
		--nbval-sanitize-with notebooks/sanitize.cfg --nbval-cell-timeout 300 $(PYTEST_ARGS)

test-fast: $(VENV)/.test
	$(PYTEST) tests -m "not slow and not browser" $(PYTEST_ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

space: $(VENV)/.demo
	$(BIN)/python demo/build_space.py build/space

wheel: $(BIN)/python
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist
