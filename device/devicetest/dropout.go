package devicetest

import (
	"fmt"
	"math"

	"example.org/chainrule/device"
)

// NextPass is the specification of device.Elementwise.
func (r *reference) NextPass(cell, stream device.Buffer) {
	c := device.Call{Op: "NextPass", Dst: [4]device.Dst{device.To(cell), device.To(stream)}, Src: [8]device.Buffer{stream}}
	r.run(c, func() {
		cell, stream := values(cell), values(stream)
		copy(cell, stream)
		pass := uint64(word(stream[2])) | uint64(word(stream[3]))<<32
		pass++
		stream[2], stream[3] = float64(int32(pass)), float64(int32(pass>>32))
	})
}

// Dropout is the specification of device.Elementwise.
func (r *reference) Dropout(y device.Dst, x, cell device.Buffer, s device.Dropout) {
	r.run(device.Call{Op: "Dropout", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x, cell}}, func() {
		v, cell := values(x), values(cell)
		put(y, func(i int) float64 { return pick(kept(i, cell, s), v[i]/(1-float64(s.P)), 0) })
	})
}

// kept reports whether element i stays.
func kept(i int, cell []float64, s device.Dropout) bool {
	counter := [4]uint32{uint32(i / 4), s.Site, word(cell[2]), word(cell[3])}
	return device.Philox(counter, [2]uint32{word(cell[0]), word(cell[1])})[i%4] >= s.Threshold()
}

// word is a word of an Int32 buffer without its sign.
func word(v float64) uint32 { return uint32(int32(v)) }

func checkDropout(s *suite) {
	shares, sites := [...]float32{0, 0.1, 0.5, 0.999}, [...]uint32{0, 1, math.MaxUint32}
	for _, p := range pairs(len(sizes), len(shares), len(columns), 2, len(sites)) {
		n, t, add := sizes[p[0]], columns[p[2]], p[3] == 1
		spec := device.Dropout{P: shares[p[1]], Site: sites[p[4]]}
		s.check(check{
			op: "Dropout", name: fmt.Sprintf("%+v %v n=%d", spec, t.src, n),
			src: []array{s.normal(t.src, n), s.integers(device.Int32, device.StreamWords, math.MinInt32, math.MaxInt32)},
			// 1-p, its reciprocal, and the product
			dst:  []result{{dtype: t.dst, n: n, add: add, rel: 3, inPlace: []int{0}}},
			call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.Dropout(dst[0], src[0], src[1], spec) },
		})
	}
	s.checkNextPass()
}

// checkNextPass asks for the carry from word to word, at both ends.
func (s *suite) checkNextPass() {
	for _, c := range []struct{ stream, next []float64 }{
		{[]float64{7, -8, 0, 0}, []float64{7, -8, 1, 0}},
		{[]float64{1, 2, -1, 3}, []float64{1, 2, 0, 4}},
		{[]float64{1, 2, math.MaxInt32, 3}, []float64{1, 2, math.MinInt32, 3}},
		{[]float64{1, 2, -1, -1}, []float64{1, 2, 0, 0}},
	} {
		s.check(check{
			op: "NextPass", name: fmt.Sprint(c.stream),
			dst: []result{
				{dtype: device.Int32, n: device.StreamWords, always: true},
				{dtype: device.Int32, n: device.StreamWords, always: true, prior: c.stream},
			},
			want: [][]float64{c.stream, c.next},
			call: func(d device.Device, dst []device.Dst, _ []device.Buffer) {
				d.NextPass(dst[0].Buf, dst[1].Buf)
			},
		})
	}
}
