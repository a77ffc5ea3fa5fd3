# A fresh machine in two commands: `make demo` shows it, `make test` proves it.
# The work is done by the scripts in dev/ (Python, standard library only).

PYTHON ?= python3

# Variables of the command line and the environment reach the scripts by themselves.

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-pure test-odoo lint format bench i18n \
        db update shell serve stop clean

help:  ## show this list
	@echo "make <target> [VARIABLE=value …]"
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  ODOO_PATH=~/odoo   use this Odoo 19 source tree instead of Debian's package"
	@echo "  PGHOST=localhost   use this PostgreSQL server (with PGPORT, PGUSER, PGPASSWORD)"
	@echo "  ADDONS=\"a b\"       the addons to install and test (the addon, then its bridges)"
	@echo "  PYTHON=python3.12  the interpreter to run everything with"

setup:  ## get Odoo, Python packages, PostgreSQL, template database (UPGRADE=1: newest Odoo)
	@$(PYTHON) -m dev setup

demo:  ## Odoo with demo data and simulated marketplaces (PORT, SIMULATOR_PORT, FRESH=1)
	@$(PYTHON) -m dev demo

test:  ## all tests; T=path or T=expression for some; PYTEST_ARGS
	@$(PYTHON) -m dev test

test-pure:  ## the tests without Odoo and database
	@$(PYTHON) -m dev test-pure

test-odoo:  ## the tests with Odoo, browser tours included
	@$(PYTHON) -m dev test-odoo

lint:  ## ruff, pylint-odoo, OCA's module checks
	@$(PYTHON) -m dev lint

format:  ## let ruff format the sources
	@$(PYTHON) -m dev format

bench:  ## the figures of the README (BENCH_ARGS)
	@$(PYTHON) -m dev bench

i18n:  ## export the translation template and merge it into every language
	@$(PYTHON) -m dev i18n

db:  ## make -s db DB=x: a fresh database with the addon, without demo data
	@$(PYTHON) -m dev db

update:  ## make -s update DB=x: bring a database up to date with the addon's files
	@$(PYTHON) -m dev update

shell:  ## make -s shell DB=x: Odoo shell; reads a script from standard input (LOG_LEVEL=info)
	@$(PYTHON) -m dev shell

serve:  ## make -s serve DB=x PORT=n: a server in the foreground, crons on (ODOO_ARGS)
	@$(PYTHON) -m dev serve

stop:  ## stop the private PostgreSQL (any other target starts it again)
	@$(PYTHON) -m dev stop

clean:  ## stop the private PostgreSQL and remove .odoo/ (the cache stays)
	@$(PYTHON) -m dev clean
