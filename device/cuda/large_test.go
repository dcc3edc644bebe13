package cuda

import (
	"math/rand/v2"
	"testing"

	"example.org/chainrule/cpu"
	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// Large specifications, for the kernels that small ones do not reach.
var (
	largeMatMul = device.MatMul{Batch: 2, M: 136, N: 144, K: 48}
	largeConv2D = device.Conv2D{
		N: 1, H: 12, W: 12, C: 72, K: 72, Groups: 1,
		Window: device.Window{KH: 3, KW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1},
	}
	largeReduce = device.Reduce{Outer: 2, N: 40_000, Inner: 1}
)

// A largeCase is a call with one destination and two sources, of so many
// elements. Sources are whole numbers from -limit to limit.
type largeCase struct {
	name    string
	y, a, b int
	limit   int
	call    func(d device.Device, y device.Dst, a, b device.Buffer)
}

func largeCases() []largeCase {
	m, c := largeMatMul, largeConv2D
	image, filter := c.N*c.H*c.W*c.C, c.K*c.KH*c.KW*c.C
	cases := []largeCase{
		{"MatMul", m.Batch * m.M * m.N, m.Batch * m.M * m.K, m.Batch * m.K * m.N, 3, func(d device.Device, y device.Dst, a, b device.Buffer) {
			d.MatMul(y, device.Dst{}, a, b, nil, m)
		}},
		{"Conv2D", image, image, filter, 3, func(d device.Device, y device.Dst, a, b device.Buffer) {
			d.Conv2D(y, device.Dst{}, a, b, nil, c)
		}},
		{"Conv2DGradInput", image, image, filter, 3, func(d device.Device, y device.Dst, a, b device.Buffer) {
			d.Conv2DGradInput(y, a, b, c)
		}},
		{"Conv2DGradFilter", filter, image, image, 3, func(d device.Device, y device.Dst, a, b device.Buffer) {
			d.Conv2DGradFilter(y, a, b, c)
		}},
	}
	for _, f := range []device.ReduceFunc{device.Sum, device.Max, device.Min, device.Norm2} {
		r := largeReduce
		r.Func = f
		cases = append(cases, largeCase{f.String(), r.Outer, r.Outer * r.N, 0, 15, func(d device.Device, y device.Dst, a, _ device.Buffer) {
			d.Reduce(y, a, r)
		}})
	}
	return cases
}

// checkLarge compares large calls with package cpu's. Sums of whole numbers are
// exact, and so the results are equal, in every dtype.
func checkLarge(t *testing.T, gpu device.Device) {
	host, err := cpu.New(cpu.Options{})
	require.NoError(t, err)
	defer host.Close()
	for _, c := range largeCases() {
		for _, dtypes := range [][2]device.DType{
			{device.Float32, device.Float32}, {device.BFloat16, device.BFloat16}, {device.Float32, device.BFloat16},
		} {
			want := c.run(t, host, dtypes[0], dtypes[1])
			require.Equal(t, want, c.run(t, gpu, dtypes[0], dtypes[1]), "%s: %v from %v", c.name, dtypes[0], dtypes[1])
		}
	}
}

// run makes the call on d.
func (c largeCase) run(t *testing.T, d device.Device, to, from device.DType) []float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	numbers := func(dtype device.DType, n int) device.Buffer {
		host := make([]float32, n)
		for i := range host {
			host[i] = float32(rng.IntN(2*c.limit+1) - c.limit)
		}
		b, err := d.Alloc(dtype, n)
		require.NoError(t, err)
		d.Upload(b, host)
		return b
	}
	y, a, b := numbers(to, c.y), numbers(from, c.a), numbers(from, c.b)
	c.call(d, device.Onto(y), a, b)
	result := make([]float32, c.y)
	require.NoError(t, d.Download(result, y), "%s: %v from %v", c.name, to, from)
	for _, x := range []device.Buffer{y, a, b} {
		d.Free(x)
	}
	return result
}
