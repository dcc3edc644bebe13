package main

import (
	"cmp"
	"fmt"
	"math"
	"strings"
)

// An elementwise function as package device names it, and its derivative; without
// them, and not as another one, the row in Go serves. The constants a and b are
// those of cpu/unary.go.
type unary struct {
	name     string
	forward  func(k *kernel, x *value) *value
	backward func(k *kernel, dy, v *value) *value
	within   string // function in cpu/unary.go that leaves other arguments to the row in Go
	as       string // the function whose kernels serve this one with its own constants
}

// unaryKernels are the rows of the table unary.
func unaryKernels(m machine) (ks []*kernel) {
	for _, u := range unaries {
		if u.forward == nil {
			continue
		}
		f := &kernel{name: lowerFirst(u.name), machine: m, doc: "is unary[device." + u.name + "].f."}
		f.slices("y", "x")
		f.a, f.b = f.arg("a"), f.arg("b")
		f.out("y", u.forward(f, f.in("x")))

		df := &kernel{name: f.name + "Grad", machine: m, doc: "is unary[device." + u.name + "].df."}
		df.slices("dx", "dy", "v")
		df.a, df.b = df.arg("a"), df.arg("b")
		df.out("dx", u.backward(df, df.in("dy"), df.in("v")))
		ks = append(ks, f.longSpans(), df.longSpans())
	}
	return ks
}

// unaryTable is the table in Go.
func unaryTable(m machine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nimport \"example.org/chainrule/device\"\n\n// unary%s is the table unary by vectors.\n", m.suffix())
	fmt.Fprintf(&b, "var unary%s = []unaryKernel{\n", m.suffix())
	for _, u := range unaries {
		fmt.Fprintf(&b, "device.%s: %s,\n", u.name, u.row(m.suffix()))
	}
	b.WriteString("}\n")
	return b.String()
}

// row is an entry of the table.
func (u unary) row(level string) string {
	switch kernels := lowerFirst(cmp.Or(u.as, u.name)); {
	case u.forward == nil && u.as == "":
		return fmt.Sprintf("unary[device.%s]", u.name)
	case u.within != "":
		return fmt.Sprintf("%[4]s(unaryKernel{%[1]s%[2]s, %[1]sGrad%[2]s}, unary[device.%[3]s], folds%[2]s)", kernels, level, u.name, u.within)
	default:
		return fmt.Sprintf("{%[1]s%[2]s, %[1]sGrad%[2]s}", kernels, level)
	}
}

