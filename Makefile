# `make up` and `make test` each work alone on a fresh clone.
SHELL := /bin/sh
.DEFAULT_GOAL := help

UV = $$(sh sandbox/bootstrap.sh)
export UV_PYTHON_DOWNLOADS := never
export UV_FROZEN := 1

.PHONY: help setup up down status test test-quick lint format policy bench reference dashboards pictures clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## Install the Python environment
	@uv=$(UV) && $$uv sync --quiet

up: setup ## Bring the whole gateway up on this machine
	@uv=$(UV) && $$uv run sandbox up

down: ## Stop the sandbox and delete its state
	@uv=$(UV) && $$uv run sandbox down

status: ## Show what runs and where
	@uv=$(UV) && $$uv run sandbox status

test: setup ## Set everything up and run all tests
	@uv=$(UV) && $$uv run sandbox install > /dev/null && $$uv run pytest --numprocesses 2

test-quick: setup ## Run the tests of settings, pure builders and rendering, in seconds
	@uv=$(UV) && $$uv run pytest tests/infra tests/test_rendering.py

lint: setup ## Check style and types
	@uv=$(UV) && $$uv run ruff check && $$uv run ruff format --check && $$uv run pyrefly check

format: setup ## Format the code
	@uv=$(UV) && $$uv run ruff format && $$uv run ruff check --fix

policy: setup ## Hold dev, prod and prod-dr to the policies, with no account
	@uv=$(UV) && $$uv run sandbox preview --policy --stack dev && $$uv run sandbox preview --policy --stack prod && $$uv run sandbox preview --policy --stack prod-dr

bench: setup ## Run every benchmark; one JSON line each
	@uv=$(UV) && $$uv run python -m benchmarks all

reference: setup ## Write the configuration reference of the README anew
	@uv=$(UV) && $$uv run python -m infra.reference --write

dashboards: setup ## Write the dashboards' JSON anew
	@uv=$(UV) && $$uv run python -m dashboards --write

pictures: setup ## Draw the pictures of the dashboards anew, in some minutes
	@uv=$(UV) && PYTHONPATH=tests:tests/infra:tests/gateway:tests/sandbox $$uv run python docs/pictures/draw.py

clean: down ## Also delete the Python environment
	rm -rf .venv
