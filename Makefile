# What one does with this tree. `make` alone lists it. CARGO_TARGET_DIR, CARGO and RUSTFLAGS are honoured.
.NOTPARALLEL:
.PHONY: help build demo run test soak bench live-deps lint format clippy rustdoc deny

CARGO ?= cargo
CHECK := @scripts/check-tools

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "make %-10s %s\n", $$1, $$2}'

build: ## the release binary, with the shipped SMTs inside
	$(CHECK)
	$(CARGO) build --release --locked

# Without --release: it shares what it builds with the tests, and takes a fraction of the time.
demo: ## both workloads of connectors.yaml in under a minute, on a broker inside the process; nothing else is needed
	$(CHECK)
	@echo "building transom and its libraries (wasmtime, librdkafka, OpenSSL, SQLite), unoptimised: minutes the first time, then seconds"
	$(CARGO) build --locked --package transom
	@"$${CARGO_TARGET_DIR:-target}/debug/transom" demo --dir "$${CARGO_TARGET_DIR:-target}/demo"

run: ## connectors.yaml with a broker inside the process, until Ctrl-C; state in .transom
	$(CHECK)
	$(CARGO) build --locked --package transom
	@"$${CARGO_TARGET_DIR:-target}/debug/transom" dev

test: ## every test that this machine can run; what it cannot is listed at the end
	$(CHECK)
	@scripts/run-tests

soak: ## the same tests with the whole counts: ten times the random cases
	$(CHECK)
	@TRANSOM_SOAK=1 PROPTEST_CASES=2560 scripts/run-tests

bench: ## measure kernels, chains and the record path; ratios to a bound in the same run
	$(CHECK)
	$(CARGO) bench --workspace --locked --bench '*'

live-deps: ## fetch what live suites need: Apache Kafka and its transforms from Maven, clients in Python
	$(CHECK) oracle
	@scripts/live-deps

lint: format clippy rustdoc deny ## formatting, clippy, rustdoc, licences; warnings are errors

format:
	$(CHECK) lint
	$(CARGO) fmt --all --check

clippy:
	$(CHECK) lint
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

rustdoc:
	$(CHECK)
	RUSTDOCFLAGS="$$RUSTDOCFLAGS -D warnings" $(CARGO) doc --workspace --no-deps --locked

deny:
	$(CHECK)
	@scripts/check-licences
