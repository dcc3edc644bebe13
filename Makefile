# make help lists the targets.
.PHONY: help build test bench check ptx cuda proof

help:
	@echo 'make build   the command, as build/chainrule'
	@echo 'make test    every test'
	@echo 'make bench   benchmarks; writes bench/RESULTS.md'
	@echo 'make check   what CI checks'
	@echo 'make ptx     the CUDA kernels: PTX from their sources'
	@echo 'make proof   what the tests compare, counted anew; writes device/devicetest/PROOF.md'
	@echo 'make cuda    the command with its CUDA backend through cgo, as build/chainrule-cuda (says what is missing)'

build:
	CGO_ENABLED=0 go build -o build/chainrule ./cmd/chainrule

test:
	go test ./...

bench:
	go run ./bench/report

check:
	.ci/run

proof:
	CHAINRULE_UPDATE=1 go test -count 1 -p 1 -run 'TestDevice$$' ./cpu ./device/cuda
	go build -o build/amxsim ./cpu/amxsim
	CHAINRULE_UPDATE=1 go test -count 1 -tags amxsim -exec $(CURDIR)/build/amxsim -run 'TestDevice/amx' ./cpu

ptx:
	kernels/build

cuda:
	device/cuda/driver/cu/build -o build/chainrule-cuda ./cmd/chainrule
