# make up: set up, start, ask one question.  make test: set up and test.  make help: the rest.
SHELL := /bin/sh
FRONTDESK := .venv/bin/frontdesk
PYTHON := .venv/bin/python
export RASA_TELEMETRY_ENABLED := false

.PHONY: help up down status ask test test-env rasa-env bench bench-slack bench-web eval eval-nlu lint lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

up: ## set everything up, start every process, ask one question
	@sh env/setup.sh app rasa widget
	@$(FRONTDESK) up

down: ## stop what `make up` started
	@test ! -x $(FRONTDESK) || $(FRONTDESK) down

status: ## which processes run, and where their logs are
	@$(FRONTDESK) status

ask: ## make ask Q="how do I restore one file?"
	@$(if $(Q),,echo 'Write the question like this: make ask Q="how do I restore one file?"'; exit 2;) \
	QUESTION="$$Q" sh -c '$(FRONTDESK) ask -- "$$QUESTION"'

test: test-env ## set up what the tests need, and run them all
	@$(FRONTDESK) prepare
	@$(PYTHON) -m pytest $(ARGS)

test-env:
	@sh env/setup.sh test rasa widget

rasa-env:
	@sh env/setup.sh rasa

lint: test-env ## ruff and mypy
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && $(PYTHON) -m mypy

bench-web: test-env ## the website chat under load: a table and reports/web.json
	@$(FRONTDESK) prepare
	@$(PYTHON) -m pipeline.bench_web

bench-slack: test-env ## Slack under load: a table and reports/slack.json; ARGS="--events 300 --seconds 5 --no-write" is quick
	@$(FRONTDESK) prepare
	@$(PYTHON) -m pipeline.bench_slack $(ARGS)

bench: ## latency and memory of the running stack: a table and reports/bench.json
	@sh env/setup.sh app rasa widget
	@$(PYTHON) -m pipeline.bench

eval: ## recall, correctness and honesty on the held-out questions: a table and reports/eval.json
	@sh env/setup.sh app rasa widget
	@$(FRONTDESK) up
	@$(PYTHON) -m pipeline.evaluate

lock: ## compile the pinned requirements anew
	@sh env/lock.sh

clean: down ## remove environments, models that were made, databases and logs
	rm -rf .venv env/rasa/.venv widget/node_modules widget/dist var models/index models/generator models/rasa-*
