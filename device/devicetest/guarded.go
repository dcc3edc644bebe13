package devicetest

import (
	"fmt"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// guard is the number of canary elements on each side of a buffer.
const guard = device.RowLen

// A guarded buffer lies between canaries within a larger one.
type guarded struct {
	whole device.Buffer
	view  device.Buffer
	host  []float64 // contents of whole when it was placed
}

// place uploads v between canaries.
func (s *suite) place(d device.Device, t device.DType, v []float64, canary float64) *guarded {
	s.Helper()
	n := len(v)
	whole, err := d.Alloc(t, n+2*guard)
	require.NoError(s, err)
	if !t.IsFloat() {
		canary = 99
	}
	host := make([]float64, n+2*guard)
	for i := range guard {
		host[i], host[guard+n+i] = canary, canary
	}
	copy(host[guard:], v)
	upload(d, whole, host)
	return &guarded{whole: whole, view: whole.Slice(guard, guard+n), host: host}
}

// free gives the buffers back.
func (s *suite) free(gs ...*guarded) {
	for _, g := range gs {
		s.dev.Free(g.whole)
	}
}

// read returns what stands between the canaries, after a look at them.
func (g *guarded) read(s *suite, d device.Device, c check) []float64 {
	s.Helper()
	v := download(s, d, g.whole)
	n := len(v) - guard
	if !sameBits(v[:guard], g.host[:guard]) {
		s.Errorf("%s: %s: the kernel wrote before the start of a buffer", c.op, c.name)
	}
	if !sameBits(v[n:], g.host[n:]) {
		s.Errorf("%s: %s: the kernel wrote past the end of a buffer", c.op, c.name)
	}
	return v[guard:n]
}

// upload fills b with values that its dtype represents.
func upload(d device.Device, b device.Buffer, v []float64) {
	switch b.DType() {
	case device.Int32:
		d.Upload(b, convert[int32](v))
	case device.Uint8:
		d.Upload(b, convert[uint8](v))
	default:
		d.Upload(b, v)
	}
}

// download returns b's contents; every dtype fits in float64.
func download(s *suite, d device.Device, b device.Buffer) []float64 {
	s.Helper()
	switch b.DType() {
	case device.Int32:
		return fetch[int32](s, d, b)
	case device.Uint8:
		return fetch[uint8](s, d, b)
	case device.Float32, device.BFloat16:
		return fetch[float64](s, d, b)
	}
	panic(fmt.Sprintf("devicetest: dtype %v", b.DType()))
}

func fetch[T int32 | uint8 | float64](s *suite, d device.Device, b device.Buffer) []float64 {
	s.Helper()
	host := make([]T, b.Len())
	require.NoError(s, d.Download(host, b))
	v := make([]float64, len(host))
	for i, x := range host {
		v[i] = float64(x)
	}
	return v
}

func convert[T int32 | uint8](v []float64) []T {
	out := make([]T, len(v))
	for i, x := range v {
		out[i] = T(x)
	}
	return out
}
