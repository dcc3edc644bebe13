package devicetest

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"example.org/chainrule/device"
)

// Binary is the specification of device.Elementwise.
func (r *reference) Binary(y device.Dst, a, b device.Buffer, s device.Binary) {
	r.run(device.Call{Op: "Binary", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{a, b}}, func() {
		a, b, out := values(a), values(b), make([]float64, s.Dims.Len())
		for m := range matches(s) {
			out[m.y] = binary(s.Func, a[m.a], b[m.b], a[m.a], b[m.b])
		}
		putAll(y, out)
	})
}

// BinaryGrad is the specification of device.Elementwise.
func (r *reference) BinaryGrad(da, db device.Dst, dy, a, b device.Buffer, s device.Binary) {
	r.run(device.Call{Op: "BinaryGrad", Dst: [4]device.Dst{da, db}, Src: [8]device.Buffer{dy, a, b}}, func() {
		g, a, b := values(dy), values(a), values(b)
		sumA, sumB := make([]float64, len(a)), make([]float64, len(b))
		for m := range matches(s) {
			ga, gb := binaryGrad(s.Func, a[m.a], b[m.b])
			sumA[m.a] += g[m.y] * ga
			sumB[m.b] += g[m.y] * gb
		}
		putAll(da, sumA)
		putAll(db, sumB)
	})
}

// binary is f(a, b) by the piece that holds at (atA, atB).
func binary(f device.BinaryFunc, a, b, atA, atB float64) float64 {
	switch f {
	case device.Add:
		return a + b
	case device.Sub:
		return a - b
	case device.Mul:
		return a * b
	case device.Div:
		return a / b
	case device.Maximum:
		return pick(atA > atB, a, pick(atA < atB, b, a/2+b/2))
	case device.Minimum:
		return pick(atA < atB, a, pick(atA > atB, b, a/2+b/2))
	case device.Power:
		return math.Pow(a, pick(atA == 0 && a == 0 && atB > 0, atB, b))
	}
	panic(fmt.Sprintf("devicetest: no formula for BinaryFunc %d", f))
}

// binaryGrad is ∂f/∂a and ∂f/∂b.
func binaryGrad(f device.BinaryFunc, a, b float64) (da, db float64) {
	byA := formula(func(x, at float64) float64 { return binary(f, x, b, at, b) })
	byB := formula(func(x, at float64) float64 { return binary(f, a, x, a, at) })
	stepB := relativeStep(b)
	if f == device.Power {
		stepB = 0x1p-7
	}
	return byA.derivative(a, relativeStep(a)), byB.derivative(b, stepB)
}

// A match tells which elements of a and b make an element of y.
type match struct{ y, a, b int }

// matches goes through the elements of a broadcast in order.
func matches(s device.Binary) iter.Seq[match] {
	place := func(i int, repeat [device.MaxDims]bool) (at int) {
		stride := 1
		for axis := device.MaxDims - 1; axis >= 0; axis-- {
			if !repeat[axis] {
				at += i % s.Dims[axis] * stride
				stride *= s.Dims[axis]
			}
			i /= s.Dims[axis]
		}
		return at
	}
	return func(yield func(match) bool) {
		for i := range s.Dims.Len() {
			if !yield(match{i, place(i, s.RepeatA), place(i, s.RepeatB)}) {
				return
			}
		}
	}
}

func checkBinary(s *suite) {
	fs, shapes := device.BinaryFuncs(), broadcasts()
	for _, p := range pairs(len(fs), len(shapes), len(columns), 2, 3) {
		spec, t, add := shapes[p[1]], columns[p[2]], p[3] == 1
		spec.Func = fs[p[0]]
		a, b := s.operands(spec, t.src)
		s.checkBinary(spec, t.dst, add, a, b)
		s.checkBinaryGrad(spec, t.dst, add, p[4], s.normal(t.src, spec.Dims.Len()), a, b)
	}
	s.checkBinarySpecials()
	s.checkBinaryTies()
}

