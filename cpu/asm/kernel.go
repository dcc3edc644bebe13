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
	counter *value   // blocks, which each step advances; nil for none
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
	low  bool   // bfloat16, the upper halves of floats: of whole vectors, on NEON
}

// A value is a vector: of float32 or of 32-bit integers, which is the same; of
// float64; or a mask.
type value struct {
	k     *kernel
	op    opcode
	in    []*value
	bits  uint32 // of a constant; of a shift, how far
	name  string // in margin notes
	whole bool   // an argument that is a uint32
	last  int    // the step that uses it last; 0 for unused
	reg   int
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
	opXor3
	opIAdd
	opISub
	opShl
	opSar
	opFloat    // of an integer
	opProduct  // of the lower halves of 64-bit lanes, whole
	opUpper    // the upper half of each 64-bit lane, as the lower
	opZipLow   // a0 b0 a1 b1 of four lanes
	opZipHigh  // a2 b2 a3 b3
	opZipPairs // a0 a1 b0 b1
	opGreater  // a mask from here on
	opEqual
	opIGreater
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

// low marks a stream as bfloat16, which is loaded as the floats that it stands for;
// what is stored is cut to upper halves.
func (k *kernel) low(name string) { k.stream(name).low = true }

// leavesNone reports that spans are whole vectors, so that nothing is left of one.
func (k *kernel) leavesNone() bool {
	return k.counter != nil || slices.ContainsFunc(k.streams, func(s *stream) bool { return s.low })
}

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

// whole is a scalar argument of 32 bits, a whole number.
func (k *kernel) whole(name string) *value {
	v := k.arg(name)
	v.whole = true
	return v
}

// blocks counts on from two arguments, one for every fourth element of a stream:
// in 64-bit lanes, first, second, first+1, second+1, ...
func (k *kernel) blocks(first, second string) *value {
	k.counter = k.whole(first)
	k.whole(second)
	return k.counter
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
func (v *value) and(w *value) *value { return v.k.value(opAnd, 0, v, w) }
func (v *value) or(w *value) *value  { return v.k.value(opOr, 0, v, w) }
func (v *value) xor(w *value) *value { return v.k.value(opXor, 0, v, w) }

// xor3 is v ^ w ^ u, where v is used up.
func (v *value) xor3(w, u *value) *value { return v.k.value(opXor3, 0, v, w, u) }

func (v *value) iadd(w *value) *value { return v.k.value(opIAdd, 0, v, w) }
func (v *value) isub(w *value) *value { return v.k.value(opISub, 0, v, w) }
func (v *value) shl(n uint32) *value  { return v.k.value(opShl, n, v) }
func (v *value) sar(n uint32) *value  { return v.k.value(opSar, n, v) }
func (v *value) float() *value        { return v.k.value(opFloat, 0, v) }

// Those of lanes in pairs, see the codes.
func (v *value) product(w *value) *value  { return v.k.value(opProduct, 0, v, w) }
func (v *value) upper() *value            { return v.k.value(opUpper, 0, v) }
func (v *value) zipLow(w *value) *value   { return v.k.value(opZipLow, 0, v, w) }
func (v *value) zipHigh(w *value) *value  { return v.k.value(opZipHigh, 0, v, w) }
func (v *value) zipPairs(w *value) *value { return v.k.value(opZipPairs, 0, v, w) }

// above is the mask v > w, and equal v == w; both false for NaN. iabove compares
// signed integers.
func (v *value) above(w *value) *value  { return v.k.value(opGreater, 0, v, w) }
func (v *value) equal(w *value) *value  { return v.k.value(opEqual, 0, v, w) }
func (v *value) iabove(w *value) *value { return v.k.value(opIGreater, 0, v, w) }

// pick is mask ? a : b, and keep is mask ? a : +0.
func (mask *value) pick(a, b *value) *value { return mask.k.value(opBlend, 0, mask, a, b) }
func (mask *value) keep(a *value) *value    { return mask.k.value(opKeep, 0, mask, a) }

func (v *value) abs() *value { return v.and(v.k.word(1<<31 - 1)) }
func (v *value) neg() *value { return v.xor(v.k.word(1 << 31)) }

// withSign is v >= 0 with the sign of x.
func (v *value) withSign(x *value) *value { return v.or(x.and(x.k.word(1 << 31))) }

func (v *value) isMask() bool  { return v.op == opGreater || v.op == opEqual || v.op == opIGreater }
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
	opScale: "%s * 2^%s", opAnd: "%s & %s", opOr: "%s | %s", opXor: "%s ^ %s", opXor3: "%s ^ %s ^ %s",
	opIAdd: "%s + %s, whole", opISub: "%s - %s, whole", opShl: "%s << #", opSar: "%s >> #, signed",
	opFloat: "float(%s)", opProduct: "%s * %s, whole", opUpper: "%s >> 32",
	opZipLow: "%s and %s zipped, lower half", opZipHigh: "%s and %s zipped, upper half", opZipPairs: "pairs of %s and %s",
	opIGreater: "%s > %s, whole", opGreater: "%s > %s", opEqual: "%s == %s", opBlend: "%s ? %s : %s", opKeep: "%s ? %s : 0",
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
	for i, s := range k.streams {
		name := s.name
		if i == len(k.streams)-1 || s.low != k.streams[i+1].low {
			name += map[bool]string{false: " []float32", true: " []bfloat16"}[s.low]
		}
		in = append(in, name)
	}
	list := strings.Join(in, ", ")
	for i, a := range k.args {
		list += ", " + a.name
		if i == len(k.args)-1 || k.args[i+1].whole != a.whole {
			list += map[bool]string{false: " float32", true: " uint32"}[a.whole]
		}
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
