package devicetest

import (
	"fmt"
	"math"

	"example.org/chainrule/device"
)

// Convert is the specification of device.Elementwise.
func (r *reference) Convert(y device.Dst, x device.Buffer) {
	r.run(device.Call{Op: "Convert", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func() {
		putAll(y, values(x))
	})
}

// Fill is the specification of device.Elementwise.
func (r *reference) Fill(y device.Dst, v float32) {
	r.run(device.Call{Op: "Fill", Dst: [4]device.Dst{y}}, func() {
		put(y, func(int) float64 { return float64(v) })
	})
}

// Normalize is the specification of device.Elementwise.
func (r *reference) Normalize(y device.Dst, x, scale, shift device.Buffer) {
	r.run(device.Call{Op: "Normalize", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x, scale, shift}}, func() {
		v, a, b := values(x), values(scale), values(shift)
		put(y, func(i int) float64 { c := i % len(a); return a[c]*v[i] + b[c] })
	})
}

func checkConvert(s *suite) {
	types := [...]device.DType{device.Float32, device.BFloat16}
	for _, p := range pairs(len(sizes), len(types), len(types), 2) {
		n, from, to, add := sizes[p[0]], types[p[1]], types[p[2]], p[3] == 1
		s.checkConvert(s.normal(from, n), to, add)
	}
	// Ties, the largest value that rounds down, infinities, the sign of zero.
	for _, to := range types {
		s.checkConvert(s.values(device.Float32, 1+0x1p-8, 1+0x3p-8, 1+0x1p-8+0x1p-20, -1-0x1p-8, math.MaxFloat32,
			0x1.FEFFFEp127, math.Inf(1), math.Inf(-1), math.NaN(), 0, math.Copysign(0, -1), 0x1p-133, -0x1p-140), to, false)
	}
	s.checkFill()
	s.checkNormalize()
}

func (s *suite) checkConvert(x array, to device.DType, add bool) {
	s.check(check{
		op: "Convert", name: fmt.Sprintf("%v to %v n=%d", x.dtype, to, len(x.v)),
		src:  []array{x},
		dst:  []result{{dtype: to, n: len(x.v), add: add, inPlace: []int{0}}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.Convert(dst[0], src[0]) },
	})
}

func (s *suite) checkFill() {
	fills := [...]float32{0, -1.5, float32(math.NaN()), float32(math.Inf(1)), 1 + 0x1p-8}
	for _, p := range pairs(len(sizes), len(fills), 2, 2) {
		n, v, t, add := sizes[p[0]], fills[p[1]], device.DType(p[2]), p[3] == 1
		s.check(check{
			op: "Fill", name: fmt.Sprintf("%v %v n=%d", v, t, n),
			dst:  []result{{dtype: t, n: n, add: add}},
			call: func(d device.Device, dst []device.Dst, _ []device.Buffer) { d.Fill(dst[0], v) },
		})
	}
}

func (s *suite) checkNormalize() {
	images, channels := [...]int{0, 1, 7, 33, 1366}, [...]int{1, 3, 4}
	for _, p := range pairs(len(images), len(channels), 2, 2) {
		c, t, add := channels[p[1]], device.DType(p[2]), p[3] == 1
		n := images[p[0]] * c
		k := check{
			op: "Normalize", name: fmt.Sprintf("%d channels %v n=%d", c, t, n),
			src: []array{s.integers(device.Uint8, n, 0, 256), s.normal(device.Float32, c), s.normal(device.Float32, c)},
			dst: []result{{dtype: t, n: n, add: add}},
			call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
				d.Normalize(dst[0], src[0], src[1], src[2])
			},
		}
		k.dst[0].tol = roundings(2, s.magnitudes(k)[0]) // a product and a sum
		s.check(k)
	}
}
