# The short way to what the scripts do; they hold the logic and take --help.
#
# make turns every failure into its own exit code 2: where qgemm's matters, run build/bin/qgemm itself.
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
.PHONY: help bench build test install style format tidy clean

help:
	@echo 'make bench ARGS="…"  build, then run `qgemm bench` with these arguments (none: the default sweep)'
	@echo 'make build           install what is missing, build the program: build/bin/qgemm'
	@echo 'make test            build everything, run the tests'
	@echo 'make install         build and install below PREFIX (/usr/local)'
	@echo 'make style           check format, includes and layers;  make format  applies the format'
	@echo 'make tidy            clang-tidy over the sources (minutes)'
	@echo 'make clean           remove build/ and the other presets'\'' folders'

bench: build
	@build/bin/qgemm bench $(ARGS)

build:
	@scripts/setup
	@scripts/build

test:
	@scripts/setup --with-tests
	@scripts/test

install:
	@scripts/setup
	@scripts/build --library
	@cmake --install build --prefix "$(or $(PREFIX),/usr/local)"

style:
	@scripts/style

format:
	@scripts/style --fix

tidy:
	@scripts/tidy

clean:
	rm -rf build build-dev build-cpu-only build-cuda build-asan build-ci build-fuzz