func (s *suite) checkBinary(spec device.Binary, t device.DType, add bool, a, b array) {
	tol := make([]float64, spec.Dims.Len())
	for m := range matches(spec) {
		y := binary(spec.Func, a.v[m.a], b.v[m.b], a.v[m.a], b.v[m.b])
		tol[m.y] = u32 * finite(math.Abs(y)*binaryRoundings(spec.Func, a.v[m.a], b.v[m.b]))
	}
	s.check(check{
		op: "Binary", name: fmt.Sprintf("%+v %v", spec, a.dtype),
		src:  []array{a, b},
		dst:  []result{{dtype: t, n: len(tol), add: add, tol: tol, inPlace: []int{0, 1}}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.Binary(dst[0], src[0], src[1], spec) },
	})
}

// checkBinaryGrad checks both derivatives; unwanted is 0 for da, 1 for db.
func (s *suite) checkBinaryGrad(spec device.Binary, t device.DType, add bool, unwanted int, dy, a, b array) {
	tolA, tolB := make([]float64, len(a.v)), make([]float64, len(b.v))
	for m := range matches(spec) {
		da, db := binaryGrad(spec.Func, a.v[m.a], b.v[m.b])
		each := binaryRoundings(spec.Func, a.v[m.a], b.v[m.b]) // and one for each sum
		tolA[m.a] += u32 * math.Abs(dy.v[m.y]*finite(da)) * (each + float64(len(dy.v)/len(a.v)))
		tolB[m.b] += u32 * math.Abs(dy.v[m.y]*finite(db)) * (each + float64(len(dy.v)/len(b.v)))
	}
	k := check{
		op: "BinaryGrad", name: fmt.Sprintf("%+v %v", spec, a.dtype),
		src: []array{dy, a, b},
		dst: []result{
			{dtype: t, n: len(a.v), add: add, tol: tolA, unwanted: unwanted == 0},
			{dtype: t, n: len(b.v), add: add, tol: tolB, unwanted: unwanted == 1},
		},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.BinaryGrad(dst[0], dst[1], src[0], src[1], src[2], spec)
		},
	}
	if len(a.v) == len(b.v) && len(a.v) == len(dy.v) {
		k.dst[0].inPlace, k.dst[1].inPlace = []int{0, 1, 2}, []int{0, 1, 2}
	}
	s.check(k)
}

// binaryRoundings bounds the error of f and of one term of its derivatives, in
// half units of the last place of Float32: -dy a/b² takes four operations; a
// power's logarithm is rounded before it is multiplied by b and exponentiated.
func binaryRoundings(f device.BinaryFunc, a, b float64) float64 {
	switch f {
	case device.Add, device.Sub, device.Maximum, device.Minimum:
		return 1
	case device.Mul, device.Div:
		return 4
	}
	return unaryRoundings * (1 + finite(math.Abs(b*math.Log(math.Abs(a)))))
}

// operands makes arguments at which f has derivatives; for Maximum and Minimum
// integers, so that many tie.
func (s *suite) operands(spec device.Binary, t device.DType) (a, b array) {
	n, m := operandLen(spec.Dims, spec.RepeatA), operandLen(spec.Dims, spec.RepeatB)
	positive := func() float64 { return math.Exp(s.rng.NormFloat64()) }
	switch spec.Func {
	case device.Maximum, device.Minimum:
		return s.integers(t, n, -2, 3), s.integers(t, m, -2, 3)
	case device.Div:
		return s.normal(t, n), s.array(t, m, func() float64 { return positive() * float64(1-2*s.rng.IntN(2)) })
	case device.Power:
		return s.array(t, n, positive), s.uniform(t, m, -3, 3)
	}
	return s.normal(t, n), s.normal(t, m)
}

func operandLen(dims device.Dims, repeat [device.MaxDims]bool) int {
	for axis, r := range repeat {
		if r {
			dims[axis] = 1
		}
	}
	return dims.Len()
}

// dims are extents, innermost last.
func dims(extents ...int) device.Dims {
	d := device.Dims{1, 1, 1, 1, 1, 1}
	copy(d[device.MaxDims-len(extents):], extents)
	return d
}

