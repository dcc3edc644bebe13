package devicetest

import (
	"fmt"
	"math"

	"example.org/chainrule/device"
)

// Lerp is the specification of device.Update.
func (r *reference) Lerp(y, x device.Buffer, s device.Lerp) {
	r.run(device.Call{Op: "Lerp", Dst: [4]device.Dst{device.To(y)}, Src: [8]device.Buffer{x}}, func() {
		for i, x := range values(x) {
			values(y)[i] += float64(s.T) * (float64(s.Scale)*x - values(y)[i])
		}
	})
}

func checkLerp(s *suite) {
	for _, n := range sizes {
		for _, l := range []device.Lerp{{T: 0.1, Scale: 1}, {T: 0.001, Scale: 33.0 / 32}, {T: 1, Scale: 1}, {T: 0, Scale: 2}} {
			y, x := s.normal(device.Float32, n), s.normal(device.Float32, n)
			terms := make([]float64, n)
			for i := range terms {
				terms[i] = math.Abs(y.v[i]) + float64(l.T)*(float64(l.Scale)*math.Abs(x.v[i])+math.Abs(y.v[i]))
			}
			s.check(check{
				op: "Lerp", name: fmt.Sprintf("%+v n=%d", l, n),
				src:  []array{x},
				dst:  []result{{dtype: device.Float32, n: n, always: true, prior: y.v, tol: roundings(4, terms)}},
				call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.Lerp(dst[0].Buf, src[0], l) },
			})
		}
	}
}