var unaries = []unary{
	{name: "Identity"},
	{name: "SELU", as: "ELU"},
	{
		name:     "ReLU",
		forward:  func(k *kernel, x *value) *value { return x.atLeast(k.c(0)) },
		backward: func(k *kernel, dy, y *value) *value { return y.above(k.c(0)).keep(dy) },
	},
	{
		name:     "LeakyReLU",
		forward:  func(k *kernel, x *value) *value { return x.above(k.c(0)).pick(x, x.mul(k.a)) },
		backward: func(k *kernel, dy, x *value) *value { return x.above(k.c(0)).pick(dy, dy.mul(k.a)) },
	},
	{ // a x above 0, else b (eˣ-1)
		name: "ELU",
		forward: func(k *kernel, x *value) *value {
			return x.above(k.c(0)).pick(x.mul(k.a), x.atLeast(k.c(-25)).expm1().mul(k.b))
		},
		backward: func(k *kernel, dy, x *value) *value {
			return x.above(k.c(0)).pick(k.a, x.atMost(k.c(0)).expOfNegative().mul(k.b)).mul(dy)
		},
	},
	{
		name: "GELU",
		forward: func(k *kernel, x *value) *value {
			a := x.abs().atMost(k.c(15)).as("|x|")
			e, p := a.gauss(0.5)
			tail := p.mul(a.tail(1)).as("tail")
			// The left is scaled last, since its tail alone may be denormal.
			left := e.of(x.atLeast(k.c(-15)).mul(tail))
			right := k.c(1).sub(e.of(tail)).mul(x)
			return x.above(k.c(0)).pick(right, left)
		},
		backward: func(k *kernel, dy, x *value) *value {
			a := x.abs().atMost(k.c(15)).as("|x|")
			e, p := a.gauss(0.5)
			bell := e.of(p).as("bell")
			tail := bell.mul(a.tail(1))
			cdf := x.above(k.c(0)).pick(k.c(1).sub(tail), tail).as("cdf")
			return bell.mul(k.c(1/math.Sqrt(2*math.Pi))).fma(x, cdf).mul(dy)
		},
	},
	{
		name:    "GELUTanh",
		forward: func(k *kernel, x *value) *value { return x.atLeast(k.c(-12)).timesSigmoid(geluArgument) },
		backward: func(k *kernel, dy, x *value) *value {
			x = x.atLeast(k.c(-12)).atMost(k.c(12)).as("x")
			s, rest := geluArgument(x).sigmoid()
			slope := x.mul(x).fma(k.c(3*geluSlope*geluCubic), k.c(geluSlope))
			return x.mul(s).mul(rest).fma(slope, s).mul(dy)
		},
	},
	{
		name: "SiLU",
		forward: func(k *kernel, x *value) *value {
			return x.atLeast(k.c(-120)).timesSigmoid(func(x *value) *value { return x })
		},
		backward: func(k *kernel, dy, x *value) *value {
			s, rest := x.sigmoid()
			return s.mul(x.fma(rest, k.c(1))).mul(dy)
		},
	},
	{
		name: "Mish",
		forward: func(k *kernel, x *value) *value {
			e, p := x.atLeast(k.c(-120)).atMost(k.c(40)).expParts()
			power := e.of(p).as("e")
			further := power.add(k.c(2)).as("e+2")
			return e.of(further.div(power.fma(further, k.c(2))).mul(p).mul(x.atLeast(k.c(-120))))
		},
		backward: func(k *kernel, dy, x *value) *value {
			x = x.atLeast(k.c(-120)).atMost(k.c(40)).as("x")
			e := x.exp().as("e")
			n := e.mul(e.add(k.c(2))).as("n")
			q := k.c(1).div(n.add(k.c(2))).as("q")
			slope := e.add(k.c(1)).mul(q).mul(e.mul(q)).mul(k.c(4))
			return slope.fma(x, n.mul(q)).mul(dy)
		},
	},
	{
		name: "Sigmoid",
		forward: func(k *kernel, x *value) *value {
			s, _ := x.sigmoid()
			return s
		},
		backward: func(k *kernel, dy, y *value) *value { return k.c(1).sub(y).mul(y).mul(dy) },
	},
	{ // of |x|: -m/(m+2) with m = e^(-2|x|)-1
		name: "Tanh",
		forward: func(k *kernel, x *value) *value {
			m := x.abs().atMost(k.c(10)).mul(k.c(-2)).expm1()
			return m.div(m.add(k.c(2))).abs().withSign(x)
		},
		backward: func(k *kernel, dy, y *value) *value {
			return k.c(1).sub(y).mul(k.c(1).add(y)).mul(dy)
		},
	},
	{
		name: "Softplus",
		forward: func(k *kernel, x *value) *value {
			return x.abs().neg().expOfNegative().log1p().add(x.atLeast(k.c(0)))
		},
		backward: func(k *kernel, dy, x *value) *value {
			s, _ := x.sigmoid()
			return s.mul(dy)
		},
	},
	{
		name:    "Softsign",
		forward: func(k *kernel, x *value) *value { return x.div(x.abs().add(k.c(1))) },
		backward: func(k *kernel, dy, x *value) *value {
			r := k.c(1).div(x.abs().add(k.c(1))).as("r")
			return r.mul(r).mul(dy)
		},
	},
	{
		name:    "HardSigmoid",
		forward: func(k *kernel, x *value) *value { return x.hardSigmoid() },
		backward: func(k *kernel, dy, x *value) *value {
			return x.above(k.c(-3)).keep(k.c(3).above(x).keep(dy.mul(k.c(1. / 6))))
		},
	},
	{
		name:    "HardSwish",
		forward: func(k *kernel, x *value) *value { return x.hardSigmoid().mul(x) },
		backward: func(k *kernel, dy, x *value) *value {
			inner := k.c(3).above(x).pick(x.fma(k.c(1./3), k.c(0.5)), k.c(1))
			return x.above(k.c(-3)).keep(inner).mul(dy)
		},
	},
	{
		name:     "ReLU6",
		forward:  func(k *kernel, x *value) *value { return x.atLeast(k.c(0)).atMost(k.c(6)) },
		backward: func(k *kernel, dy, x *value) *value { return x.above(k.c(0)).keep(k.c(6).above(x).keep(dy)) },
	},
	{
		name:     "Exp",
		forward:  func(k *kernel, x *value) *value { return x.exp() },
		backward: func(k *kernel, dy, y *value) *value { return dy.mul(y) },
	},
	{
		name:     "Log",
		forward:  func(k *kernel, x *value) *value { return x.log() },
		backward: func(k *kernel, dy, x *value) *value { return dy.div(x) },
	},
	{
		name:     "Sqrt",
		forward:  func(k *kernel, x *value) *value { return x.sqrt() },
		backward: func(k *kernel, dy, y *value) *value { return dy.mul(k.c(0.5)).div(y) },
	},
	{
		name:     "Rsqrt",
		forward:  func(k *kernel, x *value) *value { return k.c(1).div(x.sqrt()) },
		backward: func(k *kernel, dy, x *value) *value { return k.c(-0.5).div(x.sqrt()).div(x).mul(dy) },
	},
	{
		name:     "Square",
		forward:  func(k *kernel, x *value) *value { return x.mul(x) },
		backward: func(k *kernel, dy, x *value) *value { return x.add(x).mul(dy) },
	},
	{
		name:    "Abs",
		forward: func(k *kernel, x *value) *value { return x.abs() },
		backward: func(k *kernel, dy, x *value) *value {
			return x.above(k.c(0)).pick(dy, k.c(0).above(x).keep(dy.neg()))
		},
	},
	{
		name:     "Neg",
		forward:  func(k *kernel, x *value) *value { return x.neg() },
		backward: func(k *kernel, dy, _ *value) *value { return dy.neg() },
	},
	{
		name:     "Reciprocal",
		forward:  func(k *kernel, x *value) *value { return k.c(1).div(x) },
		backward: func(k *kernel, dy, y *value) *value { return dy.neg().mul(y).mul(y) },
	},
	{
		name:     "Sin",
		within:   "nearZero",
		forward:  func(k *kernel, x *value) *value { return x.sinCos(0) },
		backward: func(k *kernel, dy, x *value) *value { return x.sinCos(1).mul(dy) },
	},
	{
		name:     "Cos",
		within:   "nearZero",
		forward:  func(k *kernel, x *value) *value { return x.sinCos(1) },
		backward: func(k *kernel, dy, x *value) *value { return x.sinCos(0).neg().mul(dy) },
	},
	{
		name:    "Erf",
		forward: func(k *kernel, x *value) *value { return x.erf() },
		backward: func(k *kernel, dy, x *value) *value {
			e, p := x.abs().atMost(k.c(11)).gauss(1)
			return e.of(p.mul(k.c(2 / math.SqrtPi))).mul(dy)
		},
	},
	{ // b is the parity of a
		name:   "Pow",
		within: "ordinaryPow",
		forward: func(k *kernel, x *value) *value {
			e, p := x.abs().powParts(k.a, nil)
			return e.of(p).ofSign(x, k.b)
		},
		backward: func(k *kernel, dy, x *value) *value {
			e, p := x.abs().powParts(k.a.minusOne())
			return e.of(p.mul(k.a)).ofSign(x, k.c(0).sub(k.b)).mul(dy)
		},
	},
	{
		name:    "Clamp",
		forward: func(k *kernel, x *value) *value { return x.atLeast(k.a).atMost(k.b) },
		backward: func(k *kernel, dy, x *value) *value {
			return k.a.above(x).pick(k.c(0), x.above(k.b).pick(k.c(0), dy))
		},
	},
	{
		name:     "Affine",
		forward:  func(k *kernel, x *value) *value { return x.fma(k.a, k.b) },
		backward: func(k *kernel, dy, _ *value) *value { return dy.mul(k.a) },
	},
}

