// Package drivertest is the conformance test of package driver's interface, which
// every implementation runs:
//
//	func TestDriver(t *testing.T) {
//		drivertest.Test(t, func(testing.TB) driver.Driver { return sim.New(sim.Options{}) })
//	}
package drivertest

import (
	_ "embed"
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver"
)

// PTX is what the tests launch: saxpy(y, x *float32, a float32, n int32), which
// sets y to ax + y, and reverse(y *uint32), which reverses as many words as the
// one block has threads, through 4 bytes of dynamic shared memory for each.
//
//go:embed saxpy.ptx
var PTX []byte

// Test runs the suite on device 0 of the drivers that open returns. What a
// driver need not notice (a wild address, a leak) is not tested.
func Test(t *testing.T, open func(testing.TB) driver.Driver) {
	for _, c := range []struct {
		name string
		test func(*testing.T, driver.Driver)
	}{
		{"Devices", testDevices},
		{"Memory", testMemory},
		{"Copies", testCopies},
		{"Module", testModule},
		{"Launch", testLaunch},
		{"SharedMemory", testSharedMemory},
		{"Limits", testLimits},
		{"Streams", testStreams},
		{"Graph", testGraph},
		{"Contexts", testContexts},
		{"Errors", testErrors},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// A session is an open context whose calls must succeed.
type session struct {
	driver.Context
	t testing.TB
}

// start opens device 0 and closes it at the end of the test.
func start(t testing.TB, d driver.Driver) session {
	c, err := d.Open(0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return session{c, t}
}

// device is n words of device memory, freed at the end of the test.
func (s session) device(words ...uint32) driver.Ptr {
	p, err := s.Alloc(4 * len(words))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, s.Free(p)) })
	s.upload(p, 0, words...)
	return p
}

// pinned is n bytes of page-locked memory, freed at the end of the test.
func (s session) pinned(n int) []byte {
	b, err := s.AllocHost(n)
	require.NoError(s.t, err)
	require.Len(s.t, b, n)
	s.t.Cleanup(func() { require.NoError(s.t, s.FreeHost(b)) })
	return b
}

func (s session) upload(p driver.Ptr, stream driver.Stream, words ...uint32) {
	b := s.pinned(4 * len(words))
	for i, w := range words {
		binary.LittleEndian.PutUint32(b[4*i:], w)
	}
	require.NoError(s.t, s.Upload(p, b, stream))
	require.NoError(s.t, s.Sync(stream))
}

func (s session) words(p driver.Ptr, n int) []uint32 {
	b := s.pinned(4 * n)
	require.NoError(s.t, s.Download(b, p, 0))
	require.NoError(s.t, s.Sync(0))
	w := make([]uint32, n)
	for i := range w {
		w[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return w
}

func (s session) floats(p driver.Ptr, n int) []float32 {
	f := make([]float32, n)
	for i, w := range s.words(p, n) {
		f[i] = math.Float32frombits(w)
	}
	return f
}

func (s session) kernel(name string) driver.Function {
	m, err := s.Load(PTX)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, s.Unload(m)) })
	f, err := s.Kernel(m, name)
	require.NoError(s.t, err)
	return f
}

func (s session) stream() driver.Stream {
	st, err := s.NewStream()
	require.NoError(s.t, err)
	require.NotZero(s.t, st)
	s.t.Cleanup(func() { require.NoError(s.t, s.CloseStream(st)) })
	return st
}

func (s session) event(timing bool) driver.Event {
	e, err := s.NewEvent(timing)
	require.NoError(s.t, err)
	require.NotZero(s.t, e)
	s.t.Cleanup(func() { require.NoError(s.t, s.CloseEvent(e)) })
	return e
}

// saxpy packs the kernel's parameters.
func saxpy(y, x driver.Ptr, a float32, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(y))
	b = binary.LittleEndian.AppendUint64(b, uint64(x))
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(a))
	return binary.LittleEndian.AppendUint32(b, uint32(n))
}

// bits are the words of some floats.
func bits(f ...float32) []uint32 {
	w := make([]uint32, len(f))
	for i, v := range f {
		w[i] = math.Float32bits(v)
	}
	return w
}

// count is 0, 1, 2 ... n-1.
func count(n int) []float32 {
	f := make([]float32, n)
	for i := range f {
		f[i] = float32(i)
	}
	return f
}

// requireCode asserts that an error is the driver's, with that code.
func requireCode(t testing.TB, err error, code driver.Code) {
	t.Helper()
	var e *driver.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, "%v", err)
	require.NotEmpty(t, e.Call)
}
