package cpu

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newTestPool(t *testing.T, workers int) *pool {
	p := newPool(workers)
	t.Cleanup(p.close)
	return p
}

func TestPoolRunsEachTaskOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 8} {
		p := newTestPool(t, workers)
		for _, n := range []int{0, 1, 2, 7, 1000} {
			runs := make([]atomic.Int32, n)
			p.each(n, func(i, worker int) {
				runs[i].Add(1)
				if worker < 0 || worker >= workers {
					panic("no such worker")
				}
			})
			for i := range runs {
				require.EqualValues(t, 1, runs[i].Load())
			}
		}
	}
}

// What tasks write is seen by the caller and by the next round's tasks.
func TestPoolOrdersRounds(t *testing.T) {
	p := newTestPool(t, 4)
	v := make([]int, 64)
	for range 2000 {
		p.each(len(v), func(i, _ int) { v[i]++ })
	}
	for _, n := range v {
		require.Equal(t, 2000, n)
	}
}

func TestPoolWakesFromSleep(t *testing.T) {
	p := newTestPool(t, 3)
	var sum atomic.Int64
	for range 3 {
		time.Sleep(5 * time.Millisecond) // long enough for the workers to fall asleep
		p.each(100, func(i, _ int) { sum.Add(int64(i)) })
	}
	require.EqualValues(t, 3*4950, sum.Load())
}

func TestPoolAllocatesNothing(t *testing.T) {
	p := newTestPool(t, 2)
	task := func(int, int) {}
	require.Zero(t, testing.AllocsPerRun(100, func() { p.each(8, task) }))
}

// A panic of any task reaches the caller, and the pool goes on.
func TestPoolPanic(t *testing.T) {
	for _, workers := range []int{1, 2, 4} {
		p := newTestPool(t, workers)
		for bad := range 4 {
			require.Panics(t, func() {
				p.each(4, func(i, _ int) {
					if i == bad {
						panic("bad task")
					}
				})
			})
		}
		var runs atomic.Int32
		p.each(10, func(int, int) { runs.Add(1) })
		require.EqualValues(t, 10, runs.Load())
	}
}

func TestPoolCloses(t *testing.T) {
	before := runtime.NumGoroutine()
	p := newPool(4)
	require.Equal(t, before+3, runtime.NumGoroutine())
	p.close()
	for range 1000 {
		if runtime.NumGoroutine() == before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	require.Fail(t, "workers are still there")
}

func BenchmarkPool(b *testing.B) {
	p := newPool(2)
	defer p.close()
	task := func(int, int) {}
	for b.Loop() {
		p.each(2, task)
	}
}

// A worker takes its own share from the front, others take from the back.
func TestShare(t *testing.T) {
	var s share
	s.set(3, 6)
	for _, want := range []struct {
		take func() (int, bool)
		task int
	}{{s.first, 3}, {s.last, 5}, {s.first, 4}} {
		task, ok := want.take()
		require.True(t, ok)
		require.Equal(t, want.task, task)
	}
	for _, take := range []func() (int, bool){s.first, s.last} {
		_, ok := take()
		require.False(t, ok)
	}
}
