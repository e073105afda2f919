# The commands of this workspace. CI runs the same ones.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help demo test soak mutants lint docs deny bench dist week newcomer licences wheel package fuzz

CARGO ?= cargo
PHONES := target/phones
NODE_PEERS := target/node
PYTHON_BENCH := target/python/bench
TEST_LOG := target/test.log
FUZZ_LOG := target/fuzz.log
# `make dist PROFILE=dev` packs a build that takes seconds instead of minutes.
PROFILE ?= release

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: ## a campaign from a messy spreadsheet to the report: simulator in the process, SQLite, no account
	@$(CARGO) run --locked --quiet -p waha-campaign -- demo

test: ## all tests
	@mkdir -p target
	# Google's reading of phone numbers, to compare ours with. The version is the one named in the script.
	oracle=campaign-core/tests/phones_oracle.py
	version=$$(sed -n 's/^METADATA_VERSION = "\(.*\)"/\1/p' $$oracle)
	answers=$(PHONES)/$$version.jsonl
	why=
	if [ ! -s $$answers ] || [ $$oracle -nt $$answers ]; then
	    mkdir -p $(PHONES)
	    if ! python3 -m venv $(PHONES)/venv > $(PHONES)/log 2>&1; then
	        why="python3 cannot make a venv (Debian: apt-get install python3-venv)"
	    elif ! $(PHONES)/venv/bin/pip install --quiet "phonenumbers==$$version" >> $(PHONES)/log 2>&1; then
	        why="pip cannot install phonenumbers==$$version ($(PHONES)/log says why)"
	    else
	        $(PHONES)/venv/bin/python $$oracle > $$answers.part
	        mv $$answers.part $$answers
	    fi
	fi
	if [ -z "$$why" ]; then export PHONES_ORACLE="$$PWD/$$answers"; fi
	$(CARGO) test --workspace --all-features --locked --no-fail-fast -- --show-output 2>&1 | tee $(TEST_LOG)
	bindings-python/tests/run.sh 2>&1 | tee -a $(TEST_LOG)
	if grep -q '^skipped:' $(TEST_LOG); then echo; echo "Not everything could be tested here:"; grep '^skipped:' $(TEST_LOG) | sort -u; fi
	if [ -n "$$why" ]; then echo "skipped: phone numbers against Google's reading: $$why"; fi

soak: ## the long runs: many seeds of everything that is drawn, many kills
	@SIMULATION_SEEDS=$${SIMULATION_SEEDS:-500} $(CARGO) test --locked --release --all-features -p campaign-core --test simulation -- --nocapture
	SEEDS=$${SEEDS:-20} $(CARGO) test --locked --release -p waha-campaign --test everybody_once -- --nocapture --test-threads 1
	ALL_SCENES=1 $(CARGO) test --locked --release -p waha-campaign --test crash_points -- --nocapture
	RECIPIENTS=$${KILL_RECIPIENTS:-20000} SESSIONS=64 STRIKES=240 $(CARGO) test --locked --release -p waha-campaign --test workers -- --nocapture --test-threads 1
	for seed in $$(seq $${KILL_SEEDS:-10}); do
	    RECIPIENTS=$${KILL_RECIPIENTS:-20000} WAHA_CAMPAIGN_TEST_SEED=$$seed $(CARGO) test --locked --release -p waha-campaign --test sigkill -- --nocapture --test-threads 1
	    ALL_SCENES=1 WAHA_CAMPAIGN_TEST_SEED=$$seed $(CARGO) test --locked --release -p waha-campaign --test crash_points -- --nocapture --test-threads 1
	done
	WAHA_CAMPAIGN_PEOPLE=$${KILL_RECIPIENTS:-20000} bindings-python/tests/run.sh

mutants: ## faults put into a copy of the engine, one for each promise and rule of evidence: the simulation must find them; half an hour
	@python3 campaign-core/tests/mutants/mutants.py

lint: ## formatting, clippy, and what the core must not depend on
	@$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features --locked -- -D warnings
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy -p campaign-core -p waha-client --no-default-features --locked -- -D warnings
	for feature in limit socket axum testing; do
	    $(CARGO) clippy -p waha-client --no-default-features --features $$feature --locked -- -D warnings
	done
	tree=$$($(CARGO) tree --locked -p campaign-core --no-default-features -e normal --prefix none)
	if grep -E '^(tokio|async-std|smol|mio|reqwest|hyper|h2|http|axum|rusqlite|libsqlite3-sys|sqlx|postgres)[-_a-z0-9]* v' <<< "$$tree"; then
	    echo "campaign-core without its driver must not depend on these: it holds no runtime, no HTTP, no SQL" >&2
	    exit 1
	fi
	python3 campaign-core/tests/mutants/mutants.py --check
	echo "campaign-core without its driver: $$(sort -u <<< "$$tree" | wc -l) crates, no runtime, no HTTP, no SQL"

docs: ## the documentation, warnings are errors
	@RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --all-features --locked

deny: ## licences, sources, banned crates; advisories where their database can be had
	@$(CARGO) deny --locked check --hide-inclusion-graph bans licenses sources
	if timeout 120 $(CARGO) deny fetch db > target/deny.log 2>&1; then
	    $(CARGO) deny --locked check --hide-inclusion-graph advisories
	else
	    echo "skipped: advisories: their database cannot be had here ($$(grep -v '^\s*$$' target/deny.log | tail -n 1))"
	fi