// broadcasts lists shapes without a function: equal ones of every size, and
// operands that repeat along outer, inner, middle, alternate and all axes.
func broadcasts() (list []device.Binary) {
	for _, n := range sizes {
		list = append(list, device.Binary{Dims: dims(n)})
	}
	const o, X = false, true
	for _, b := range []struct {
		extents []int
		a, b    [device.MaxDims]bool
	}{
		{extents: []int{1000}, a: [...]bool{o, o, o, o, o, X}},
		{extents: []int{1000}, b: [...]bool{o, o, o, o, o, X}},
		{extents: []int{33, 31}, b: [...]bool{o, o, o, o, X, o}},
		{extents: []int{33, 31}, b: [...]bool{X, X, X, X, o, X}},
		{extents: []int{31, 33}, a: [...]bool{o, o, o, o, X, o}, b: [...]bool{o, o, o, o, o, X}},
		{extents: []int{4, 7, 9}, b: [...]bool{o, o, o, X, o, X}},
		{extents: []int{4, 7, 9}, a: [...]bool{o, o, o, o, X, o}, b: [...]bool{o, o, o, X, X, o}},
		{extents: []int{2, 3, 2, 3, 2, 3}, a: [...]bool{X, o, X, o, X, o}, b: [...]bool{o, X, o, X, o, X}},
		{extents: []int{2, 3, 2, 3, 2, 3}, b: [...]bool{X, X, X, X, X, X}},
		{extents: []int{3, 1400}, b: [...]bool{o, o, o, o, X, o}},
		{extents: []int{1400, 3}, b: [...]bool{o, o, o, o, X, o}},
		{extents: []int{0, 31}, b: [...]bool{o, o, o, o, X, o}},
		{extents: []int{31, 0}, a: [...]bool{o, o, o, o, o, X}},
	} {
		list = append(list, device.Binary{Dims: dims(b.extents...), RepeatA: b.a, RepeatB: b.b})
	}
	return list
}

// checkBinarySpecials pairs what lies at the ends of the number line.
func (s *suite) checkBinarySpecials() {
	special := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, 1, -1, 2, -3, 0.5, 0x1p100, -0x1p-100}
	n := len(special)
	var a, b []float64
	for i := range n * n {
		a, b = append(a, special[i/n]), append(b, special[i%n])
	}
	for _, f := range device.BinaryFuncs() {
		for _, t := range columns {
			s.checkBinary(device.Binary{Func: f, Dims: dims(n * n)}, t.dst, false, s.values(t.src, a...), s.values(t.src, b...))
		}
	}
}

// checkBinaryTies asks for the derivatives that the contract fixes by a word.
func (s *suite) checkBinaryTies() {
	for _, c := range []struct {
		f            device.BinaryFunc
		a, b, da, db []float64
	}{
		{device.Maximum, []float64{1, 2, 2}, []float64{2, 2, 1}, []float64{0, 0.5, 1}, []float64{1, 0.5, 0}},
		{device.Minimum, []float64{1, 2, 2}, []float64{2, 2, 1}, []float64{1, 0.5, 0}, []float64{0, 0.5, 1}},
		{device.Power, []float64{0, 0, 0, -2}, []float64{1, 2, 3, 2}, []float64{1, 0, 0, -4}, []float64{0, 0, 0, math.NaN()}},
	} {
		n := len(c.a)
		s.check(check{
			op: "BinaryGrad", name: fmt.Sprintf("%v of %v and %v", c.f, c.a, c.b),
			src:  []array{s.values(device.Float32, slices.Repeat([]float64{1}, n)...), s.values(device.Float32, c.a...), s.values(device.Float32, c.b...)},
			dst:  []result{{dtype: device.Float32, n: n, rel: unaryRoundings}, {dtype: device.Float32, n: n, rel: unaryRoundings}},
			want: [][]float64{c.da, c.db},
			call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
				d.BinaryGrad(dst[0], dst[1], src[0], src[1], src[2], device.Binary{Func: c.f, Dims: dims(n)})
			},
		})
	}
}
