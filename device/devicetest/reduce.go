package devicetest

import (
	"fmt"
	"math"
	"slices"

	"example.org/chainrule/device"
)

// Reduce is the specification of device.Rows.
func (r *reference) Reduce(y device.Dst, x device.Buffer, s device.Reduce) {
	r.run(device.Call{Op: "Reduce", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func() {
		v := values(x)
		put(y, func(i int) float64 { row := middle(v, i, s); return reduce(s.Func, row, row) })
	})
}

// ReduceGrad is the specification of device.Rows.
func (r *reference) ReduceGrad(dx device.Dst, dy, x, y device.Buffer, s device.Reduce) {
	r.run(device.Call{Op: "ReduceGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, x, y}}, func() {
		g, v, out := values(dy), values(x), make([]float64, s.Outer*s.N*s.Inner)
		if !s.Func.ReadsXY() {
			v = make([]float64, len(out)) // linear: any place will do
		}
		for i := range s.Outer * s.Inner {
			for n, d := range reduceGrad(s.Func, middle(v, i, s)) {
				out[place3(i, n, s)] = g[i] * d
			}
		}
		putAll(dx, out)
	})
}

// ArgMax is the specification of device.Rows.
func (r *reference) ArgMax(y device.Dst, x device.Buffer, s device.Reduce) {
	r.run(device.Call{Op: "ArgMax", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func() {
		v := values(x)
		put(y, func(i int) float64 { return float64(argMax(middle(v, i, s))) })
	})
}

// place3 is where element n of row i = o Inner + inner of x[o, n, inner] lies.
func place3(i, n int, s device.Reduce) int {
	return (i/s.Inner*s.N+n)*s.Inner + i%s.Inner
}

// middle is the row of x that makes element i of y.
func middle(x []float64, i int, s device.Reduce) []float64 {
	row := make([]float64, s.N)
	for n := range row {
		row[n] = x[place3(i, n, s)]
	}
	return row
}

// reduce is f over row by the piece that holds at `at`.
func reduce(f device.ReduceFunc, row, at []float64) float64 {
	switch f {
	case device.Sum:
		return sum(row)
	case device.Mean:
		return sum(row) / float64(len(row))
	case device.Max:
		return meanOfEqual(row, at, largest(at))
	case device.Min:
		return meanOfEqual(row, at, -largest(negated(at)))
	case device.LogSumExp:
		return logSumExp(row)
	case device.Norm2:
		return pick(norm2(at) == 0, 0, norm2(row))
	}
	panic(fmt.Sprintf("devicetest: no formula for ReduceFunc %d", f))
}

// reduceGrad is the derivative of f by each element of row.
func reduceGrad(f device.ReduceFunc, row []float64) []float64 {
	at, h := append([]float64{}, row...), 0x1p-7
	if f == device.Norm2 {
		h = relativeStep(norm2(row))
	}
	return gradient(func(v []float64) float64 { return reduce(f, v, at) }, row, h)
}

func sum(row []float64) (s float64) {
	for _, v := range row {
		s += v
	}
	return s
}

// largest is the largest element, NaN before all, -Inf of none.
func largest(row []float64) float64 {
	m := math.Inf(-1)
	for _, v := range row {
		m = max(m, v)
	}
	return m
}

func negated(row []float64) []float64 {
	out := make([]float64, len(row))
	for i, v := range row {
		out[i] = -v
	}
	return out
}

// meanOfEqual is the mean of those elements that equal m in at: m itself, with
// a derivative that they share evenly.
func meanOfEqual(row, at []float64, m float64) float64 {
	var s, n float64
	for i, v := range at {
		if v == m {
			s, n = s+row[i], n+1
		}
	}
	return pick(n == 0, m, s/n)
}

// logSumExp is ln Σ exp(row) without overflow.
func logSumExp(row []float64) float64 {
	m := largest(row)
	if math.IsInf(m, 0) {
		return m
	}
	var s float64
	for _, v := range row {
		s += math.Exp(v - m)
	}
	return m + math.Log(s)
}

func norm2(row []float64) float64 {
	var s float64
	for _, v := range row {
		s += v * v
	}
	return math.Sqrt(s)
}

// argMax is the index of the first largest element, NaN before all; -1 of none.
func argMax(row []float64) int {
	best := -1
	for i, v := range row {
		if best < 0 || v > row[best] || math.IsNaN(v) && !math.IsNaN(row[best]) {
			best = i
		}
	}
	return best
}

// longestRow is how far derivatives of rows are checked: each element's
// difference quotient takes six passes over its row.
const longestRow = 300

func checkReduce(s *suite) {
	shapes := []device.Reduce{
		{Outer: 1, N: 0, Inner: 1}, {Outer: 1, N: 1, Inner: 1}, {Outer: 1, N: 1000, Inner: 1}, {Outer: 1, N: 4097, Inner: 1},
		{Outer: 33, N: 31, Inner: 1}, {Outer: 7, N: 64, Inner: 1}, {Outer: 3, N: 257, Inner: 1}, {Outer: 1000, N: 2, Inner: 1},
		{Outer: 1, N: 33, Inner: 31}, {Outer: 1, N: 300, Inner: 3}, {Outer: 1, N: 3, Inner: 1000},
		{Outer: 3, N: 9, Inner: 33}, {Outer: 31, N: 7, Inner: 3}, {Outer: 3, N: 0, Inner: 7}, {Outer: 0, N: 5, Inner: 3}, {Outer: 5, N: 3, Inner: 0},
	}
	for _, p := range pairs(len(shapes), 2) {
		if spec := shapes[p[0]]; spec.N > 0 {
			s.checkArgMax(spec, s.integers(device.DType(p[1]), spec.Outer*spec.N*spec.Inner, -2, 3))
		}
	}
	fs := device.ReduceFuncs()
	for _, p := range pairs(len(fs), len(shapes), len(columns), 2) {
		spec, t, add := shapes[p[1]], columns[p[2]], p[3] == 1
		spec.Func = fs[p[0]]
		x := s.reducible(spec, t.src)
		s.checkReduce(spec, t.dst, add, x)
		if spec.N <= longestRow {
			s.checkReduceGrad(spec, t.dst, add, x)
		}
	}
	s.checkReduceSpecials()
}

// reducible makes data: for Max and Min integers, so that many tie.
func (s *suite) reducible(spec device.Reduce, t device.DType) array {
	n := spec.Outer * spec.N * spec.Inner
	if spec.Func == device.Max || spec.Func == device.Min {
		return s.integers(t, n, -3, 4)
	}
	return s.normal(t, n)
}

func (s *suite) checkReduce(spec device.Reduce, t device.DType, add bool, x array) {
	var tol []float64
	if spec.Func != device.Max && spec.Func != device.Min {
		tol = make([]float64, spec.Outer*spec.Inner)
		for i := range tol {
			tol[i] = u32 * finite(reduceRoundings(spec.Func, middle(x.v, i, spec)))
		}
	}
	s.check(check{
		op: "Reduce", name: fmt.Sprintf("%v %+v %v", spec.Func, spec, x.dtype),
		src:  []array{x},
		dst:  []result{{dtype: t, n: spec.Outer * spec.Inner, add: add, tol: tol}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.Reduce(dst[0], src[0], spec) },
	})
}

// reduceRoundings is the error of f(row) in half units of the last place of 1,
// for sums in any order. ln Σ exp(x-m) has the relative error of its sum and of
// the arguments of exp, whatever its value; an argument of -Inf has none.
func reduceRoundings(f device.ReduceFunc, row []float64) float64 {
	n := float64(len(row))
	switch f {
	case device.Sum:
		return n * sum(abs(row))
	case device.Mean:
		return (n + 2) * sum(abs(row)) / n
	case device.LogSumExp:
		row = slices.DeleteFunc(slices.Clone(row), func(v float64) bool { return math.IsInf(v, -1) })
		return unaryRoundings*(1+math.Abs(logSumExp(row))) + n + largest(row) + largest(negated(row))
	}
	return (n + 4) * norm2(row)
}

func (s *suite) checkReduceGrad(spec device.Reduce, t device.DType, add bool, x array) {
	dy := s.normal(x.dtype, spec.Outer*spec.Inner)
	src := []array{dy, {}, {}}
	if spec.Func.ReadsXY() {
		y := make([]float64, len(dy.v))
		for i := range y {
			row := middle(x.v, i, spec)
			y[i] = reduce(spec.Func, row, row)
		}
		src[1], src[2] = x, s.values(x.dtype, y...)
	}
	s.check(check{
		op: "ReduceGrad", name: fmt.Sprintf("%v %+v %v", spec.Func, spec, x.dtype),
		src: src,
		dst: []result{{dtype: t, n: len(x.v), add: add, rel: reduceGradRoundings(spec.Func, x.dtype)}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.ReduceGrad(dst[0], src[0], src[1], src[2], spec)
		},
	})
}

// reduceGradRoundings is the relative error of a derivative in half units of
// the last place of Float32. Those that read y see it rounded to its dtype:
// x/y has its relative error, exp(x-y) its absolute one, and |y| < 16 here.
func reduceGradRoundings(f device.ReduceFunc, t device.DType) float64 {
	switch f {
	case device.LogSumExp:
		return 2*unaryRoundings + 16*unit(t)/u32
	case device.Norm2:
		return 4 + unit(t)/u32
	}
	return 2
}

func (s *suite) checkArgMax(spec device.Reduce, x array) {
	s.check(check{
		op: "ArgMax", name: fmt.Sprintf("%+v %v", spec, x.dtype),
		src:  []array{x},
		dst:  []result{{dtype: device.Int32, n: spec.Outer * spec.Inner}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.ArgMax(dst[0], src[0], spec) },
	})
}

// checkReduceSpecials sets NaN, infinities and ties among the rest, and asks
// for the derivatives that the contract fixes by a word.
func (s *suite) checkReduceSpecials() {
	nan, inf := math.NaN(), math.Inf(1)
	rows := [][]float64{
		{1, nan, 2, nan, 0}, {1, inf, 2, inf, 0}, {1, -inf, 2, -inf, 0}, {-inf, -inf, -inf, -inf, -inf},
		{inf, nan, -inf, 0, 1}, {0, 0, 0, 0, 0}, {0x1p100, 1, 2, 3, 0x1p100}, {100, 99, 98, 0, -100},
	}
	x := s.values(device.Float32, slices.Concat(rows...)...)
	spec := device.Reduce{Outer: len(rows), N: 5, Inner: 1}
	s.checkArgMax(spec, x)
	for _, f := range device.ReduceFuncs() {
		if spec.Func = f; f != device.Norm2 { // its square may overflow
			s.checkReduce(spec, device.Float32, false, x)
		}
	}
	for _, c := range []struct {
		f     device.ReduceFunc
		x, dx []float64
		y     float64
	}{
		{device.Max, []float64{3, 1, 3, 2}, []float64{0.5, 0, 0.5, 0}, 3},
		{device.Min, []float64{3, 1, 1, 1}, []float64{0, 1. / 3, 1. / 3, 1. / 3}, 1},
		{device.Norm2, []float64{0, 0, 0}, []float64{0, 0, 0}, 0},
		{device.Norm2, []float64{3, 0, -4}, []float64{0.6, 0, -0.8}, 5},
	} {
		spec := device.Reduce{Func: c.f, Outer: 1, N: len(c.x), Inner: 1}
		s.check(check{
			op: "ReduceGrad", name: fmt.Sprintf("%v of %v", c.f, c.x),
			src:  []array{s.values(device.Float32, 1), s.values(device.Float32, c.x...), s.values(device.Float32, c.y)},
			dst:  []result{{dtype: device.Float32, n: len(c.x), rel: 4}},
			want: [][]float64{c.dx},
			call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
				d.ReduceGrad(dst[0], src[0], src[1], src[2], spec)
			},
		})
	}
}
