package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A kernel is a loop over spans of equal length: each step loads a vector of
// every source, computes in straight line, stores a vector of every destination
// and adds to the accumulators. An element's result never depends on its
// position.
type kernel struct {
	name    string
	doc     string // what the stub says, after the name
	streams []*stream
	args    []*value // scalars, spread over a vector before the loop
	a, b    *value   // the constants of an elementwise function
	folds   []*fold  // in the order of the results
	values  []*value // in the order of computation
	past    bool     // long spans are stored past the caches; see longSpans
	machine machine
}

// longSpans says that callers give spans of more than a tile where the result
// will have left the caches before anybody reads it. Loops of amd64 then write it
// to memory without reading the lines first, if it is no source and aligned to
// vectors; processors of arm64 see by themselves that whole lines are written.
func (k *kernel) longSpans() *kernel {
	k.past = true
	return k
}

const tileLen = 4096 // that of package cpu

// A stream is a slice argument.
type stream struct {
	name string
	load *value // nil for what is only written
	put  *value // nil for what is only read
}

// A fold is a result: the sum, the largest or the smallest of a value over all
// elements, or the sum of a product.
type fold struct {
	how  opcode   // opAdd, opMax or opMin
	of   []*value // one, or two factors
	wide bool     // in float64
	four bool     // the vectors of a step in float32 first, in register part
	part int
	regs []int // accumulators; two for each where wide
}

// A value is a vector: of float32 or of 32-bit integers, which is the same; of
// float64; or a mask.
type value struct {
	k    *kernel
	op   opcode
	in   []*value
	bits uint32 // of a constant; of a shift, how far
	name string // in margin notes
	last int    // the step that uses it last; 0 for unused
	reg  int
}

type opcode int

const (
	opConst opcode = iota
	opArg
	opLoad
	opAdd
	opSub
	opMul
	opDiv
	opSqrt
	opFMA   // a*b + c
	opFNMA  // c - a*b
	opMax   // NaN where the first is
	opMin   // NaN where the first is
	opScale // a 2^b for whole b
	opAnd
	opOr
	opXor
	opIAdd
	opISub
	opShl
	opSar
	opFloat   // of an integer
	opGreater // a mask from here on
	opEqual
	opBlend // mask ? a : b
	opKeep  // mask ? a : 0
)

// in is a source, which the kernel reads.
func (k *kernel) in(name string) *value {
	s := k.stream(name)
	if s.load == nil {
		s.load = k.value(opLoad, 0)
		s.load.name = name
	}
	return s.load
}

// out is a destination, which the kernel writes.
func (k *kernel) out(name string, v *value) { k.stream(name).put = v }

// stream finds or adds an argument. Arguments stand in the order in which they
// are named first.
func (k *kernel) stream(name string) *stream {
	for _, s := range k.streams {
		if s.name == name {
			return s
		}
	}
	k.streams = append(k.streams, &stream{name: name})
	return k.streams[len(k.streams)-1]
}

// slices declares slice arguments in order.
func (k *kernel) slices(names ...string) {
	for _, n := range names {
		k.stream(n)
	}
}

// arg is a scalar argument.
func (k *kernel) arg(name string) *value {
	v := &value{k: k, op: opArg, name: name}
	k.args = append(k.args, v)
	return v
}

// c is a constant.
func (k *kernel) c(x float64) *value {
	f := float32(x)
	return &value{k: k, op: opConst, bits: math.Float32bits(f), name: strconv.FormatFloat(float64(f), 'g', -1, 32)}
}

// word is a constant given by its bits.
func (k *kernel) word(bits uint32) *value {
	return &value{k: k, op: opConst, bits: bits, name: fmt.Sprintf("%#x", bits)}
}

