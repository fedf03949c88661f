# `make demo` and `make test` are all that a newcomer needs; both build .venv first.
PYTHON ?= $(shell for v in 3.11 3.12; do command -v python$$v >/dev/null 2>&1 && python$$v -c '' 2>/dev/null && echo python$$v && exit; done; echo python3)
BIN := .venv/bin
DATA ?=
# One more than there are processors: whole engines under test wait for each other much of the time.
TESTERS ?= $(shell echo $$(( $$(nproc) + 1 )))

.PHONY: install demo check coverage test chaos audit audit-packages docs format clean

install: .venv/.warmed

.venv/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v in ((3, 11), (3, 12)) else "Headrace needs Python 3.11 or 3.12 (bytewax ships no wheels for others); " + sys.executable + " is %d.%d. Say: make install PYTHON=/path/to/python3.12" % v)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[embedded,parquet,fast,dev]' --editable client
	@touch $@

.venv/.warmed: .venv/.installed $(wildcard online_models/kernels/*.py)
	$(BIN)/python -m online_models.warming
	@touch $@

demo: install
	$(BIN)/headrace demo $(if $(DATA),--data $(DATA))

test: .venv/.installed
	@$(MAKE) --no-print-directory -j2 check install
	$(BIN)/pytest -n $(TESTERS) --dist worksteal --durations=40

check: .venv/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# The same tests twice as slow: Python 3.11 has no cheap way to watch which lines run.
coverage: install
	$(BIN)/pytest -n auto --cov --cov-report=term:skip-covered

# The long forms of what `make test` runs short: some hours. Ends in a table. A slower machine takes
# HEADRACE_CHAOS_RATE=200 (events/s; 500 and, in the soak, 1000) and HEADRACE_CHAOS_SOAK_SECONDS=1200.
CYCLES ?= 20
chaos: install
	@rm -f .chaos.jsonl
	HEADRACE_SIMULATION_SEEDS=3000 $(BIN)/pytest tests/simulation --timeout 3600
	HEADRACE_CHAOS_CYCLES=$(CYCLES) HEADRACE_CHAOS_REPORT=$(CURDIR)/.chaos.jsonl \
		$(BIN)/pytest tests/chaos tests/cli/test_kills.py tests/flows/test_crashes.py; \
		status=$$?; $(BIN)/python -m tests.chaos.report .chaos.jsonl; exit $$status

# What is known of the code's patterns, and of the versions of what it depends on.
audit: install
	$(BIN)/python -m pip install --quiet --editable '.[audit]'
	$(BIN)/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml api cli \
		contracts evaluation flows online_models operators storage web
	@$(MAKE) --no-print-directory audit-packages

# What is known of the versions of what it depends on. It asks PyPI, or `AUDIT_FEED=osv`; a package
# that the feed cannot be asked about is a failure: it would else count as one without a fault.
AUDIT_FEED ?= pypi
audit-packages: install
	@$(BIN)/python -m pip install --quiet --editable '.[audit]'
	@mkdir -p build
	$(BIN)/python -m pip freeze --exclude-editable > build/packages.txt
	$(BIN)/pip-audit --strict --no-deps --disable-pip --progress-spinner off \
		--vulnerability-service $(AUDIT_FEED) --requirement build/packages.txt

# The documentation as a site, with reference pages made from the code; a warning is an error.
docs: install
	@rm -rf build/docs build/site
	@mkdir -p build/docs
	$(BIN)/python -m cli.reference build/docs
	$(BIN)/zensical build --strict --clean --config-file build/docs/mkdocs.yml

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .chaos.jsonl .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
