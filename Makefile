# The first line of help is the first thing to try. Everything that is installed goes into .venv.

SHELL := bash
MAKEFLAGS += --no-print-directory
# Each of the many processes would compile again what it imports.
export PYTHONDONTWRITEBYTECODE :=
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHECKOV := .venv-checkov
SDK := .sagemaker-sdk
WHEELS := .wheels
UV ?= uv
# One more than cores: the tests wait for local AWS now and then.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
SOURCES := $(wildcard scripts data pipeline_lambdas inference_lambdas workflows local_aws benchmarks tests)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

release: setup ## Release on this machine: train, deploy, evaluate, approve, deploy to Prod; again after each change
	@$(BIN)/slipway --local release --approve "make release"

workflows: setup ## Run the Step Functions workflows on this machine: images, text, tables, life cycle
	@$(BIN)/slipway --local workflow run

up: setup ## Start local AWS
	@$(BIN)/slipway --local up

down: ## Stop local AWS; what it holds is kept
	@if [ -x $(BIN)/slipway ]; then $(BIN)/slipway --local down; fi

test: check ## Lint, types, templates and all tests
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

check: ## Lint, types, templates and policies
	@$(MAKE) --jobs=2 setup-dev $(CHECKOV)/checkov.stamp $(SDK)/images.stamp
	@$(MAKE) --jobs=2 check-code check-templates

check-code:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES)

check-templates:
	$(BIN)/cfn-lint --include-checks I --template cloudformation/*.yml
	$(BIN)/statelint --ignore=URI,FLOAT workflows/*/*.asl.json
	PYTHONPATH=scripts $(BIN)/python -m upkeep.images $(SDK) --check
	PYTHONPATH=scripts $(BIN)/python -m upkeep.managed_policies --check
	$(CHECKOV)/bin/checkov --directory cloudformation --framework cloudformation secrets \
		--skip-path cloudformation/pipeline/ --skip-path cloudformation/workflows/ --skip-path cloudformation/shared/ \
		--skip-download --compact --quiet
	$(BIN)/python -m tests.policies.rendering | $(CHECKOV)/bin/python tests/policies/run_parliament.py

images: setup $(SDK)/images.stamp ## Write what the templates know of SageMaker's images, accounts from AWS's SDK
	PYTHONPATH=scripts $(BIN)/python -m upkeep.images $(SDK)
	@$(MAKE) template

template: setup ## Write cloudformation/pipeline.yml and workflows.yml from their parts
	PYTHONPATH=scripts $(BIN)/python -m upkeep.template

policies: setup-dev ## Write the AWS-managed policies that local AWS knows, from moto's copy of what AWS publishes
	PYTHONPATH=scripts $(BIN)/python -m upkeep.managed_policies

bench: setup-dev ## Measure what is promised about speed and memory
	$(BIN)/python -m benchmarks

faults: setup-dev ## Kill local AWS in the middle of everything, and run what takes long
	$(BIN)/pytest -m faults $(PYTEST_ARGS)

setup: $(VENV)/run.stamp ## Install what a release needs

setup-dev: $(VENV)/dev.stamp $(WHEELS)/checks.stamp ## Install what the tests need as well

lock: ## Lock the dependencies anew (needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	$(UV) pip compile $(LOCK_OPTIONS) requirements/run.in --output-file requirements/run.txt
	$(UV) pip compile $(LOCK_OPTIONS) requirements/dev.in --output-file requirements/dev.txt
	$(UV) pip compile $(LOCK_OPTIONS) requirements/build.in --output-file requirements/build.txt
	$(UV) pip compile $(LOCK_OPTIONS) requirements/due.in --output-file requirements/due.txt
	$(UV) pip compile $(LOCK_OPTIONS) requirements/checks.in --output-file requirements/checks.txt
	$(UV) pip compile $(LOCK_OPTIONS) requirements/checkov.in --output-file requirements/checkov.txt
	$(UV) pip compile $(LOCK_OPTIONS) --no-deps requirements/images.in --output-file requirements/images.txt

clean: down ## Remove what make installed and built; local AWS keeps what it holds
	rm -rf $(VENV) $(CHECKOV) $(SDK) $(WHEELS) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

reset: down ## Forget what local AWS holds: all local releases, models and repositories
	rm -rf .slipway

LOCK_OPTIONS := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

# --- Installing. A stamp is newer than its lock as long as nothing has to be installed. -----------------------------

$(VENV)/run.stamp: requirements/run.txt pyproject.toml local_aws/pyproject.toml | $(BIN)/python
	@$(call install,requirements/run.txt)
	@touch $@

# The lock for development holds that for a release too.
$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml local_aws/pyproject.toml | $(BIN)/python
	@$(call install,requirements/dev.txt)
	@touch $@ $(VENV)/run.stamp

# checkov pins an older boto3 than this repository and parliament an older setuptools, so both live apart.
$(CHECKOV)/checkov.stamp: requirements/checkov.txt | $(BIN)/python
	@$(BIN)/python -m venv --clear $(CHECKOV)
	@$(call install_locked,$(CHECKOV)/bin/python,requirements/checkov.txt)
	@touch $@

# A folder and no environment: only data of the wheel is read.
$(SDK)/images.stamp: requirements/images.txt | $(BIN)/python
	@rm -rf $(SDK)
	@$(call install_locked,$(BIN)/python,requirements/images.txt,--no-deps --no-compile --target $(SDK))
	@touch $@

# What the builds of the tests install, without a network: the locks of buildspec.yml and checkspec.yml, and nothing else.
$(WHEELS)/checks.stamp: requirements/checks.txt requirements/due.txt requirements/build.txt | $(BIN)/python
	@rm -rf $(WHEELS)
	@echo "downloading requirements/checks.txt"
	@$(BIN)/python -m pip $(PIP_OPTIONS) download --quiet --require-hashes --only-binary :all: --dest $(WHEELS) \
		-r requirements/checks.txt -r requirements/due.txt -r requirements/build.txt
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Slipway needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 || true)." >&2; \
		echo "Name another one, for example: make PYTHON=python3.12 release" >&2; exit 1; }
	@command -v git >/dev/null || { echo "Slipway needs git: https://git-scm.com/downloads" >&2; exit 1; }
	@echo "creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV)

# On a terminal a counter goes up; pip itself would print a line or more per package.
PIP_OPTIONS := --disable-pip-version-check --no-input
COUNTER := awk '/^Collecting|^Requirement already/ {printf "\r  %d packages", ++n; fflush()} \
	/^Installing collected/ {printf ", installing"; fflush()} END {if (n) print ""}'

# Arguments: the interpreter of the environment, the lock, more options of pip install.
define install_locked
set -euo pipefail; echo "installing $(2)"; \
if [ -t 1 ]; then $(1) -m pip $(PIP_OPTIONS) install --require-hashes $(3) -r $(2) | $(COUNTER); \
else $(1) -m pip $(PIP_OPTIONS) install --quiet --require-hashes $(3) -r $(2); fi
endef

define install
$(call install_locked,$(BIN)/python,$(1)); \
$(BIN)/python -m pip $(PIP_OPTIONS) install --quiet --no-deps --no-build-isolation --editable . --editable ./local_aws
endef

.PHONY: help release up down test check check-code check-templates images template policies bench faults setup \
	setup-dev lock clean reset
