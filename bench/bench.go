// Package bench measures Chainrule: each operation, and whole training steps,
// on every device of this machine, beside gonum and gorgonia.org/tensor.
//
//	go test -bench . ./bench           // all
//	go test -bench 'MatMul/1024' ./bench
//	go run ./bench/report              // runs all and writes bench/RESULTS.md
//	go run ./bench/kernels             // counts what the CUDA kernels do: bench/KERNELS.md
//	bench/gpu.sh                       // all proofs and benchmarks on a GPU, without Go
//	bench/compare.sh                   // measures beside PyTorch, where a Python has it
//
// A benchmark is named Benchmark<Op>/<case>/<device>; case-bfloat16 is case in
// BFloat16, case-direct a convolution by its definition. Its metrics come from
// what the device says of its own calls, so they need no formula here:
//
//	GFLOP/s          floating-point operations of the formulas, padding counted
//	GB/s             bytes of every destination and source
//	%peak            on a GPU: share of the least time that its properties allow
//	allocs/op        allocations of Go memory
//	device-allocs/op blocks of device memory taken from the system
package bench