func (x *value) hardSigmoid() *value {
	k := x.k
	return x.fma(k.c(1./6), k.c(0.5)).atLeast(k.c(0)).atMost(k.c(1))
}

// sigmoid is σ(x), and rest = 1-σ(x): 1/(1+e) and e/(1+e) with e = e^-|x|.
func (x *value) sigmoid() (s, rest *value) {
	k := x.k
	e := x.abs().neg().expOfNegative()
	r := k.c(1).div(e.add(k.c(1))).as("r")
	right := x.above(k.c(0))
	return right.pick(k.c(1), e).mul(r).as("s"), right.pick(e, k.c(1)).mul(r).as("1-s")
}

// timesSigmoid is x σ(z(x)). The left is scaled last, since e^z alone may be
// denormal.
func (x *value) timesSigmoid(z func(x *value) *value) *value {
	k := x.k
	at := z(x).as("z")
	e, p := at.abs().neg().atLeast(k.c(-150)).expParts()
	r := k.c(1).div(e.of(p).add(k.c(1))).as("r")
	return at.above(k.c(0)).pick(x.mul(r), e.of(x.mul(p).mul(r)))
}

// geluArgument is 2 √(2/π) (x + 0.044715 x³).
func geluArgument(x *value) *value {
	k := x.k
	return x.mul(x).fma(k.c(geluSlope*geluCubic), k.c(geluSlope)).mul(x)
}

const (
	geluSlope = 2 * math.Sqrt2 / math.SqrtPi
	geluCubic = 0.044715
)
