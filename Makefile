# Everything that is done here by hand or by a machine. Needs python3 >= 3.11, pip and make; the rest is installed into
# .venv, what a target needs and no more. Names are relative, so that the folder may have blanks in its path.
#
#   make test PYTHON=python3.13     another interpreter (after `make clean`)
#   make test ARGS="-k target -x"   more arguments for pytest

PYTHON ?= python3
ARGS ?=
CLIENTS ?= 31 37
UV = .venv/bin/python -m uv --quiet
RUN = .venv/bin/python
# All tests that need no other program, on both cores.
TESTS = -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not notebooks" --ignore=tests/real --ignore=tests/browser --ignore=tests/clients

# Where nothing is kept compiled, every process that a test starts would compile pandas anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo lab test lint test-lowest test-bare test-real test-browser test-clients test-notebooks test-binder pictures bench clean

help:           ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 22

demo: .venv/stamp-demo  ## a look at what it does: a demo cluster, and some lines asked of it
	@$(RUN) examples/demo.py

lab: .venv/stamp-lab    ## JupyterLab with the notebooks
	$(RUN) -m jupyterlab notebooks $(ARGS)

test: lint      ## what every change must pass: lint, and all tests that need no other program
	$(RUN) $(TESTS) $(ARGS)

lint: .venv/stamp-test  ## ruff and mypy
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

test-real: .venv/stamp-test     ## against the kube-apiserver whose folder KUBEBUILDER_ASSETS names
	$(RUN) tests/real/namespace.py $(RUN) -m pytest tests/real tests/demo/test_kubectl.py $(ARGS)

test-browser: .venv/stamp-browser       ## in JupyterLab, with the system's chromium
	$(RUN) -m pytest tests/browser $(ARGS)

test-lowest: .venv-lowest/stamp ## the same tests with the lowest versions that pyproject.toml allows
	.venv-lowest/bin/python $(TESTS) $(ARGS)

test-bare: .venv-bare/stamp     ## the same tests without the extras; what needs one skips
	.venv-bare/bin/python $(TESTS) $(ARGS)

test-clients: $(CLIENTS:%=.venv-%/stamp)        ## with other versions of the official client: CLIENTS="31 37"
	@for version in $(CLIENTS); do echo "kubernetes $$version"; \
	  .venv-$$version/bin/python -m pytest tests/clients $(ARGS) || [ $$? -eq 5 ] || exit 1; done

test-binder: .venv/stamp-uv     ## what Binder would install and run, in an environment with nothing else
	@rm -rf .venv-binder
	@$(UV) venv --python .venv/bin/python .venv-binder
	@$(UV) pip install --python .venv-binder/bin/python -r binder/requirements.txt
	PATH="$$PWD/.venv-binder/bin:$$PATH" binder/postBuild
	@$(UV) tool run --from jupyter-repo2docker jupyter-repo2docker --no-build --debug . >.venv-binder/image 2>&1 || { cat .venv-binder/image; exit 1; }
	@grep -q 'RUN ./binder/postBuild' .venv-binder/image && echo "repo2docker reads it, and would run postBuild"

pictures: .venv/stamp-browser   ## the README's pictures, taken anew of the demo cluster
	$(RUN) -m pytest -q tests/browser/test_readme_pictures.py
	@mkdir -p docs/pictures && cp build/browser/readme-panel.png docs/pictures/panel.png && cp build/browser/readme-cell.png docs/pictures/cell.png

test-notebooks: .venv/stamp-test        ## every notebook, and every block of code in the pages of docs/
	$(RUN) -m pytest -n 3 -m notebooks tests/test_notebooks.py tests/test_pages.py $(ARGS)

bench: .venv/stamp-test .venv-bench/stamp   ## the benchmarks, some minutes on a quiet machine
	$(RUN) benchmarks/start.py $(ARGS)
	$(RUN) benchmarks/fetch.py $(ARGS)
	.venv-bench/bin/python -m benchmarks.dialects $(ARGS)
	@if [ -n "$$KUBEBUILDER_ASSETS" ]; then $(RUN) benchmarks/real.py && .venv-bench/bin/python -m benchmarks.backends; else echo "KUBEBUILDER_ASSETS is not set: nothing through a real API server"; fi

clean:          ## remove what was installed and made here
	rm -rf .venv .venv-* build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment with uv in it. pip comes from outside, so that an interpreter without ensurepip will do; one without
# pip has ensurepip.
.venv/stamp-uv:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "needs Python 3.11 or newer: make PYTHON=...")'
	@if $(PYTHON) -m pip --version >/dev/null 2>&1; \
	then $(PYTHON) -m venv --without-pip .venv && $(PYTHON) -m pip --python .venv/bin/python install --quiet uv; \
	else $(PYTHON) -m venv .venv && .venv/bin/python -m pip install --quiet uv; fi
	@touch $@

.venv/stamp-%: .venv/stamp-uv pyproject.toml
	@$(UV) pip install --python .venv/bin/python -e '.[$*]'
	@touch $@

.venv/stamp-lab: .venv/stamp-demo
	@$(UV) pip install --python .venv/bin/python 'jupyterlab>=4.2'
	@touch $@

.venv-bench/stamp: .venv/stamp-uv pyproject.toml benchmarks/requirements.txt
	@$(UV) venv --allow-existing --python .venv/bin/python .venv-bench
	@$(UV) pip install --python .venv-bench/bin/python -e '.[fast,demo]' -r benchmarks/requirements.txt
	@touch $@

.venv-lowest/stamp: .venv/stamp-uv pyproject.toml
	@$(UV) venv --clear --python .venv/bin/python .venv-lowest
	@$(UV) pip install --python .venv-lowest/bin/python --resolution lowest-direct -e '.[test]'
	@touch $@

.venv-bare/stamp: .venv/stamp-uv pyproject.toml
	@$(UV) venv --clear --python .venv/bin/python .venv-bare
	@$(UV) pip install --python .venv-bare/bin/python -e '.[test-tools]'
	@touch $@

.venv-%/stamp: .venv/stamp-uv pyproject.toml
	@$(UV) venv --allow-existing --python .venv/bin/python .venv-$*
	@$(UV) pip install --python .venv-$*/bin/python -e '.[test]' 'kubernetes==$*.*'
	@touch $@
