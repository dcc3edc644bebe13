package sim_test

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/drivertest"
	"example.org/chainrule/device/cuda/driver/sim"
)

// requireCode asserts that an error is the driver's, with that code.
func requireCode(t testing.TB, err error, code driver.Code) {
	t.Helper()
	var e *driver.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, "%v", err)
}

// Close tells what was left behind, and a closed context does nothing.
func TestLeaks(t *testing.T) {
	c, err := sim.New(sim.Options{}).Open(0)
	require.NoError(t, err)
	_, err = c.Alloc(100)
	require.NoError(t, err)
	_, err = c.NewStream()
	require.NoError(t, err)
	err = c.Close()
	require.ErrorContains(t, err, "not released: allocations of 100 bytes together: 1, streams: 1")
	_, err = c.Alloc(100)
	requireCode(t, err, driver.InvalidContext)
	requireCode(t, c.Close(), driver.InvalidContext)
}

// The n-th call fails, whichever it is, and names itself; the others do not.
func TestFailCall(t *testing.T) {
	d := sim.New(sim.Options{})
	for n := 1; ; n++ {
		d.FailCall(n)
		err := useDriver(d)
		if err == nil {
			require.Greater(t, n, 15)
			return
		}
		require.ErrorContains(t, err, "made to fail", "call %d", n)
	}
}

// useDriver makes a call of each kind and returns the first error.
func useDriver(d driver.Driver) error {
	var first error
	keep := func(err error) bool {
		if first == nil {
			first = err
		}
		return err == nil
	}
	c, err := d.Open(0)
	if !keep(err) {
		return err
	}
	p, err := c.Alloc(64)
	keep(err)
	host, err := c.AllocHost(64)
	keep(err)
	s, err := c.NewStream()
	keep(err)
	e, err := c.NewEvent(false)
	keep(err)
	m, err := c.Load(drivertest.PTX)
	keep(err)
	if first == nil {
		f, err := c.Kernel(m, "reverse")
		keep(err)
		keep(c.BeginCapture(s))
		keep(c.Upload(p, host, s))
		if err == nil {
			keep(c.Launch(f, driver.Config{Shared: 4, Stream: s}, binary.LittleEndian.AppendUint64(nil, uint64(p))))
		}
		if g, err := c.EndCapture(s); keep(err) {
			keep(c.LaunchGraph(g, s))
			keep(c.CloseGraph(g))
		}
		keep(c.Record(e, s))
		keep(c.Sync(s))
	}
	for _, release := range []func() error{
		func() error { return c.Unload(m) }, func() error { return c.CloseEvent(e) }, func() error { return c.CloseStream(s) },
		func() error { return c.FreeHost(host) }, func() error { return c.Free(p) }, c.Close,
	} {
		keep(release())
	}
	return first
}

// What CUDA lets pass until it hurts is refused at once.
func TestMisuse(t *testing.T) {
	b := newBench(t, sim.Options{}, "faults.ptx")
	p := b.words(4, 1, 2, 3, 4)
	requireCode(t, b.Upload(p, make([]byte, 16), 0), driver.InvalidValue) // not page-locked
	host, err := b.AllocHost(32)
	require.NoError(t, err)
	requireCode(t, b.Upload(p, host, 0), driver.InvalidValue) // beyond the allocation
	requireCode(t, b.Download(host[:4], p+13, 0), driver.InvalidValue)
	requireCode(t, b.Fill(p+2, 0, 1, 0), driver.InvalidValue)
	requireCode(t, b.Free(p+4), driver.InvalidValue)
	require.NoError(t, b.Free(p))
	requireCode(t, b.Free(p), driver.InvalidValue)
	requireCode(t, b.Sync(99), driver.InvalidHandle)
	requireCode(t, b.CloseEvent(99), driver.InvalidHandle)
	requireCode(t, b.launch("bounds", 1, 32, p, p), driver.InvalidValue) // a parameter is missing
	_, err = b.EndCapture(0)
	requireCode(t, err, driver.InvalidValue)
	requireCode(t, b.BeginCapture(0), driver.CaptureUnsupported)
	s, err := b.NewStream()
	require.NoError(t, err)
	require.NoError(t, b.BeginCapture(s))
	requireCode(t, b.Sync(s), driver.CaptureUnsupported)
}

// A graph that runs a kernel on freed memory faults like a launch.
func TestGraphFault(t *testing.T) {
	b := newBench(t, sim.Options{}, "traffic.ptx")
	x, y := b.words(32, floats(32)...), b.words(32)
	s, err := b.NewStream()
	require.NoError(t, err)
	f, err := b.Kernel(b.module, "coalesced")
	require.NoError(t, err)
	params := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(y)), uint64(x))
	require.NoError(t, b.BeginCapture(s))
	require.NoError(t, b.Launch(f, driver.Config{Block: [3]int{32}, Stream: s}, params))
	g, err := b.EndCapture(s)
	require.NoError(t, err)
	require.NoError(t, b.LaunchGraph(g, s))
	require.Equal(t, floats(32), b.read(y, 32))
	require.NoError(t, b.Free(x))
	var fault *sim.Fault
	require.ErrorAs(t, b.LaunchGraph(g, s), &fault)
	require.Equal(t, sim.UseAfterFree, fault.Kind)
}

// Copies carry along what was never written.
func TestCopyUnwritten(t *testing.T) {
	b := newBench(t, sim.Options{}, "traffic.ptx")
	x, y := b.words(64), b.words(64)
	require.NoError(t, b.Fill(x, 0, 32, 0))
	require.NoError(t, b.Copy(y, x, 256, 0))
	require.NoError(t, b.launch("coalesced", 1, 32, y, y))
	err := b.launch("coalesced", 1, 32, y, y+4)
	var fault *sim.Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, sim.Uninitialized, fault.Kind)
	require.Equal(t, [3]int{31}, fault.Thread)
}

// BenchmarkLaunch is the cost of a small launch, all checks on.
func BenchmarkLaunch(b *testing.B) {
	s := newBench(b, sim.Options{}, "traffic.ptx")
	x, y := s.words(256, floats(256)...), s.words(256)
	f, err := s.Kernel(s.module, "coalesced")
	require.NoError(b, err)
	params := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(y)), uint64(x))
	for b.Loop() {
		require.NoError(b, s.Launch(f, driver.Config{Block: [3]int{256}}, params))
	}
}

// BenchmarkLoad is parsing and lowering, once for each driver.
func BenchmarkLoad(b *testing.B) {
	text, err := os.ReadFile("testdata/faults.ptx")
	require.NoError(b, err)
	for b.Loop() {
		c, err := sim.New(sim.Options{}).Open(0)
		require.NoError(b, err)
		_, err = c.Load(text)
		require.NoError(b, err)
	}
}
