# make help lists the targets.
.PHONY: help build test bench check ptx cuda

help:
	@echo 'make build   the command, as build/chainrule'
	@echo 'make test    every test'
	@echo 'make bench   benchmarks; writes bench/RESULTS.md'
	@echo 'make check   what CI checks'
	@echo 'make ptx     the CUDA kernels: PTX from their sources'
	@echo 'make cuda    the command with its CUDA backend (says what is missing)'

build:
	CGO_ENABLED=0 go build -o build/chainrule ./cmd/chainrule

test:
	go test ./...

bench:
	go run ./bench/report

check:
	.ci/run

ptx:
	kernels/build

cuda:
	@echo 'make cuda: this version has no CUDA kernels yet, only the CPU backend (package cpu): there is nothing to build' >&2; exit 1
