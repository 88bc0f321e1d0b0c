# Everything a newcomer needs: `make run` shows the engine at work, `make test` proves it. Both install what the
# machine lacks (tools/setup says what it does) and need nothing beforehand but git and make.
#
#   make run                     build the release engine, run the examples, print what they print
#   make build                   build/release/trapeze
#   make test [ONLY=a,b]         build release and dev (ASan + UBSan, warnings are errors), run the suites in both
#   make test ONLY=exceptions    one suite;  BUILD=release  one build;  make suites  lists them
#   make tsan                    the rooms that threads share, under TSan
#   make bless ONLY=filetests    rewrite golden files from what the engine prints now; review the diff
#   make fuzz SECONDS=600        mutate text and binaries against the sanitized build
#   make bench [ROUNDS=9]        throws, programs and compile time beside other engines -> bench/RESULTS.md, results.svg
#   make format                  clang-format over the sources
#   make clean                   remove build/

SHELL := /bin/bash
ONLY ?=
BUILD ?=
STRICT ?=
SECONDS_DEFAULT := 60
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
SETUP ?= tools/setup

# Used where installed, never required.
CCACHE := $(shell command -v ccache 2>/dev/null)
LAUNCHER := $(if $(CCACHE),-DCMAKE_C_COMPILER_LAUNCHER=$(CCACHE) -DCMAKE_CXX_COMPILER_LAUNCHER=$(CCACHE))

.PHONY: run build test suites tsan bless fuzz bench format clean setup-run setup-test

run: build
	@examples/run build/release/trapeze

build: setup-run
	@cmake --preset release $(LAUNCHER) >build/cmake-release.log 2>&1 || { cat build/cmake-release.log; exit 1; }
	@cmake --build --preset release --parallel $(JOBS) --target trapeze_cli trapeze_run

test: setup-test
	@python3 tests/run.py --build-first --jobs $(JOBS) $(if $(ONLY),--only '$(ONLY)') $(if $(BUILD),--builds $(BUILD)) \
	  $(if $(STRICT),--strict)

suites:
	@python3 tests/run.py --list

tsan: setup-test
	@python3 tests/run.py --build-first --jobs $(JOBS) --builds tsan

bless: setup-test
	@python3 tests/run.py --build-first --jobs $(JOBS) --builds release --bless --only '$(or $(ONLY),filetests)'

fuzz: setup-test
	@python3 tests/run.py --fuzz $(if $(filter-out environment,$(origin SECONDS)),$(or $(SECONDS),$(SECONDS_DEFAULT)),$(SECONDS_DEFAULT)) --jobs $(JOBS)

bench: build
	@cmake --build --preset release --parallel $(JOBS) --target bench_scale bench_program bench_startup bench_artifact
	@python3 bench/run --install --write bench/RESULTS.md --picture bench/results.svg $(if $(ROUNDS),--rounds $(ROUNDS))

format:
	@python3 tools/format.py --write

clean:
	rm -rf build

setup-run:
	@mkdir -p build && $(SETUP) run

setup-test:
	@mkdir -p build && $(SETUP) test
