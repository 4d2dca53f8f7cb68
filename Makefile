# Works with GNU make 3.81, which macOS ships. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# One set of flags for builds, tests and checks, so that they share Go's cache:
# static programs without the paths of the machine that built them.
export CGO_ENABLED := 0
export GOFLAGS := $(strip $(filter-out -trimpath -buildvcs=false,$(GOFLAGS)) -trimpath -buildvcs=false)
BUILD := go build -ldflags
# Packages whose tests run: ./... or some of them, as in make test PKG=./api
PKG ?= ./...
# Measurements that run: all, or those whose names begin so.
BENCH ?= Test

WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/tsconfig.json 2>/dev/null)
TEMPORAL_SOURCES := $(wildcard deploy/temporal-dev/*.go) deploy/temporal-dev/go.mod deploy/temporal-dev/go.sum
TOOLS := bin/tools/golangci-lint bin/tools/gotestsum bin/tools/workflowcheck
CHECKRULES_SOURCES := $(wildcard tools/checkrules/*.go) tools/checkrules/go.mod tools/checkrules/go.sum

.PHONY: help up down build test check chaos export-chaos bench bench-web record fmt gen screenshots setup setup-test toolchain web temporal-dev FORCE \
	check-tidy check-vet check-lint check-workflows check-web check-generated check-scripts check-rules test-web test-browser test-temporal-dev test-go

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

up: setup build ## Run everything on this machine until Ctrl-C (ARGS="--data DIR …" for its options)
	@exec bin/datamind up $(ARGS)

down: ## Stop what 'make up' runs, or what a crash left over (ARGS="--data DIR")
	@if [ -x bin/datamind ]; then exec bin/datamind down $(ARGS); else echo "DataMind is not built here, so it does not run."; fi

build: bin/datamind temporal-dev ## Build bin/datamind with the web page, and bin/temporal-dev

test: setup-test build bin/tools/gotestsum ## Run all tests (PKG=./api for some of the Go tests only)
	@$(MAKE) test-web test-browser test-temporal-dev
	@$(MAKE) test-go

check: toolchain check-scripts check-tidy check-vet check-lint check-workflows check-rules check-web check-generated ## Run every static check that CI runs

chaos: setup build ## Make every fault 20 times and write docs/reliability.md (SEED=7 REPS=5 FAULT=TestDeploy)
	@go test -count=1 -timeout 150m ./e2e/chaos -run '^$(FAULT)' -full -write $(CURDIR)/docs/reliability.md -seed $(or $(SEED),$(shell date +%s)) -reps $(or $(REPS),0)

export-chaos: setup build ## Kill the workers of a 5,000,000 row export 20 times (SEED=7)
	@go test -count=1 -v -timeout 60m ./e2e -run '^TestKilledWhileExporting$$' -export-rows 5000000 -export-kills 20 -export-seed $(or $(SEED),7)

bench: setup build ## Measure whole processes and write the tables to docs/benchmarks.md (BENCH=TestOverhead for one)
	@go test -count=1 -v -timeout 30m ./bench -run '^$(BENCH)' -full -write

bench-web: setup-test build ## Measure the page in a slowed-down browser and write its table to docs/benchmarks.md
	@cd web && npm run --silent bench

record: setup build ## Record the workflows' histories that TestReplay replays (see docs/workflows.md)
	@go test -count=1 ./e2e -run '^TestRecordHistories$$' -record "$(VERSION)"

fmt: bin/tools/golangci-lint ## Format the Go code
	@bin/tools/golangci-lint fmt

gen: bin/datamind ## Write what is generated: the OpenAPI document and the page's types
	@scripts/generated write

screenshots: setup-test build ## Take the README's picture, and one of each page into e2e/screenshots
	@mkdir -p docs/images && cd web && npm run --silent screenshots

# --- set-up -----------------------------------------------------------------

setup: ; @scripts/setup postgres
setup-test: ; @scripts/setup postgres chromium
toolchain: ; @scripts/setup toolchain

# --- building ---------------------------------------------------------------

bin/datamind: toolchain web FORCE # what changed is for Go's cache to know
	@$(BUILD) "-s -w -X main.version=$(VERSION)" -o bin/datamind ./cmd/datamind

temporal-dev: toolchain bin/temporal-dev

bin/temporal-dev: $(TEMPORAL_SOURCES)
	@echo "Building the Temporal server (once; some minutes on two cores)…"
	@cd deploy/temporal-dev && $(BUILD) "-s -w" -o ../../$@ . && touch ../../$@

web: toolchain web/dist/app/index.html

web/node_modules/.installed: web/package.json web/package-lock.json
	@echo "Installing the web page's packages…"
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@# A package there has Go code, which ./... would take for ours.
	@echo "module node_modules" > web/node_modules/go.mod && touch $@

web/dist/app/index.html: web/node_modules/.installed $(WEB_SOURCES)
	@echo "Building the web page…"
	@cd web && npm run --silent build -- --logLevel warn && touch dist/app/index.html

bin/tools/golangci-lint: PACKAGE = github.com/golangci/golangci-lint/v2/cmd/golangci-lint
bin/tools/gotestsum: PACKAGE = gotest.tools/gotestsum
bin/tools/workflowcheck: PACKAGE = go.temporal.io/sdk/contrib/tools/workflowcheck
$(TOOLS): tools/go.mod tools/go.sum
	@cd tools && $(BUILD) "-s -w" -o ../$@ $(PACKAGE) && touch ../$@

bin/tools/checkrules: $(CHECKRULES_SOURCES)
	@cd tools/checkrules && $(BUILD) "-s -w" -o ../../$@ . && touch ../../$@

# --- tests ------------------------------------------------------------------

test-web: web/node_modules/.installed
	@cd web && npm run --silent test

# Journeys in the system's Chromium, on a server of their own.
test-browser: build
	@cd web && npm run --silent test:browser

test-temporal-dev:
	@cd deploy/temporal-dev && go vet ./... && go test ./...

# Last, because the closing line of this runner is the one that counts the tests.
test-go: bin/tools/gotestsum
	@bin/tools/gotestsum --format pkgname-and-test-fails --format-hide-empty-pkg --hide-summary skipped -- $(PKG)

# --- checks -----------------------------------------------------------------

check-scripts:
	@for script in .ci/run scripts/*; do bash -n "$$script" || exit 1; done

check-tidy:
	@for dir in . deploy/temporal-dev tools tools/checkrules; do (cd $$dir && go mod tidy -diff) || { echo "$$dir/go.mod is not tidy: run 'go mod tidy' there"; exit 1; }; done

check-vet:
	@go vet ./...

check-lint: bin/tools/golangci-lint
	@bin/tools/golangci-lint run --allow-serial-runners

check-workflows: bin/tools/workflowcheck
	@bin/tools/workflowcheck ./workflows/...

# With Prometheus' own parsers; that the metrics exist is for e2e to test.
check-rules: bin/tools/checkrules
	@bin/tools/checkrules deploy/prometheus/alerts.yml deploy/grafana/datamind.json

check-web: web
	@cd web && npm run --silent typecheck && npm run --silent lint -- --max-warnings 0

check-generated: bin/datamind
	@scripts/generated check
