package drivertest

import (
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver"
)

// TestLibrary runs what an implementation that calls the driver's library must do
// besides Test: CUDA ties a context to a thread, and Go does not.
func TestLibrary(t *testing.T, open func(testing.TB) driver.Driver) {
	for _, c := range []struct {
		name string
		test func(*testing.T, driver.Driver)
	}{
		{"Threads", testThreads},
		{"AtOnce", testAtOnce},
		{"Allocations", testAllocations},
		{"Closed", testClosed},
		{"Parameters", testParameters},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// nothing is parameters of saxpy with n = 0.
func nothing() []byte { return saxpy(0, 0, 0, 0) }

// A context works on a thread that never saw it.
func testThreads(t *testing.T, d driver.Driver) {
	s := start(t, d)
	f := s.kernel("saxpy")
	for range 10 {
		done := make(chan error)
		go func() {
			runtime.LockOSThread() // to the end of the goroutine, and of the thread
			done <- s.Launch(f, driver.Config{}, nothing())
		}()
		require.NoError(t, <-done)
	}
}

// Contexts work at the same time.
func testAtOnce(t *testing.T, d driver.Driver) {
	var running sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		s := start(t, d)
		f := s.kernel("saxpy")
		running.Go(func() {
			for range 100 {
				errs[i] = errors.Join(errs[i], s.Launch(f, driver.Config{}, nothing()))
			}
		})
	}
	running.Wait()
	require.NoError(t, errors.Join(errs...))
}

// What a step does over and over allocates nothing in Go.
func testAllocations(t *testing.T, d driver.Driver) {
	s := start(t, d)
	f, st, e, params := s.kernel("saxpy"), s.stream(), s.event(false), nothing()
	p, host := s.device(0), s.pinned(4)
	for name, call := range map[string]func() error{
		"Launch":   func() error { return s.Launch(f, driver.Config{Stream: st}, params) },
		"Fill":     func() error { return s.Fill(p, 1, 1, st) },
		"Upload":   func() error { return s.Upload(p, host, st) },
		"Download": func() error { return s.Download(host, p, st) },
		"Record":   func() error { return s.Record(e, st) },
		"Wait":     func() error { return s.Wait(st, e) },
		"Sync":     func() error { return s.Sync(st) },
	} {
		require.NoError(t, call())
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if err := call(); err != nil {
				t.Error(err)
			}
		}), name)
	}
}

func testClosed(t *testing.T, d driver.Driver) {
	c, err := d.Open(0)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	requireCode(t, c.Close(), driver.InvalidContext)
	_, err = c.Alloc(1)
	requireCode(t, err, driver.InvalidContext)
	requireCode(t, c.Launch(0, driver.Config{}, nil), driver.InvalidContext)
}

func testParameters(t *testing.T, d driver.Driver) {
	s := start(t, d)
	f := s.kernel("saxpy")
	requireCode(t, s.Launch(f, driver.Config{}, make([]byte, 1<<20)), driver.InvalidValue)
}

// BenchmarkLaunch measures a launch, the driver's part included.
func BenchmarkLaunch(b *testing.B, d driver.Driver) {
	s := start(b, d)
	f, params := s.kernel("saxpy"), nothing()
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Launch(f, driver.Config{}, params); err != nil {
			b.Fatal(err)
		}
	}
}
