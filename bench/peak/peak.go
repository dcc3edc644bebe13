// Package peak finds out what a machine can do at most: multiplications and
// additions in a second, and bytes to and from memory.
package peak

import "sync"

// FMA runs rounds of independent fused multiply-adds on Float32 vectors in
// registers, on each of n cores at once, and returns the floating-point
// operations done: two for each element. It returns 0 where package peak has
// no loop for this processor.
func FMA(n, rounds int) int64 {
	loop, flops := fmaLoop()
	return run(n, rounds, loop, flops)
}

// Dot is FMA on vectors of pairs of BFloat16 with sums in Float32: four
// operations for each sum.
func Dot(n, rounds int) int64 {
	loop, flops := dotLoop()
	return run(n, rounds, loop, flops)
}

func run(n, rounds int, loop func(rounds int), flops int64) int64 {
	if loop == nil {
		return 0
	}
	onCores(n, func(int) { loop(rounds) })
	return int64(n) * int64(rounds) * flops
}

// Copy sets dst = src on n cores and returns the bytes moved: those read and
// those written. Both have one length.
func Copy(n int, dst, src []float32) int64 {
	onCores(n, func(core int) {
		lo, hi := share(len(dst), core, n)
		copy(dst[lo:hi], src[lo:hi])
	})
	return 2 * 4 * int64(len(dst))
}

// Triad sets dst = a + s b on n cores and returns the bytes moved. All have one
// length. McCalpin 1995, "STREAM".
func Triad(n int, dst, a, b []float32, s float32) int64 {
	onCores(n, func(core int) {
		lo, hi := share(len(dst), core, n)
		triad(dst[lo:hi], a[lo:hi], b[lo:hi], s)
	})
	return 3 * 4 * int64(len(dst))
}

func triad(dst, a, b []float32, s float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + s*b[i]
	}
}

// share is the part of n elements that a core of several works on.
func share(n, core, cores int) (lo, hi int) { return n * core / cores, n * (core + 1) / cores }

func onCores(n int, f func(core int)) {
	var wg sync.WaitGroup
	for core := range n {
		wg.Go(func() { f(core) })
	}
	wg.Wait()
}
