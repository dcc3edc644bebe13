package devicetest

import (
	"fmt"

	"example.org/chainrule/device"
)

// Permute is the specification of device.Movement.
func (r *reference) Permute(y device.Dst, x device.Buffer, s device.Permute) {
	r.run(device.Call{Op: "Permute", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func() {
		v := values(x)
		put(y, func(i int) float64 { return v[permuted(i, s)] })
	})
}

// permuted is where element i of y stands in x.
func permuted(i int, s device.Permute) (at int) {
	var index [device.MaxDims]int // by axes of x
	for axis := device.MaxDims - 1; axis >= 0; axis-- {
		from := s.Axes[axis]
		index[from] = i % s.Dims[from]
		i /= s.Dims[from]
	}
	for axis, extent := range s.Dims {
		at = at*extent + index[axis]
	}
	return at
}

// A move is a pair of dtypes that movement kernels take, and whether they add.
type move struct {
	src, dst device.DType
	add      bool
}

var moves = [...]move{
	{device.Float32, device.Float32, false},
	{device.Float32, device.Float32, true},
	{device.BFloat16, device.BFloat16, false},
	{device.BFloat16, device.BFloat16, true},
	{device.BFloat16, device.Float32, false},
	{device.BFloat16, device.Float32, true},
	{device.Int32, device.Int32, false},
	{device.Uint8, device.Uint8, false},
}

// movable makes n elements of a dtype, of its whole range.
func (s *suite) movable(t device.DType, n int) array {
	switch t {
	case device.Int32:
		return s.integers(t, n, -1<<31, 1<<31)
	case device.Uint8:
		return s.integers(t, n, 0, 256)
	}
	return s.normal(t, n)
}

func checkPermute(s *suite) {
	specs := []device.Permute{
		{Dims: dims(0), Axes: [...]int{0, 1, 2, 3, 4, 5}}, {Dims: dims(1), Axes: [...]int{5, 4, 3, 2, 1, 0}},
		{Dims: dims(4097), Axes: [...]int{0, 1, 2, 3, 4, 5}}, {Dims: dims(31, 33), Axes: [...]int{0, 1, 2, 3, 5, 4}},
		{Dims: dims(1000, 3), Axes: [...]int{0, 1, 2, 3, 5, 4}}, {Dims: dims(3, 1000), Axes: [...]int{0, 1, 2, 3, 5, 4}},
		{Dims: dims(65, 64), Axes: [...]int{0, 1, 2, 3, 5, 4}}, {Dims: dims(5, 33, 31), Axes: [...]int{0, 1, 2, 3, 5, 4}},
		{Dims: dims(5, 33, 7), Axes: [...]int{0, 1, 2, 4, 3, 5}}, {Dims: dims(2, 9, 8, 7), Axes: [...]int{0, 1, 2, 5, 3, 4}},
		{Dims: dims(2, 9, 8, 7), Axes: [...]int{0, 1, 2, 4, 5, 3}}, {Dims: dims(3, 7, 5, 9), Axes: [...]int{0, 1, 4, 2, 3, 5}},
		{Dims: dims(2, 3, 4, 5, 2, 3), Axes: [...]int{5, 4, 3, 2, 1, 0}}, {Dims: dims(2, 3, 4, 5, 2, 3), Axes: [...]int{2, 0, 5, 3, 1, 4}},
		{Dims: dims(7, 0, 3), Axes: [...]int{0, 1, 2, 5, 4, 3}},
	}
	for _, p := range pairs(len(specs), len(moves)) {
		spec, m := specs[p[0]], moves[p[1]]
		n := spec.Dims.Len()
		s.check(check{
			op: "Permute", name: fmt.Sprintf("%+v %v", spec, m.src),
			src:  []array{s.movable(m.src, n)},
			dst:  []result{{dtype: m.dst, n: n, add: m.add}},
			call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.Permute(dst[0], src[0], spec) },
		})
	}
}
