# SPDX-License-Identifier: Apache-2.0
#
# The short way to everything; `make` alone lists the targets. The real build is CMake's (CMakePresets.json).

PREFIX ?= $(HOME)/.local
TIME ?= 60
JOBS ?= $(shell nproc)
CTEST = ctest --output-on-failure --parallel $(JOBS)

.DEFAULT_GOAL := help
.PHONY: help setup setup-test build demo test check bench bench-layers asan fuzz install format clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1#\2/p' $(MAKEFILE_LIST) | awk -F'#' '{ printf "%-16s %s\n", $$1, $$2 }'

setup: ## install what building needs: apt packages and .venv
	@tools/setup.sh build

setup-test: ## install what testing needs, too
	@tools/setup.sh test

build: setup ## build the optimised libraries, the command and the Python module
	@tools/build.sh release

demo: ## classify handwritten digits with a trained LeNet5 and a layer of your own
	@tools/setup.sh demo
	@tools/build.sh release tenon_cli tenon_runtime_shared
	@examples/lenet5/demo.sh

test: setup-test ## build everything and run all tests
	@tools/build.sh dev
	@cd build/dev && $(CTEST)
	@.venv/bin/python -m pytest

check: setup-test ## run all checks: format, lint, structure, documentation
	@tools/build.sh dev
	@tools/checks/all.sh

bench: build ## compare the speed with other engines (installs them apart from .venv)
	@bench/run.sh
	@bench/layers/run.sh

bench-layers: build ## the same for layers of your own only
	@bench/layers/run.sh

asan: setup-test ## run the C++ tests under AddressSanitizer and UBSan
	@tools/build.sh asan
	@cd build/asan && ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 $(CTEST)

fuzz: setup-test ## fuzz every target for TIME=60 seconds each
	@tools/fuzz.sh $(TIME)

install: build ## install under PREFIX=~/.local
	@cmake --install build/release --prefix $(PREFIX)

format: setup-test ## format all sources in place
	@tools/checks/format.sh --fix

clean: ## remove what was built; .venv stays
	rm -rf build
