package devicetest

import (
	"errors"
	"math"
	"sync"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// TestLimit holds a device that may have limit bytes alive to what the contract
// says of running out of them.
func TestLimit(t *testing.T, open func(t testing.TB, limit int64) device.Device) {
	const limit = 1 << 20
	dev := open(t, limit)
	defer func() { require.NoError(t, dev.Close()) }()
	checkLimit(newSuite(t, dev), limit)
}

var dtypes = [...]device.DType{device.Float32, device.BFloat16, device.Int32, device.Uint8}

func checkMemory(s *suite) {
	require.NotEmpty(s, s.dev.Name(), "Name")
	s.checkAlloc()
	s.checkTransfer()
	s.checkSlice()
	s.checkStats()
	s.checkPoison()
	s.checkTrace()
	s.checkGoroutines()
}

func (s *suite) checkAlloc() {
	for _, t := range dtypes {
		for _, n := range sizes {
			b := s.alloc(t, n)
			require.Equal(s, t, b.DType(), "Alloc: dtype")
			require.Equal(s, n, b.Len(), "Alloc: length")
			s.dev.Free(b)
		}
	}
	for _, n := range [...]int{-1, device.MaxLen + 1} {
		_, err := s.dev.Alloc(device.Float32, n)
		require.Errorf(s, err, "Alloc of %d elements", n)
	}
}

// alloc returns a buffer with undefined contents.
func (s *suite) alloc(t device.DType, n int) device.Buffer {
	s.Helper()
	b, err := s.dev.Alloc(t, n)
	require.NoErrorf(s, err, "Alloc of %v[%d]", t, n)
	return b
}

// checkTransfer sends host slices of every type up and down, and changes the
// source on return.
func (s *suite) checkTransfer() {
	for _, n := range sizes {
		v := s.array(device.Float32, n, s.rng.NormFloat64).v
		for _, t := range [...]device.DType{device.Float32, device.BFloat16} {
			b := s.alloc(t, n)
			up, down := make([]float32, n), make([]float32, n)
			for i := range up {
				up[i] = float32(v[i])
			}
			s.dev.Upload(b, up)
			clear(up)
			require.NoError(s, s.dev.Download(down, b))
			for i := range down {
				require.Equalf(s, round(t, v[i]), round(t, float64(down[i])), "Upload and Download of %v as float32", t)
			}
			s.transfer(b, v)
			s.dev.Free(b)
		}
		s.checkWritten(n)
		for _, t := range [...]device.DType{device.Int32, device.Uint8} {
			b := s.alloc(t, n)
			s.transfer(b, s.movable(t, n).v)
			s.dev.Free(b)
		}
	}
}

// checkWritten has n values written by a function.
func (s *suite) checkWritten(n int) {
	b, want, got := s.alloc(device.Float32, n), make([]float32, n), make([]float32, n)
	defer s.dev.Free(b)
	for i := range want {
		want[i] = float32(s.rng.NormFloat64())
	}
	s.dev.Upload(b, func(v []float32) { require.Equal(s, n, copy(v, want), "Upload: the length that a function sees") })
	require.NoError(s, s.dev.Download(got, b))
	require.Equal(s, want, got, "Upload by a function")
}

// transfer sends v up and down as the widest type that b takes.
func (s *suite) transfer(b device.Buffer, v []float64) {
	s.Helper()
	upload(s.dev, b, v)
	for i, got := range download(s, s.dev, b) {
		require.Equalf(s, round(b.DType(), v[i]), round(b.DType(), got), "Upload and Download of %v", b.DType())
	}
}

// checkSlice writes through views and reads through others.
func (s *suite) checkSlice() {
	for _, t := range dtypes {
		b, v := s.alloc(t, 1000), s.integers(t, 1000, 0, 100).v
		upload(s.dev, b, v)
		require.Equal(s, v[64:777], download(s, s.dev, b.Slice(64, 777)), "Slice: reads")
		require.Equal(s, v[192:200], download(s, s.dev, b.Slice(64, 777).Slice(128, 136)), "Slice of a Slice")
		require.Zero(s, b.Slice(960, 960).Len(), "Slice: empty")
		upload(s.dev, b.Slice(128, 131), []float64{7, 8, 9})
		copy(v[128:], []float64{7, 8, 9})
		require.Equal(s, v, download(s, s.dev, b), "Slice: writes")
		s.dev.Free(b)
	}
}

// checkStats watches memory come and go: a shape seen before takes none from
// the system.
func (s *suite) checkStats() {
	const n = 5000
	before := s.dev.Stats()
	b := s.alloc(device.Float32, n)
	during := s.dev.Stats()
	require.GreaterOrEqual(s, during.Live, before.Live+4*n, "Stats: Live")
	require.GreaterOrEqual(s, during.Peak, during.Live, "Stats: Peak")
	s.dev.Free(b)
	after := s.dev.Stats()
	require.Equal(s, before.Live, after.Live, "Stats: Live after Free")
	require.GreaterOrEqual(s, after.Peak, during.Live, "Stats: Peak after Free")
	for range 10 {
		s.dev.Free(s.alloc(device.Float32, n))
	}
	require.Equal(s, during.Allocs, s.dev.Stats().Allocs, "Stats: a freed block is used again")
}

func (s *suite) checkPoison() {
	s.dev.Poison(true)
	defer s.dev.Poison(false)
	for i, want := range [...]float64{math.NaN(), math.NaN(), math.MinInt32, 0xFF} {
		for range 2 { // fresh, and freed before
			b := s.alloc(dtypes[i], 100)
			for _, got := range download(s, s.dev, b) {
				require.Truef(s, sameBits([]float64{got}, []float64{want}), "Poison: %v holds %v, want %v", dtypes[i], got, want)
			}
			upload(s.dev, b, make([]float64, 100))
			s.dev.Free(b)
		}
	}
}

// checkTrace watches calls; the watcher uses the device.
func (s *suite) checkTrace() {
	x, y := s.alloc(device.Float32, 10), s.alloc(device.BFloat16, 10)
	defer s.dev.Free(x)
	defer s.dev.Free(y)
	s.dev.Fill(device.To(y), 0)
	var calls []device.Call
	s.dev.Trace(func(c device.Call) {
		calls = append(calls, c)
		s.dev.Fill(device.To(x), 2)
		require.NoError(s, s.dev.Sync(), "Sync within Trace")
	})
	s.dev.Fill(device.To(x), 1)
	s.dev.Convert(device.Onto(y), x)
	s.dev.Trace(nil)
	s.dev.Fill(device.To(x), 3)

	require.Len(s, calls, 2, "Trace: calls, without those that it makes itself")
	require.Equal(s, "Fill", calls[0].Op, "Trace: Op")
	require.Equal(s, "Convert", calls[1].Op, "Trace: Op")
	require.True(s, calls[1].Dst[0] == device.Onto(y), "Trace: Dst")
	require.True(s, x == calls[1].Src[0], "Trace: Src")
	require.EqualValues(s, 10*4+10*2, calls[1].Bytes, "Trace: Bytes")
}

// checkGoroutines uses the device from several at once.
func (s *suite) checkGoroutines() {
	var wait sync.WaitGroup
	wrong := make([]error, 8)
	for g := range wrong {
		wait.Go(func() { wrong[g] = doubled(s.dev, float32(g)) })
	}
	wait.Wait()
	require.NoError(s, errors.Join(wrong...), "several goroutines")
}

// doubled computes v+v on d many times over.
func doubled(d device.Device, v float32) error {
	const n = 1000
	for range 20 {
		b, err := d.Alloc(device.Float32, n)
		if err != nil {
			return err
		}
		host := make([]float32, n)
		d.Fill(device.To(b), v)
		d.Binary(device.To(b), b, b, device.Binary{Func: device.Add, Dims: dims(n)})
		if err := d.Download(host, b); err != nil {
			return err
		}
		for _, got := range host {
			if got != 2*v {
				return errors.New("a result of another goroutine")
			}
		}
		d.Free(b)
	}
	return nil
}

func checkLimit(s *suite, limit int64) {
	half := s.alloc(device.Float32, int(limit/8))
	b, err := s.dev.Alloc(device.BFloat16, int(limit))
	var full *device.MemoryError
	require.ErrorAs(s, err, &full, "Alloc beyond the limit")
	require.Nil(s, b)
	require.Equal(s, s.dev.Name(), full.Device)
	require.GreaterOrEqual(s, full.Want, 2*limit, "MemoryError: Want")
	require.GreaterOrEqual(s, full.Live, limit/2, "MemoryError: Live")
	require.Equal(s, limit, full.Limit, "MemoryError: Limit")
	require.Equal(s, device.Holder{DType: device.Float32, Len: int(limit / 8), Count: 1}, full.Holders[0], "MemoryError: the largest holder")
	require.NoError(s, s.dev.Sync(), "the device stays usable: the caller has the error")
	s.dev.Free(half)
	s.checkNoWorkspace(limit)
}

// checkNoWorkspace fills the device and asks for a product with both operands
// transposed: it is right, or skipped and reported once.
func (s *suite) checkNoWorkspace(limit int64) {
	const n = 128
	a, c := s.alloc(device.Float32, n*n), s.alloc(device.Float32, n*n)
	s.dev.Fill(device.To(a), 1)
	s.dev.Fill(device.To(c), -1)
	var rest []device.Buffer
	for size := int(limit); size > 0; size /= 2 {
		if b, err := s.dev.Alloc(device.Uint8, size); err == nil {
			rest = append(rest, b)
		}
	}
	s.dev.MatMul(device.To(c), device.Dst{}, a, a, nil, device.MatMul{Batch: 1, M: n, N: n, K: n, TransA: true, TransB: true})
	want := float64(n)
	if err := s.dev.Err(); err != nil {
		var full *device.MemoryError
		require.ErrorAs(s, err, &full, "a kernel without workspace")
		want = -1
	}
	require.NoError(s, s.dev.Sync(), "no memory is reported once")
	require.Equal(s, want, download(s, s.dev, c)[0], "a kernel without workspace is skipped")
	for _, b := range append(rest, a, c) {
		s.dev.Free(b)
	}
}
