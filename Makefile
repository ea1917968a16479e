# Every target makes its own environment first; nothing needs to be installed
# beforehand but python3 (3.11 or newer), git and make.

SHELL := /bin/bash
.DEFAULT_GOAL := help
RUN := .venv/bin/python
READY := .venv/.ready
REPORTS := docs/proof/connectors
SUITES := unit property contract integration simulation acceptance processes

.PHONY: help demo test prove check mutants docs bench accuracy kit live clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: $(READY) ## Watch six systems come into agreement, and one order go through all of them
	$(RUN) examples/demo/run.py

test: check ## Run the checks, then every test that needs no outside system
	$(RUN) -m pytest -n 2 -q -m "not live" --doctest-modules src $(wildcard $(SUITES:%=tests/%))

prove: $(READY) ## Prove agreement, for hours; goes on where it stopped; PROVE="--help" tells more
	$(RUN) tests/prove/run.py $(PROVE)

check: $(READY) ## Run the checks: style, types, layers, architecture
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	.venv/bin/lint-imports
	$(RUN) -m pytest -q tests/architecture

mutants: $(READY) ## Switch off each rule of the algorithm, and see that it is missed
	$(RUN) -m tests.simulation.mutants --histories 300 --write docs/proof

docs: $(READY) ## Write the reference from the code
	$(RUN) -m tools.reference

bench: $(READY) ## Measure speed
	$(RUN) benchmarks/run.py

accuracy: $(READY) ## Measure accuracy on public data: DATA=folder
	$(RUN) benchmarks/accuracy/run.py $(DATA)

kit: $(READY) ## Try the connectors on the sandbox and keep the reports
	SYNCLINE_KIT=$(REPORTS) $(RUN) -m pytest -q tests/contract/test_connector_*.py
	$(RUN) -m tools.reference

live: $(READY) ## Test against real third-party systems
	SYNCLINE_KIT=$(REPORTS) $(RUN) tests/live/run.py
	$(RUN) -m tools.reference

clean: ## Remove the environment and everything made
	rm -rf .venv build dist .coverage .coverage.* .hypothesis .import_linter_cache \
	  .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml tools/environment.sh
	bash tools/environment.sh
