package main

import (
	"fmt"
	"math"
	"strings"
)

// An elementwise function as package device names it, and its derivative. The
// constants a and b are those of cpu/unary.go.
type unary struct {
	name     string
	forward  func(k *kernel, x *value) *value
	backward func(k *kernel, dy, v *value) *value
}

// unaryKernels are the rows of the table unary.
func unaryKernels(m machine) (ks []*kernel) {
	for _, u := range unaries {
		f := &kernel{name: u.stem(), machine: m, doc: "is unary[device." + u.name + "].f."}
		f.slices("y", "x")
		a, b := f.arg("a"), f.arg("b")
		f.a, f.b = a, b
		f.out("y", u.forward(f, f.in("x")))

		df := &kernel{name: u.stem() + "Grad", machine: m, doc: "is unary[device." + u.name + "].df."}
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
	for _, name := range []string{"Identity", "Pow"} {
		fmt.Fprintf(&b, "device.%s: unary[device.%s],\n", name, name)
	}
	for _, u := range unaries {
		row := fmt.Sprintf("{%s%s, %sGrad%s}", u.stem(), m.suffix(), u.stem(), m.suffix())
		if u.name == "Sin" || u.name == "Cos" { // of arguments that their reduction bears
			row = fmt.Sprintf("nearZero(unaryKernel%s, unary[device.%s], folds%s)", row, u.name, m.suffix())
		}
		fmt.Fprintf(&b, "device.%s: %s,\n", u.name, row)
	}
	fmt.Fprintf(&b, "device.SELU: {elu%s, eluGrad%s},\n}\n", m.suffix(), m.suffix())
	return b.String()
}

// stem is the name in lower case: reLU, geluTanh.
func (u unary) stem() string { return lowerFirst(u.name) }

var unaries = []unary{
	{"ReLU",
		func(k *kernel, x *value) *value { return x.atLeast(k.c(0)) },
		func(k *kernel, dy, y *value) *value { return y.above(k.c(0)).keep(dy) }},
	{"LeakyReLU",
		func(k *kernel, x *value) *value { return x.above(k.c(0)).pick(x, x.mul(k.a)) },
		func(k *kernel, dy, x *value) *value { return x.above(k.c(0)).pick(dy, dy.mul(k.a)) }},
	{"ELU", // a x above 0, else b (eˣ-1)
		func(k *kernel, x *value) *value {
			return x.above(k.c(0)).pick(x.mul(k.a), x.atLeast(k.c(-25)).expm1().mul(k.b))
		},
		func(k *kernel, dy, x *value) *value {
			return x.above(k.c(0)).pick(k.a, x.atMost(k.c(0)).expOfNegative().mul(k.b)).mul(dy)
		}},
	{"GELU",
		func(k *kernel, x *value) *value {
			a := x.abs().atMost(k.c(15)).as("|x|")
			e, p := a.gauss(0.5)
			tail := p.mul(a.tail(1)).as("tail")
			// The left is scaled last, since its tail alone may be denormal.
			left := e.of(x.atLeast(k.c(-15)).mul(tail))
			right := k.c(1).sub(e.of(tail)).mul(x)
			return x.above(k.c(0)).pick(right, left)
		},
		func(k *kernel, dy, x *value) *value {
			a := x.abs().atMost(k.c(15)).as("|x|")
			e, p := a.gauss(0.5)
			bell := e.of(p).as("bell")
			tail := bell.mul(a.tail(1))
			cdf := x.above(k.c(0)).pick(k.c(1).sub(tail), tail).as("cdf")
			return bell.mul(k.c(1/math.Sqrt(2*math.Pi))).fma(x, cdf).mul(dy)
		}},
	{"GELUTanh",
		func(k *kernel, x *value) *value { return x.atLeast(k.c(-12)).timesSigmoid(geluArgument) },
		func(k *kernel, dy, x *value) *value {
			x = x.atLeast(k.c(-12)).atMost(k.c(12)).as("x")
			s, rest := geluArgument(x).sigmoid()
			slope := x.mul(x).fma(k.c(3*geluSlope*geluCubic), k.c(geluSlope))
			return x.mul(s).mul(rest).fma(slope, s).mul(dy)
		}},
	{"SiLU",
		func(k *kernel, x *value) *value {
			return x.atLeast(k.c(-120)).timesSigmoid(func(x *value) *value { return x })
		},
		func(k *kernel, dy, x *value) *value {
			s, rest := x.sigmoid()
			return s.mul(x.fma(rest, k.c(1))).mul(dy)
		}},
	{"Mish",
		func(k *kernel, x *value) *value {
			e, p := x.atLeast(k.c(-120)).atMost(k.c(40)).expParts()
			power := e.of(p).as("e")
			further := power.add(k.c(2)).as("e+2")
			return e.of(further.div(power.fma(further, k.c(2))).mul(p).mul(x.atLeast(k.c(-120))))
		},
		func(k *kernel, dy, x *value) *value {
			x = x.atLeast(k.c(-120)).atMost(k.c(40)).as("x")
			e := x.exp().as("e")
			n := e.mul(e.add(k.c(2))).as("n")
			q := k.c(1).div(n.add(k.c(2))).as("q")
			slope := e.add(k.c(1)).mul(q).mul(e.mul(q)).mul(k.c(4))
			return slope.fma(x, n.mul(q)).mul(dy)
		}},
	{"Sigmoid",
		func(k *kernel, x *value) *value {
			s, _ := x.sigmoid()
			return s
		},
		func(k *kernel, dy, y *value) *value { return k.c(1).sub(y).mul(y).mul(dy) }},
	{"Tanh", // of |x|: -m/(m+2) with m = e^(-2|x|)-1
		func(k *kernel, x *value) *value {
			m := x.abs().atMost(k.c(10)).mul(k.c(-2)).expm1()
			return m.div(m.add(k.c(2))).abs().withSign(x)
		},
		func(k *kernel, dy, y *value) *value {
			return k.c(1).sub(y).mul(k.c(1).add(y)).mul(dy)
		}},
	{"Softplus",
		func(k *kernel, x *value) *value {
			return x.abs().neg().expOfNegative().log1p().add(x.atLeast(k.c(0)))
		},
		func(k *kernel, dy, x *value) *value {
			s, _ := x.sigmoid()
			return s.mul(dy)
		}},
	{"Softsign",
		func(k *kernel, x *value) *value { return x.div(x.abs().add(k.c(1))) },
		func(k *kernel, dy, x *value) *value {
			r := k.c(1).div(x.abs().add(k.c(1))).as("r")
			return r.mul(r).mul(dy)
		}},
	{"HardSigmoid",
		func(k *kernel, x *value) *value { return x.hardSigmoid() },
		func(k *kernel, dy, x *value) *value {
			return x.above(k.c(-3)).keep(k.c(3).above(x).keep(dy.mul(k.c(1. / 6))))
		}},
	{"HardSwish",
		func(k *kernel, x *value) *value { return x.hardSigmoid().mul(x) },
		func(k *kernel, dy, x *value) *value {
			inner := k.c(3).above(x).pick(x.fma(k.c(1./3), k.c(0.5)), k.c(1))
			return x.above(k.c(-3)).keep(inner).mul(dy)
		}},
	{"ReLU6",
		func(k *kernel, x *value) *value { return x.atLeast(k.c(0)).atMost(k.c(6)) },
		func(k *kernel, dy, x *value) *value { return x.above(k.c(0)).keep(k.c(6).above(x).keep(dy)) }},
	{"Exp",
		func(k *kernel, x *value) *value { return x.exp() },
		func(k *kernel, dy, y *value) *value { return dy.mul(y) }},
	{"Log",
		func(k *kernel, x *value) *value { return x.log() },
		func(k *kernel, dy, x *value) *value { return dy.div(x) }},
	{"Sqrt",
		func(k *kernel, x *value) *value { return x.sqrt() },
		func(k *kernel, dy, y *value) *value { return dy.mul(k.c(0.5)).div(y) }},
	{"Rsqrt",
		func(k *kernel, x *value) *value { return k.c(1).div(x.sqrt()) },
		func(k *kernel, dy, x *value) *value { return k.c(-0.5).div(x.sqrt()).div(x).mul(dy) }},
	{"Square",
		func(k *kernel, x *value) *value { return x.mul(x) },
		func(k *kernel, dy, x *value) *value { return x.add(x).mul(dy) }},
	{"Abs",
		func(k *kernel, x *value) *value { return x.abs() },
		func(k *kernel, dy, x *value) *value {
			return x.above(k.c(0)).pick(dy, k.c(0).above(x).keep(dy.neg()))
		}},
	{"Neg",
		func(k *kernel, x *value) *value { return x.neg() },
		func(k *kernel, dy, _ *value) *value { return dy.neg() }},
	{"Reciprocal",
		func(k *kernel, x *value) *value { return k.c(1).div(x) },
		func(k *kernel, dy, y *value) *value { return dy.neg().mul(y).mul(y) }},
	{"Sin",
		func(k *kernel, x *value) *value { return x.sinCos(0) },
		func(k *kernel, dy, x *value) *value { return x.sinCos(1).mul(dy) }},
	{"Cos",
		func(k *kernel, x *value) *value { return x.sinCos(1) },
		func(k *kernel, dy, x *value) *value { return x.sinCos(0).neg().mul(dy) }},
	{"Erf",
		func(k *kernel, x *value) *value { return x.erf() },
		func(k *kernel, dy, x *value) *value {
			e, p := x.abs().atMost(k.c(11)).gauss(1)
			return e.of(p.mul(k.c(2 / math.SqrtPi))).mul(dy)
		}},
	{"Clamp",
		func(k *kernel, x *value) *value { return x.atLeast(k.a).atMost(k.b) },
		func(k *kernel, dy, x *value) *value {
			return k.a.above(x).pick(k.c(0), x.above(k.b).pick(k.c(0), dy))
		}},
	{"Affine",
		func(k *kernel, x *value) *value { return x.fma(k.a, k.b) },
		func(k *kernel, dy, _ *value) *value { return dy.mul(k.a) }},
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
