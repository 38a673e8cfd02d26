# Everything one does here. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
BIN := .venv/bin
SOURCES := $(wildcard libs/*/src services/*/src simulators/*/src apps/*/src)
# Each worker has servers of its own; whole-system tests stay on one worker.
PARALLEL := -n 2 --dist loadgroup
DATA ?= .data
PORT ?= 8080
SMTP_PORT ?= 2525

.PHONY: help install run fmt check static format-check lint types arch deps stale schemas \
	test unit integration e2e cov bench images k8s-render

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

install: ## Make .venv with everything, test tools included
	@scripts/install

run: ## Run the hub with the demo in one process (DATA, PORT, SMTP_PORT)
	@scripts/install --runtime
	@exec $(BIN)/patchbay run --data $(DATA) --port $(PORT) --smtp-port $(SMTP_PORT) --demo

fmt: install ## Format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check: install ## All gates that need no server, in under a minute
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target static unit

static: install format-check lint types arch deps stale

format-check:
	@$(BIN)/ruff format --check .

lint:
	@$(BIN)/ruff check .

types: ## mypy --strict over all but tests
	@$(BIN)/mypy $(SOURCES) tools bench

arch: ## Import rules
	@$(BIN)/lint-imports

deps: ## Every member declares what it imports; the locks hold what members declare
	@$(BIN)/python scripts/check-dependencies
	@$(BIN)/python scripts/lock --check

stale: ## Generated files equal what the code says
	@$(BIN)/python tools/export_contracts.py --check
	@$(BIN)/python tools/export_routes.py --check

schemas: install ## Write JSON Schemas, AsyncAPI, OpenAPI and docs/events.md anew
	@$(BIN)/python tools/export_contracts.py

unit: install ## Tests without servers, but the slow ones
	@$(BIN)/pytest -q $(PARALLEL) -m "not integration and not e2e and not slow"

integration: install ## Tests against private RabbitMQ, PostgreSQL and Dovecot
	@scripts/install-engines
	@$(BIN)/pytest $(PARALLEL) -m "integration or slow"

e2e: install ## Tests of the whole system
	@scripts/install-engines
	@$(BIN)/pytest -m e2e

test: install ## Everything: gates, then all tests against private servers
	@scripts/install-engines
	@failed=0; $(MAKE) --no-print-directory -k static || failed=1; \
		$(BIN)/pytest $(PARALLEL) || failed=1; exit $$failed

cov: install ## Coverage of the unit and integration tests
	@$(BIN)/coverage run -m pytest -m "not e2e" && $(BIN)/coverage combine -q
	@$(BIN)/coverage report

bench: install ## Measure events per second beside a hand-written floor
	@scripts/install-engines
	@$(BIN)/python -m bench

images: ## Build one image per service
	@scripts/build-images

k8s-render: install ## Render every overlay and validate it against schemas
	@scripts/render-k8s
