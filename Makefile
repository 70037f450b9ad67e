# Two commands: `make demo` and `make test`. Everything they need goes into .venv, from the hash-locked lists.

PYTHON ?= python3
VENV ?= .venv
# What make has done for VENV; one of each for every Python that is tried.
MADE ?= .make
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
DEMO ?=
BENCH ?=
SIMULATE ?= --seconds 600
CRASH ?= --all
SECONDS ?= 120
TESTS ?= tests
JOBS ?= auto
# Of the whole daemon, for a further form of the code or a further Python.
DAEMON_TESTS := $(addprefix tests/acceptance/test_,life.py traps.py recovery.py sla.py delivery.py)
NATIVE_TESTS ?= tests/protocols tests/actors/correlator tests/actors/sla_clock tests/actors/stream tests/simulation tests/native \
	$(DAEMON_TESTS)
# Every folder of tests but the console, which a browser runs and no Python, and only some of the whole daemon.
FURTHER_TESTS := $(filter-out %.py tests/acceptance tests/console tests/data tests/vocabulary tests/__pycache__,$(wildcard tests/*)) $(DAEMON_TESTS)

# The trap path compiled, as `make native` leaves it, before the working copy; and whether this machine can compile it.
NATIVE ?= PYTHONSAFEPATH=1 PYTHONPATH="$(CURDIR)/$(MADE)/native:$(CURDIR)"
COMPILER = $(shell command -v gcc >/dev/null && \
	$(PYTHON) -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null && echo gcc)

.PHONY: help demo check test test-native test-run test-further coverage hooks lint docs bench simulate-hard crash-hard fuzz native client desk typescript setup setup-dev setup-native bytecode lock clean

help:
	@echo "make demo    set up, then run faultd with a simulated plant and show the alarms live"
	@echo "make test    set up, then check types and style and run every test"
	@echo "make check   what changed against main, in seconds; make hooks: the style, types and layers before every commit"
	@echo "make coverage  every test with branches measured: a table by folder, and .make/coverage/html"
	@echo "make lint    types, style and layers alone"
	@echo "make docs    write what the docs take from the code anew"
	@echo "make native  compile the trap path (needs a C compiler): a wheel for this machine; test-native tests it"
	@echo "make bench   measure speed, side by side with others, into docs/benchmarks.md"
	@echo "make simulate-hard, crash-hard, fuzz    look for faults as long as asked: see docs/testing.md"
	@echo "make lock    write the hash-locked lists of dependencies anew"
	@echo "make clean   remove everything that make has set up"

demo: setup
	@$(BIN)/faultd demo $(DEMO)

test: lint test-run

# The tests alone, for a further Python: types and style are the same for each.
test-run: setup-dev client desk typescript bytecode
	$(BIN)/pytest --numprocesses=$(JOBS) --dist=worksteal $(TESTS)

# Tests start a hundred daemons: bytecode is written once here, also where PYTHONDONTWRITEBYTECODE is set.
bytecode: setup
	@$(BIN)/python -m compileall -q protocols actors faultd

test-further: TESTS := $(FURTHER_TESTS)
test-further: test-run

# What changed against main, or BASE=..., in seconds: no daemons.
check: setup-dev
	@$(BIN)/python -m dev.check $(BASE)

# Branches too, and in the daemons that tests start. Twice as slow as `make test-run`, as every line is counted.
coverage: setup-dev
	@mkdir -p $(MADE)/coverage && rm -f $(MADE)/coverage/data*
	$(BIN)/pytest --numprocesses=$(JOBS) --dist=worksteal --cov --cov-report= $(TESTS)
	@$(BIN)/coverage html --quiet && $(BIN)/coverage json --quiet -o $(MADE)/coverage/report.json
	@$(BIN)/python -m dev.coverage_table $(MADE)/coverage/report.json

hooks: setup-dev
	$(BIN)/pre-commit install

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup-dev
	$(BIN)/python -m faultd.docs

# What is measured is what an operator runs: compiled, where there is a C compiler. `make bench NATIVE=` measures the interpreted.
bench: setup-dev $(if $(NATIVE),$(if $(COMPILER),$(MADE)/compiled))
	$(if $(COMPILER),$(NATIVE)) $(BIN)/python -m bench $(BENCH)

test-native: $(MADE)/compiled
	REQUIRE_COMPILED=1 $(NATIVE) $(BIN)/pytest --numprocesses=$(JOBS) --dist=worksteal $(NATIVE_TESTS)

simulate-hard: setup-dev
	PYTHONPATH=tests $(BIN)/python -m simulation.run $(SIMULATE)

crash-hard: setup-dev
	PYTHONPATH=tests $(BIN)/python -m crash.run $(CRASH)

fuzz: $(MADE)/fuzz
	$(BIN)/python fuzz/snmp_decode.py --seconds $(SECONDS)
	$(BIN)/python fuzz/listener.py --seconds $(SECONDS)
	$(BIN)/python fuzz/manager.py --seconds $(SECONDS)
	$(BIN)/python fuzz/clock.py --seconds $(SECONDS)
	$(BIN)/python fuzz/rest.py --seconds $(SECONDS)
	$(BIN)/python fuzz/paths.py --seconds $(SECONDS)
	$(BIN)/python fuzz/handshakes.py --seconds $(SECONDS)

native: $(MADE)/compiled
	@ls $(MADE)/wheel/*.whl

setup: $(MADE)/run
setup-dev: $(MADE)/dev

# What compiles, but for the C compiler.
setup-native: $(MADE)/compiler

# The generator of the client that one test makes, in an environment of its own: it needs an older typer than faultd.
client: $(MADE)/client

# The desk Roundup, which tests start.
desk: $(MADE)/desk

# What checks the types of the console, where there is npm: one for every Python. The console itself needs neither.
typescript: .make/typescript/done

.make/typescript/done: dev/typescript/package.json dev/typescript/package-lock.json
	@mkdir -p $(@D) && cp $^ $(@D)
	@if command -v npm >/dev/null; then echo "installing TypeScript" && npm ci --silent --ignore-scripts --prefix $(@D) && touch $@; fi

$(MADE)/venv:
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "faultd needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) 2>/dev/null || { \
		echo "this Python comes without venv (Debian keeps it in a package of its own)"; \
		test "$$(id -u)" = 0 || { echo "install it and try again: sudo apt-get install python3-venv"; exit 1; }; \
		apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv --clear $(VENV); }
	@mkdir -p $(MADE) && touch $@

$(MADE)/run: $(MADE)/venv requirements.lock requirements-build.lock pyproject.toml
	@echo "installing what faultd needs"
	@$(PIP) install --no-deps --require-hashes -r requirements-build.lock -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(MADE)/dev: $(MADE)/run requirements-dev.lock
	@echo "installing what the tests need"
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

$(MADE)/compiler: $(MADE)/dev requirements-native.lock
	@$(PIP) install --no-deps --require-hashes -r requirements-native.lock
	@touch $@

# mypyc indents the C that it writes by up to thousands of columns: that one warning of -Wall took gcc two minutes of three.
$(MADE)/compiled: $(MADE)/compiler pyproject.toml \
		$(shell find protocols actors faultd config console ! -name '*.pyc' ! -name __pycache__)
	@test -n "$(COMPILER)" || \
		{ echo "compiling needs a C compiler and Python's headers: sudo apt-get install gcc python3-dev"; exit 1; }
	@echo "compiling the trap path (some 90 seconds)"
	@rm -rf $(MADE)/native $(MADE)/wheel $(MADE)/source && mkdir -p $(MADE)/source
	@cp -R protocols actors faultd config console pyproject.toml README.md LICENSE $(MADE)/source
	@HATCH_BUILD_HOOK_ENABLE_MYPYC=1 CFLAGS="$(CFLAGS) -Wno-misleading-indentation" $(PIP) wheel --no-deps --no-build-isolation --wheel-dir $(MADE)/wheel ./$(MADE)/source
	@$(PIP) install --no-deps --target $(MADE)/native $(MADE)/wheel/faultd-*.whl
	@rm -rf $(MADE)/source && touch $@

$(MADE)/fuzz: $(MADE)/dev requirements-fuzz.lock
	@echo "installing the fuzzers"
	@$(PIP) install --no-deps --require-hashes -r requirements-fuzz.lock
	@touch $@

$(MADE)/client: $(MADE)/venv requirements-client.lock
	@echo "installing the generator of clients"
	@$(BIN)/python -m venv --clear $(VENV)-client
	@$(VENV)-client/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-client.lock
	@touch $@

# Roundup comes as source alone; what builds it is in the same list.
$(MADE)/desk: $(MADE)/venv requirements-desk.lock
	@echo "installing the desk Roundup"
	@$(BIN)/python -m venv --clear $(VENV)-desk
	@sed -n '/^setuptools==/,$$p' requirements-desk.lock > $(MADE)/desk-build.lock
	@for list in $(MADE)/desk-build.lock requirements-desk.lock; do \
		$(VENV)-desk/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes -r $$list || exit 1; done
	@touch $@

# litestar 2 requires polyfactory, and with it faker (25 MB), for examples in OpenAPI that faultd does not ask for. The locks leave both
# out, and every installation from a lock is made with --no-deps. See docs/decisions/0065-without-faker.md.
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
	--no-allow-unsafe --unsafe-package=polyfactory --unsafe-package=faker \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

lock: $(MADE)/venv
	@$(PIP) install pip-tools
	$(COMPILE) --upgrade --extra=pdf --output-file=requirements.lock pyproject.toml
	$(COMPILE) --upgrade --extra=pdf --extra=dev --output-file=requirements-dev.lock pyproject.toml
	$(COMPILE) --upgrade --extra=pdf --extra=dev --extra=fuzz --output-file=requirements-fuzz.lock pyproject.toml
	$(COMPILE) --upgrade --extra=pdf --extra=dev --extra=native --output-file=requirements-native.lock pyproject.toml
	$(COMPILE) --upgrade --output-file=requirements-build.lock requirements-build.in
	$(COMPILE) --upgrade --output-file=requirements-client.lock requirements-client.in
	$(COMPILE) --allow-unsafe --upgrade --output-file=requirements-desk.lock requirements-desk.in

clean:
	rm -rf .venv .venv-client .venv-desk .venv-newest .venv-newest-client .venv-newest-desk .make .make-newest .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
