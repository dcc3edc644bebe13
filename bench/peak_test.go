package bench

import (
	"math"
	"runtime"
	"testing"
	"time"

	"example.org/chainrule/bench/peak"
)

// BenchmarkPeak finds the most multiplications and additions of the cpu device
// on Float32.
func BenchmarkPeak(b *testing.B) { peakOf(b, peak.FMA) }

// BenchmarkPeakBFloat16 finds the same for the processor's instruction on pairs
// of BFloat16.
func BenchmarkPeakBFloat16(b *testing.B) { peakOf(b, peak.Dot) }

func peakOf(b *testing.B, loop func(cores, rounds int) int64) {
	const rounds = 1_000_000
	on := func(b *testing.B, cores int) {
		if loop(cores, 1) == 0 {
			b.Skip("package peak has no loop for this processor")
		}
		fastest(b, func() work { return work{flops: loop(cores, rounds)} })
	}
	b.Run("one-core/cpu", func(b *testing.B) { on(b, 1) })
	b.Run("all-cores/cpu", func(b *testing.B) { on(b, runtime.GOMAXPROCS(0)) })
}

// BenchmarkBandwidth finds the most bytes to and from the cpu device's memory,
// by arrays of 128 MiB, larger than caches.
func BenchmarkBandwidth(b *testing.B) {
	const n = 32 << 20
	cores := runtime.GOMAXPROCS(0)
	x, y, z := normals(n), normals(n), normals(n)
	b.Run("copy/cpu", func(b *testing.B) {
		fastest(b, func() work { return work{bytes: peak.Copy(cores, y, x)} })
	})
	b.Run("triad/cpu", func(b *testing.B) {
		fastest(b, func() work { return work{bytes: peak.Triad(cores, z, x, y, 3)} })
	})
}

// fastest reports the rates of f's fastest run: what a machine can do shows
// where nothing disturbs it.
func fastest(b *testing.B, f func() work) {
	var w work
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		start := time.Now()
		w = f()
		best = min(best, time.Since(start))
	}
	w.report(b, float64(best.Nanoseconds()))
}
