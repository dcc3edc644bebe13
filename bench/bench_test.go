package bench

import (
	"math/rand/v2"
	"testing"
	"time"

	"example.org/chainrule"
	"example.org/chainrule/device"
	"example.org/chainrule/tensor"

	"github.com/stretchr/testify/require"
)

// onEach runs f as name/device on every device of this machine.
func onEach(b *testing.B, name string, f func(b *testing.B, dev device.Device)) {
	devices, err := chainrule.Devices()
	require.NoError(b, err)
	for _, d := range devices {
		if d.Missing == "" {
			b.Run(name+"/"+d.Name, func(b *testing.B) { f(b, open(b, d.Name)) })
		}
	}
}

// onEachType is onEach in Float32, and as name-bfloat16 in BFloat16.
func onEachType(b *testing.B, name string, f func(b *testing.B, dev device.Device, t device.DType)) {
	onEach(b, name, func(b *testing.B, dev device.Device) { f(b, dev, device.Float32) })
	onEach(b, name+"-bfloat16", func(b *testing.B, dev device.Device) { f(b, dev, device.BFloat16) })
}

func open(tb testing.TB, name string, options ...chainrule.Option) device.Device {
	dev, err := chainrule.Open(name, options...)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, dev.Close()) })
	return dev
}

// empty is a tensor that will be overwritten; the device frees it.
func empty(tb testing.TB, dev device.Device, t device.DType, shape ...int) *tensor.Tensor {
	x, err := tensor.New(dev, t, shape...)
	require.NoError(tb, err)
	return x
}

// normal is a tensor of normally distributed numbers, the same each time.
func normal(tb testing.TB, dev device.Device, t device.DType, shape ...int) *tensor.Tensor {
	x := empty(tb, dev, t, shape...)
	require.NoError(tb, tensor.Set(x, normals(x.Len())))
	return x
}

func normals(n int) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// classes are n labels below limit, the same each time.
func classes(tb testing.TB, dev device.Device, n, limit int) *tensor.Tensor {
	r := rand.New(rand.NewPCG(3, 4))
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = r.Int32N(int32(limit))
	}
	x, err := tensor.From(dev, labels)
	require.NoError(tb, err)
	return x
}

// work is what a benchmark's function does each time.
type work struct {
	flops, bytes int64
	least        float64 // ns that a GPU would take at its peak; 0 where none is known
}

// A gpu is a device that keeps time itself, by events, and knows its peak.
type gpu interface {
	Time(f func() error) (time.Duration, error)
	Peak(t device.DType) (flops, bytes float64)
}

// measure times f on dev: on a GPU, many runs in a row between two events; else each
// run until the device is done.
func measure(b *testing.B, dev device.Device, f func() error) {
	w := traced(b, dev, f)
	before := dev.Stats().Allocs
	if g, ok := dev.(gpu); ok {
		w.timeOn(b, g, f)
	} else {
		w.time(b, func() error {
			if err := f(); err != nil {
				return err
			}
			return dev.Sync()
		})
	}
	b.ReportMetric(float64(dev.Stats().Allocs-before)/float64(b.N), "device-allocs/op")
}

// traced runs f once, which warms caches and the allocator, and adds up its
// kernel calls.
func traced(b *testing.B, dev device.Device, f func() error) (w work) {
	dev.Trace(func(c device.Call) {
		w.flops += c.FLOPs
		w.bytes += traffic(c)
		if g, ok := dev.(gpu); ok {
			w.least += least(g, c)
		}
	})
	defer dev.Trace(nil)
	require.NoError(b, f())
	require.NoError(b, dev.Sync())
	return w
}

// least is the time in ns that g's roofline allows a call (Williams 2009), whose
// first source tells which of its units multiply.
func least(g gpu, c device.Call) float64 {
	t := device.Float32
	if c.Src[0] != nil {
		t = c.Src[0].DType()
	}
	flops, bytes := g.Peak(t)
	if flops == 0 || bytes == 0 {
		return 0
	}
	return 1e9 * max(float64(c.FLOPs)/flops, float64(traffic(c))/bytes)
}

// traffic is the number of bytes that a call moves: Call.Bytes, and once more
// the destinations that are read before they are written.
func traffic(c device.Call) int64 {
	n := c.Bytes
	inPlace := c.Op == "SGD" || c.Op == "Adam"
	for _, d := range c.Dst {
		if d.Wanted() && (d.Add || inPlace && d.Buf.DType() == device.Float32) { // a BFloat16 copy is only written
			n += int64(d.Buf.Len() * d.Buf.DType().Size())
		}
	}
	return n
}

// time runs f until its time is known, and reports rates.
func (w work) time(b *testing.B, f func() error) {
	b.ReportAllocs()
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	w.report(b, float64(b.Elapsed().Nanoseconds())/float64(b.N))
}

// timeOn runs f b.N times on a GPU, and reports its time, rates, and how near to the
// peak that is.
func (w work) timeOn(b *testing.B, g gpu, f func() error) {
	b.ReportAllocs()
	b.ResetTimer()
	took, err := g.Time(func() error {
		for range b.N {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	})
	b.StopTimer()
	require.NoError(b, err)
	ns := float64(took.Nanoseconds()) / float64(b.N)
	b.ReportMetric(ns, "ns/op")
	w.report(b, ns)
	if w.least > 0 {
		b.ReportMetric(100*w.least/ns, "%peak")
	}
}

// report gives the rates of work that takes ns nanoseconds.
func (w work) report(b *testing.B, ns float64) {
	if w.flops > 0 {
		b.ReportMetric(float64(w.flops)/ns, "GFLOP/s")
	}
	if w.bytes > 0 {
		b.ReportMetric(float64(w.bytes)/ns, "GB/s")
	}
}
