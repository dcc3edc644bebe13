package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"

	"github.com/stretchr/testify/require"
)

// A kernelCase makes its buffers on a bed and returns a call and what it writes.
type kernelCase struct {
	name string
	open func(b *bed) (call func(), results []device.Buffer)
}

// A bed is a device and the same random data for every bed.
type bed struct {
	testing.TB
	device.Device
	rng *rand.Rand
}

func newBed(t testing.TB, d device.Device) *bed {
	return &bed{t, d, rand.New(rand.NewPCG(1, 2))}
}

// alloc is n elements of poison.
func (b *bed) alloc(t device.DType, n int) device.Buffer {
	b.Poison(true)
	defer b.Poison(false)
	buf, err := b.Alloc(t, n)
	require.NoError(b, err)
	return buf
}

// data is n normal numbers.
func (b *bed) data(t device.DType, n int) device.Buffer {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(b.rng.NormFloat64())
	}
	buf := b.alloc(t, n)
	b.Upload(buf, v)
	return buf
}

// ints is n numbers from 0 to limit-1.
func (b *bed) ints(n, limit int) device.Buffer {
	v := make([]int32, n)
	for i := range v {
		v[i] = b.rng.Int32N(int32(limit))
	}
	buf := b.alloc(device.Int32, n)
	b.Upload(buf, v)
	return buf
}

// upload is v on the device.
func (b *bed) upload(v []float32) device.Buffer {
	buf := b.alloc(device.Float32, len(v))
	b.Upload(buf, v)
	return buf
}

// download is what buffers hold as float64, which can be any element.
func (b *bed) download(bufs ...device.Buffer) (all [][]float64) {
	for _, buf := range bufs {
		v, ints := make([]float64, buf.Len()), make([]int32, buf.Len())
		if buf.DType() == device.Int32 {
			require.NoError(b, b.Download(ints, buf))
			for i, n := range ints {
				v[i] = float64(n)
			}
		} else {
			require.NoError(b, b.Download(v, buf))
		}
		all = append(all, v)
	}
	return all
}

// testKernels checks of every case what the conformance suite, which sees one
// device at a time, cannot: that it writes the same bits on any number of
// threads, and that playing it again allocates nothing.
func testKernels(t *testing.T, cases []kernelCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var want [][]float64
			for _, threads := range [...]int{1, 2, 3, 5} {
				b := newBed(t, newDevice(t, 0, threads))
				call, results := c.open(b)
				call()
				got := b.download(results...)
				if want == nil {
					want = got
				}
				require.Equal(t, want, got, "%d threads", threads)

				replay, err := b.Record(func() error { call(); return nil })
				require.NoError(t, err)
				require.Zero(t, testing.AllocsPerRun(3, func() { require.NoError(t, replay.Run()) }), "%d threads", threads)
				replay.Close()
			}
		})
	}
}

// testValues compares Float32 cases with the Reference: shapes beyond a tile, for
// which the conformance suite is too slow. Every element must be there, to 1e-5
// of the largest; how each is rounded is the suite's business.
func testValues(t *testing.T, cases []kernelCase) { testValuesAt(t, 0, cases) }

func testValuesAt(t *testing.T, l Level, cases []kernelCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ref, b := newBed(t, devicetest.Reference()), newBed(t, newDevice(t, l, 0))
			refCall, refResults := c.open(ref)
			refCall()
			call, results := c.open(b)
			call()
			want := ref.download(refResults...)
			for i, got := range b.download(results...) {
				requireClose(t, want[i], got, 1e-5)
			}
		})
	}
}

// requireClose compares vectors to a share of the largest finite element.
func requireClose(t *testing.T, want, got []float64, share float64) {
	t.Helper()
	largest := 0.0
	for _, v := range want {
		if !math.IsInf(v, 0) {
			largest = max(largest, math.Abs(v))
		}
	}
	require.InDeltaSlice(t, want, got, share*largest)
}

// benchKernels times every case; a byte is one of a source or a destination.
func benchKernels(b *testing.B, cases []kernelCase) {
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			bed := newBed(b, newDevice(b, 0, 0))
			call, _ := c.open(bed)
			bed.Trace(func(c device.Call) { b.SetBytes(c.Bytes) })
			call()
			bed.Trace(nil)
			for b.Loop() {
				call()
			}
		})
	}
}

// newDevice is a device that is closed at the end of the test.
func newDevice(t testing.TB, l Level, threads int) *Device {
	d, err := New(Options{Level: l, Threads: threads})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}
