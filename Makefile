# The two commands that matter: `make up` and `make test`. Each sets up what is missing first.
# Options go through ARGS: make up ARGS="--port core=18000"
.DEFAULT_GOAL := help
.PHONY: up demo test check generate down clean help setup bench-core bench-exporter bench-dashboards bench-telemetry lint lock

bin := .venv/bin
export PYTHON

setup:
	@bash stack/setup.sh

up: setup ## start the whole chain, show the first probe verdict, run until Ctrl-C
	@$(bin)/slotwatch up $(ARGS)

demo: setup ## tell the story in under five minutes: booking, verdict, outage, page, recovery
	@$(bin)/slotwatch demo $(ARGS)

test: lint ## everything: lint, unit tests with coverage by branch, then real servers, then the whole chain alone
	@$(bin)/pytest -n auto -m "not integration and not e2e" $(coverage)
	@$(bin)/pytest -n auto --dist worksteal -m "integration and not e2e"
	@$(bin)/pytest -m e2e

# The business code: what stands in the domain, its services and its resilience. Below 90 % the tests fail.
coverage := --cov=booking_core.domain --cov=booking_core.services --cov=booking_core.resilience \
  --cov-branch --cov-report=term:skip-covered --cov-fail-under=90

check: lint ## lint and unit tests, in about a minute
	@$(bin)/pytest -n auto -m "not integration and not e2e"

lint: setup ## format, lint, types, import contracts, generated files
	@$(bin)/ruff format --check .
	@$(bin)/ruff check .
	@$(bin)/mypy
	@$(bin)/lint-imports
	@$(bin)/slotwatch generate --check

generate: setup ## write rules, configurations and dashboards from sla/sla.yaml
	@$(bin)/slotwatch generate

bench-core: setup ## the core beside a bare endpoint and pgbench: its rates, costs and growth (ARGS=--quick or --help)
	@$(bin)/slotwatch bench-core $(ARGS)

bench-exporter: setup ## a scrape of 1 to 64 workers, beside the client library's own collector
	@$(bin)/python -m loadtests.benchmarks.scrape $(ARGS)

bench-dashboards: setup ## each dashboard's queries over 30 days of five-second samples; some minutes (ARGS=--days=2 or --help)
	@$(bin)/python -m loadtests.benchmarks.dashboards $(ARGS)

bench-telemetry: setup ## what metrics, log and traces cost a booking, beside a core that tells nothing
	@$(bin)/slotwatch bench-telemetry $(ARGS)

# With their extras: without them an old pip takes `coverage[toml]` for something that is not pinned, and refuses.
compile := $(bin)/uv pip compile -q pyproject.toml --universal --generate-hashes --no-strip-extras --no-emit-index-url --no-header
lock: setup ## pin what pyproject.toml asks for: what runs, and what checks beside it
	@$(compile) -o requirements.lock
	@$(compile) --extra dev -c requirements.lock -o requirements-dev.lock

down: setup ## end the chain of this checkout, also one whose terminal is gone
	@$(bin)/slotwatch down

clean: ## remove .venv, .run and caches; refused while a chain runs
	@bash stack/clean.sh

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)