// max and min add a result, NaN where an element is; sum64 and dot64 one that is
// added up in float64. sumFours and dotFours add four terms in float32 before
// that, which costs less and is off by up to 4 roundings of Σ |terms|.
func (k *kernel) max(v *value)         { k.fold(fold{how: opMax}, v) }
func (k *kernel) min(v *value)         { k.fold(fold{how: opMin}, v) }
func (k *kernel) sum64(v *value)       { k.fold(fold{how: opAdd, wide: true}, v) }
func (k *kernel) dot64(v, w *value)    { k.fold(fold{how: opAdd, wide: true}, v, w) }
func (k *kernel) sumFours(v *value)    { k.fold(fold{how: opAdd, wide: true, four: true}, v) }
func (k *kernel) dotFours(v, w *value) { k.fold(fold{how: opAdd, wide: true, four: true}, v, w) }

func (k *kernel) fold(f fold, of ...*value) {
	f.of = of
	k.folds = append(k.folds, &f)
}

// parts is how many registers one accumulator takes.
func (f *fold) parts() int {
	if f.wide {
		return 2
	}
	return 1
}

// accumulators is how many registers all take, where a step has so many copies of
// the body.
func (f *fold) accumulators(copies int) int {
	if f.four {
		copies = 1
	}
	return copies * f.parts()
}

// of copy c of the body, the accumulator.
func (f *fold) copy(c int) []int {
	if f.four {
		c = 0
	}
	return f.regs[c*f.parts():]
}

func (k *kernel) value(op opcode, bits uint32, in ...*value) *value {
	v := &value{k: k, op: op, bits: bits, in: in}
	k.values = append(k.values, v)
	return v
}

// as names a value for the margin.
func (v *value) as(name string) *value {
	v.name = name
	return v
}

func (v *value) add(w *value) *value { return v.k.value(opAdd, 0, v, w) }
func (v *value) sub(w *value) *value { return v.k.value(opSub, 0, v, w) }
func (v *value) mul(w *value) *value { return v.k.value(opMul, 0, v, w) }
func (v *value) div(w *value) *value { return v.k.value(opDiv, 0, v, w) }
func (v *value) sqrt() *value        { return v.k.value(opSqrt, 0, v) }

// fma is v w + c, and fnma is c - v w; rounded once.
func (v *value) fma(w, c *value) *value  { return v.k.value(opFMA, 0, v, w, c) }
func (v *value) fnma(w, c *value) *value { return v.k.value(opFNMA, 0, v, w, c) }

// atLeast and atMost are max(v, c) and min(v, c); NaN where v is, c never is.
func (v *value) atLeast(c *value) *value { return v.k.value(opMax, 0, v, c) }
func (v *value) atMost(c *value) *value  { return v.k.value(opMin, 0, v, c) }

// Bits and integers.
func (v *value) and(w *value) *value  { return v.k.value(opAnd, 0, v, w) }
func (v *value) or(w *value) *value   { return v.k.value(opOr, 0, v, w) }
func (v *value) xor(w *value) *value  { return v.k.value(opXor, 0, v, w) }
func (v *value) iadd(w *value) *value { return v.k.value(opIAdd, 0, v, w) }
func (v *value) isub(w *value) *value { return v.k.value(opISub, 0, v, w) }
func (v *value) shl(n uint32) *value  { return v.k.value(opShl, n, v) }
func (v *value) sar(n uint32) *value  { return v.k.value(opSar, n, v) }
func (v *value) float() *value        { return v.k.value(opFloat, 0, v) }

// above is the mask v > w, and equal v == w; both false for NaN.
func (v *value) above(w *value) *value { return v.k.value(opGreater, 0, v, w) }
func (v *value) equal(w *value) *value { return v.k.value(opEqual, 0, v, w) }

// pick is mask ? a : b, and keep is mask ? a : +0.
func (mask *value) pick(a, b *value) *value { return mask.k.value(opBlend, 0, mask, a, b) }
func (mask *value) keep(a *value) *value    { return mask.k.value(opKeep, 0, mask, a) }

func (v *value) abs() *value { return v.and(v.k.word(1<<31 - 1)) }
func (v *value) neg() *value { return v.xor(v.k.word(1 << 31)) }

// withSign is v >= 0 with the sign of x.
func (v *value) withSign(x *value) *value { return v.or(x.and(x.k.word(1 << 31))) }

func (v *value) isMask() bool  { return v.op == opGreater || v.op == opEqual }
func (v *value) isConst() bool { return v.op == opConst }

