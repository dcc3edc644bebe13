package devicetest

import (
	"fmt"
	"math"

	"example.org/chainrule/device"
)

// Softmax is the specification of device.Rows.
func (r *reference) Softmax(y device.Dst, x device.Buffer, s device.Softmax) {
	r.run(device.Call{Op: "Softmax", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func() {
		var out []float64
		for row := range s.Rows {
			out = append(out, softmax(values(x)[row*s.Cols:(row+1)*s.Cols], s.Log)...)
		}
		putAll(y, out)
	})
}

// SoftmaxGrad is the specification of device.Rows.
func (r *reference) SoftmaxGrad(dx device.Dst, dy, y device.Buffer, s device.Softmax) {
	r.run(device.Call{Op: "SoftmaxGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, y}}, func() {
		var out []float64
		for row := range s.Rows {
			lo, hi := row*s.Cols, (row+1)*s.Cols
			out = append(out, softmaxGrad(values(dy)[lo:hi], values(y)[lo:hi], s.Log)...)
		}
		putAll(dx, out)
	})
}

// softmax is the softmax of a row or its logarithm.
func softmax(x []float64, log bool) []float64 {
	lse, y := logSumExp(x), make([]float64, len(x))
	for c, v := range x {
		y[c] = pick(log, v-lse, math.Exp(v-lse))
	}
	return y
}

// softmaxGrad is the derivative of Σ dy y by the row's logits, of which ln y is
// one choice: softmax does not see what is added to all of them.
func softmaxGrad(dy, y []float64, log bool) []float64 {
	x := make([]float64, len(y))
	for c, v := range y {
		x[c] = pick(log, v, math.Log(v))
	}
	return gradient(func(x []float64) (l float64) {
		for c, v := range softmax(x, log) {
			l += dy[c] * v
		}
		return l
	}, x, 0x1p-7)
}

func checkSoftmax(s *suite) {
	shapes := [...]device.Softmax{
		{Rows: 0, Cols: 5}, {Rows: 5, Cols: 0}, {Rows: 1, Cols: 1}, {Rows: 7, Cols: 7}, {Rows: 33, Cols: 10}, {Rows: 7, Cols: 64}, {Rows: 3, Cols: 31},
		{Rows: 3, Cols: 33}, {Rows: 2, Cols: 257}, {Rows: 1, Cols: 1000}, {Rows: 1000, Cols: 2},
	}
	for _, p := range pairs(len(shapes), len(columns), 2, 2, 2) {
		spec, t, add := shapes[p[0]], columns[p[1]], p[2] == 1
		spec.Log = p[3] == 1
		x := s.array(t.src, spec.Rows*spec.Cols, func() float64 { return 3 * s.rng.NormFloat64() })
		s.checkSoftmax(spec, t.dst, add, x)
		if spec.Cols <= longestRow {
			s.checkSoftmaxGrad(spec, t.dst, add, x)
		}
	}
	for _, log := range [...]bool{false, true} { // far apart, beyond the range of exp, a class ruled out, a row of NaN
		spec := device.Softmax{Rows: 4, Cols: 3, Log: log}
		s.checkSoftmax(spec, device.Float32, false, s.values(device.Float32,
			0, 1000, -1000, 1e30, 1e30, 0, 1, math.Inf(-1), 2, 1, math.NaN(), 2))
	}
}

func (s *suite) checkSoftmax(spec device.Softmax, t device.DType, add bool, x array) {
	tol := make([]float64, len(x.v))
	for i := range tol {
		row := x.v[i/spec.Cols*spec.Cols:][:spec.Cols]
		// ln y has the error of x - lse
		each := unaryRoundings + math.Abs(x.v[i]) + reduceRoundings(device.LogSumExp, row)
		tol[i] = u32 * finite(each*pick(spec.Log, 1, softmax(row, false)[i%spec.Cols]))
	}
	s.check(check{
		op: "Softmax", name: fmt.Sprintf("%+v %v", spec, x.dtype),
		src:  []array{x},
		dst:  []result{{dtype: t, n: len(x.v), add: add, tol: tol}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.Softmax(dst[0], src[0], spec) },
	})
}

func (s *suite) checkSoftmaxGrad(spec device.Softmax, t device.DType, add bool, x array) {
	var y, tol []float64
	dy := s.normal(x.dtype, len(x.v))
	for row := range spec.Rows {
		lo, hi := row*spec.Cols, (row+1)*spec.Cols
		rounded := s.values(x.dtype, softmax(x.v[lo:hi], spec.Log)...).v
		y = append(y, rounded...)
		tol = append(tol, softmaxGradTolerance(dy.v[lo:hi], rounded, spec.Log)...)
	}
	s.check(check{
		op: "SoftmaxGrad", name: fmt.Sprintf("%+v %v", spec, x.dtype),
		src: []array{dy, s.values(x.dtype, y...)},
		dst: []result{{dtype: t, n: len(x.v), add: add, tol: tol}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.SoftmaxGrad(dst[0], src[0], src[1], spec)
		},
	})
}

// softmaxGradTolerance bounds the rounding errors of dx = y (dy - Σ dy y), or
// of dy - exp(y) Σ dy, and how far that formula is from the derivative where y,
// rounded to its dtype, is no softmax any more: its sum is off 1 by `off`.
func softmaxGradTolerance(dy, y []float64, log bool) []float64 {
	p, terms, n := make([]float64, len(y)), 0.0, float64(len(y))
	for c, g := range dy {
		p[c] = pick(log, math.Exp(y[c]), y[c])
		terms += math.Abs(g) * pick(log, 1, p[c])
	}
	off := math.Abs(sum(p) - 1)
	tol := make([]float64, len(y))
	for c, g := range dy {
		magnitude := pick(log, math.Abs(g)+p[c]*terms, p[c]*(math.Abs(g)+terms))
		tol[c] = u32*(n+unaryRoundings)*magnitude + 2*off*p[c]*(math.Abs(g)+terms)
	}
	return tol
}