bench: ## the questions in benches/, answered with tables; BENCH="dispatch import" asks only these
	@mkdir -p $(PHONES)
	# The command line is measured as it is shipped, and beside it Python with the library that `make test` compares phone numbers with, and jinja2.
	$(CARGO) build --release --locked -p waha-campaign -p waha-campaign-python
	rm -rf $(PYTHON_BENCH)
	mkdir -p $(PYTHON_BENCH)
	cp -r bindings-python/python/waha_campaign $(PYTHON_BENCH)
	cp $${CARGO_TARGET_DIR:-target}/release/libwaha_campaign.so $(PYTHON_BENCH)/waha_campaign/_native.abi3.so 2> /dev/null || cp $${CARGO_TARGET_DIR:-target}/release/libwaha_campaign.dylib $(PYTHON_BENCH)/waha_campaign/_native.abi3.so
	version=$$(sed -n 's/^METADATA_VERSION = "\(.*\)"/\1/p' campaign-core/tests/phones_oracle.py)
	if ! $(PHONES)/venv/bin/python -c 'import aiohttp, jinja2, phonenumbers, requests' 2> /dev/null; then
	    python3 -m venv $(PHONES)/venv > $(PHONES)/log 2>&1 && $(PHONES)/venv/bin/pip install --quiet "phonenumbers==$$version" "jinja2==3.1.6" "aiohttp==3.14.5" "requests==2.34.2" >> $(PHONES)/log 2>&1 || true
	fi
	# Node beside the receiver of webhooks.
	if ! (cd $(NODE_PEERS) && node -e 'require("fastify"); new (require("better-sqlite3"))(":memory:")') 2> /dev/null; then
	    mkdir -p $(NODE_PEERS)
	    npm install --prefix $(NODE_PEERS) --no-save fastify@5.12.8 better-sqlite3@12.11.1 > $(NODE_PEERS)/log 2>&1 || true
	fi
	PYTHONPATH=$$PWD/$(PYTHON_BENCH) NODE_PEERS=$$PWD/$(NODE_PEERS) PYTHON=$$PWD/$(PHONES)/venv/bin/python $(CARGO) bench --locked -p benches -- $(BENCH)

dist: ## an archive ready to install, with its checksum, in target/dist
	@$(CARGO) build --locked --profile $(PROFILE) -p waha-campaign
	folder=$${CARGO_TARGET_DIR:-target}/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
	host=$$(rustc -vV | sed -n 's/^host: //p')
	rm -rf target/dist
	adapters/cli/dist/package.sh $$folder/waha-campaign $$host target/dist
	cd target/dist
	sha256sum -c SHA256SUMS

licences: ## the licences of all that is linked into the Python package, written anew
	@python3 bindings-python/licences.py

wheel: ## the Python package, as source and as wheels, in target/packages, tried in each Python that is there
	@python3 bindings-python/licences.py --check
	bindings-python/tests/pack.sh target/packages
	bindings-python/tests/wheel.sh target/packages

package: ## what would be published, built from its archive; compared with the last tag
	@$(CARGO) publish --dry-run --locked -p waha-client
	tag=$$(git describe --tags --abbrev=0 --match 'v*' 2> /dev/null || true)
	if [ -z "$$tag" ]; then
	    echo "skipped: semver, there is no earlier version"
	else
	    $(CARGO) semver-checks --version > /dev/null 2>&1 || $(CARGO) install --quiet --debug --locked cargo-semver-checks
	    $(CARGO) semver-checks -p waha-client --baseline-rev "$$tag"
	fi

FUZZ_RUNS ?= 1000000
# An end for slow machines: on one core of a busy one, a million runs took 14 minutes of lists and of phone numbers, and 27 of templates.
FUZZ_SECONDS ?= 3600
# What a list costs is the watching, not the reading: without the address sanitizer, which finds nothing in code that forbids unsafe, and
# without tracing comparisons it is played ten times as often. The libraries below it are watched that way by hand: cargo fuzz run audience.
FUZZ_LISTS := --sanitizer none --no-trace-compares

fuzz: ## what comes from outside, FUZZ_RUNS times or FUZZ_SECONDS each: webhooks, templates, lists, phone numbers; needs nightly Rust
	@if ! rustup run nightly cargo --version > /dev/null 2>&1; then
	    echo "skipped: fuzzing, nightly Rust is not installed"
	    exit 0
	fi
	$(CARGO) fuzz --version > /dev/null 2>&1 || $(CARGO) install --quiet --debug --locked cargo-fuzz --version 0.13.2
	mkdir -p target
	for target in waha-client/webhook/seeds campaign-core/template/seeds/template campaign-core/audience/seeds/audience campaign-core/phone/seeds/phone; do
	    IFS=/ read -r crate name seeds <<< "$$target"
	    how=$$([ $$name != audience ] || echo "$(FUZZ_LISTS)")
	    mkdir -p $$crate/fuzz/corpus/$$name
	    echo "$$crate, $$name:"
	    (cd $$crate && rustup run nightly cargo fuzz run $$how $$name fuzz/corpus/$$name fuzz/$$seeds -- -runs=$(FUZZ_RUNS) -max_total_time=$(FUZZ_SECONDS) -max_len=8192) 2> $(FUZZ_LOG) || { tail -n 40 $(FUZZ_LOG); exit 1; }
	    tail -n 1 $(FUZZ_LOG)
	done

week: ## the week of docs/week.md played anew, and the pages written from what the terminal showed
	@WEEK_PAGES=write $(CARGO) test --locked -p waha-campaign --test week

newcomer: dist ## the operators' page, followed to the letter with that archive and a simulator
	@$(CARGO) build --locked --profile $(PROFILE) -p waha-simulator
	folder=$${CARGO_TARGET_DIR:-target}/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
	adapters/cli/dist/newcomer.sh target/dist $$folder/waha-simulator adapters/cli/docs/operators.md