// liveness sets which step uses each value last, and drops values without use.
// Step i computes k.values[i-1]; the one after all stores and folds.
func (k *kernel) liveness() {
	end := len(k.values) + 1
	use := func(v *value, at int) {
		if v.last == 0 {
			v.last = at
		}
	}
	for _, s := range k.streams {
		if s.put != nil {
			use(s.put, end)
		}
	}
	for _, f := range k.folds {
		for _, v := range f.of {
			use(v, end)
		}
	}
	for i := len(k.values) - 1; i >= 0; i-- {
		if v := k.values[i]; v.last > 0 {
			for _, in := range v.in {
				use(in, i+1)
			}
		}
	}
	n := 0
	for _, v := range k.values {
		if v.last > 0 && v.name == "" {
			n++
			v.name = "t" + strconv.Itoa(n)
		}
	}
}

// note is the margin note of a value: what it is, in terms of others.
func (v *value) note() string {
	in := make([]any, len(v.in))
	for i, w := range v.in {
		in[i] = w.name
	}
	f := formulas[v.op]
	if strings.Contains(f, "#") {
		f = strings.ReplaceAll(f, "#", strconv.Itoa(int(v.bits)))
	}
	return v.name + " = " + fmt.Sprintf(f, in...)
}

var formulas = map[opcode]string{
	opAdd: "%s + %s", opSub: "%s - %s", opMul: "%s * %s", opDiv: "%s / %s", opSqrt: "sqrt(%s)",
	opFMA: "%s * %s + %s", opFNMA: "%[3]s - %[1]s * %[2]s", opMax: "max(%s, %s)", opMin: "min(%s, %s)",
	opScale: "%s * 2^%s", opAnd: "%s & %s", opOr: "%s | %s", opXor: "%s ^ %s",
	opIAdd: "%s + %s, whole", opISub: "%s - %s, whole", opShl: "%s << #", opSar: "%s >> #, signed",
	opFloat: "float(%s)", opGreater: "%s > %s", opEqual: "%s == %s", opBlend: "%s ? %s : %s", opKeep: "%s ? %s : 0",
}

// copies is how many vectors a step of the loop takes: the body's latency hides
// behind the next vectors, an accumulator's only behind further accumulators.
func (k *kernel) copies() int {
	four := slices.ContainsFunc(k.folds, func(f *fold) bool { return f.four })
	if four || len(k.folds) > 0 && len(k.values) <= 8 {
		return 4
	}
	return 1
}

// signature is the Go function's, without its name.
func (k *kernel) signature() string {
	var in, out []string
	for _, s := range k.streams {
		in = append(in, s.name)
	}
	list := strings.Join(in, ", ") + " []float32"
	if len(k.args) > 0 {
		in = in[:0]
		for _, a := range k.args {
			in = append(in, a.name)
		}
		list += ", " + strings.Join(in, ", ") + " float32"
	}
	for i, f := range k.folds {
		out = append(out, fmt.Sprintf("%s %s", k.result(i), map[bool]string{false: "float32", true: "float64"}[f.wide]))
	}
	switch {
	case len(out) == 0:
		return "(" + list + ")"
	default:
		return "(" + list + ") (" + strings.Join(out, ", ") + ")"
	}
}

// result is the name of a result.
func (k *kernel) result(i int) string {
	name := map[opcode]string{opAdd: "sum", opMax: "most", opMin: "least"}[k.folds[i].how]
	if i > 0 {
		name += strconv.Itoa(i)
	}
	return name
}

// resultAt is where results lie in the frame, and the frame's size after them.
func (k *kernel) resultAt() (at []int, size int) {
	size = (24*len(k.streams) + 4*len(k.args) + 7) &^ 7
	for _, f := range k.folds {
		if f.wide {
			size = (size + 7) &^ 7
		}
		at = append(at, size)
		size += map[bool]int{false: 4, true: 8}[f.wide]
	}
	return at, size
}

// frame is the size of arguments and results.
func (k *kernel) frame() int {
	if len(k.folds) == 0 {
		return 24*len(k.streams) + 4*len(k.args)
	}
	_, size := k.resultAt()
	return size
}
