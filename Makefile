# `make` installs the locked dependencies and builds; npm scripts of the same names do the same.
.PHONY: all build run test grade bench clean

all: build

# npm writes this file last, so it is older than the lock only when an install is due.
node_modules/.package-lock.json: package-lock.json
	npm ci --include=dev --no-progress
	@touch $@

build: node_modules/.package-lock.json
	@npm run --silent build

# A coordinator and three participants from conf/ in this terminal, until Ctrl-C.
run: build
	@node scripts/run.mjs

test: node_modules/.package-lock.json
	@npm run --silent test

# The ten grading items; `DIR=/some/folder make grade` grades the program in that folder.
grade: build
	@npm run --silent grade

# `ARGS=--quick make bench` passes words on.
bench: build
	@npm run --silent bench -- $(ARGS)

clean:
	rm -rf dist .build coverage
