# Two commands to begin with: `make demo`, `make test`. Everything they need beside Rust is started by them.

CARGO ?= cargo
# Where cargo builds: CARGO_TARGET_DIR, a setting in cargo's own configuration, or ./target.
TARGET = $(shell $(CARGO) metadata --format-version 1 --no-deps --offline 2>/dev/null | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
STACK = $(or $(TARGET),target)/debug/broadside-stack
RELEASED_STACK = $(or $(TARGET),target)/release/broadside-stack

.DEFAULT_GOAL := help
.PHONY: help demo run test trials bench lint deny advisories openapi openapi-check migrate migrate-down providers-check clean-state

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Settings come from the environment and .env (see .env.example):"
	@echo "  PORT=8000  STATE_DIR=.local  WORKERS=2  WORKER_CONCURRENCY=256  OPENAI_API_KEY=..."

demo: ## a sample batch from submit to pictures, with simulated providers; leaves nothing running
	$(CARGO) build --locked --workspace --bins
	@$(STACK) demo

run: ## the whole stack in the foreground until Ctrl-C
	$(CARGO) build --locked --release --workspace --bins
	@$(RELEASED_STACK) run

test: ## every test, against a Postgres and a Redis of their own
	$(CARGO) build --locked --workspace --bin broadside-stack
	@$(STACK) test -- $(CARGO) test --locked --workspace $(TESTS)

trials: ## what the workers promise, shown against providers that enforce their limits; TRIALS="limits --quick"
	$(CARGO) build --locked --release --workspace --bins
	@$(RELEASED_STACK) test -- $(dir $(RELEASED_STACK))broadside-trials $(or $(TRIALS),all)

bench: ## what the gateway costs for each call, and posts a second at 1, 2 and 4 workers
	$(CARGO) build --locked --release --workspace --bins
	@$(RELEASED_STACK) test -- $(dir $(RELEASED_STACK))broadside-trials $(or $(TRIALS),bench)

lint: ## formatting and clippy, warnings as errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

deny: ## the dependency policy of deny.toml: licences, banned crates, sources (needs cargo-deny)
	$(CARGO) deny --offline check bans licenses sources

advisories: ## config/advisories.toml anew; ADVISORY_DB names a clone of github.com/rustsec/advisory-db
	ADVISORY_DB=$(abspath $(ADVISORY_DB)) $(CARGO) test --locked -p stack --test advisories anew -- --ignored

openapi: ## writes api/openapi.json from the code
	$(CARGO) build --locked --workspace --bin broadside-api
	@$(dir $(STACK))broadside-api openapi > api/openapi.json.new && mv api/openapi.json.new api/openapi.json

openapi-check: ## fails when api/openapi.json does not match the code
	$(CARGO) build --locked --workspace --bin broadside-api
	@$(dir $(STACK))broadside-api openapi | diff -u api/openapi.json - \
		|| { echo "api/openapi.json is out of date: run 'make openapi' and look at the difference"; exit 1; }

migrate: ## brings the database of DATABASE_URL up to date
	$(CARGO) build --locked --workspace --bin broadside-api
	@$(dir $(STACK))broadside-api migrate

migrate-down: ## takes the last migration back
	$(CARGO) build --locked --workspace --bin broadside-api
	@$(dir $(STACK))broadside-api migrate-down

providers-check: ## asks every configured key for its models; says what cannot be used; costs nothing
	$(CARGO) build --locked --workspace --bin broadside-worker
	@$(dir $(STACK))broadside-worker providers check

clean-state: ## removes the state folder's content: data, pictures, logs, secrets
	$(CARGO) build --locked --workspace --bin broadside-stack
	@$(STACK) clean
