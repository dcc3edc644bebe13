package sim_test

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/sim"
)

// An op is an instruction and the same in Go. Registers are 64-bit words here,
// zero-extended; sources are a, b and c, as many as the instruction has.
type op struct {
	text string // with operands d, a, b, c, p
	want func(a, b, c uint64) uint64
}

func u32(v uint64) uint32  { return uint32(v) }
func s32(v uint64) int32   { return int32(v) }
func f32(v uint64) float32 { return math.Float32frombits(uint32(v)) }
func f64(v uint64) float64 { return math.Float64frombits(v) }

func r32(v uint32) uint64   { return uint64(v) }
func rs32(v int32) uint64   { return uint64(uint32(v)) }
func rf32(v float32) uint64 { return uint64(math.Float32bits(v)) }
func rf64(v float64) uint64 { return math.Float64bits(v) }

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// check runs each instruction on pairs and triples of words and compares. size
// is the bytes of a register; setp sets the predicate p, which becomes 0 or 1.
func check(t *testing.T, size int, words []uint64, ops []op) {
	for _, o := range ops {
		t.Run(strings.Fields(o.text)[0], func(t *testing.T) {
			a, b, c := triples(words)
			got := runOp(t, size, o.text, a, b, c)
			for i := range got {
				want := o.want(a[i], b[i], c[i])
				if size == 4 {
					want = uint64(uint32(want))
				}
				if isNaN(size, want) && isNaN(size, got[i]) && strings.Contains(o.text, "f") {
					continue
				}
				require.Equal(t, want, got[i], "%s of %#x, %#x, %#x", o.text, a[i], b[i], c[i])
			}
		})
	}
}

func isNaN(size int, v uint64) bool {
	if size == 4 {
		return f32(v) != f32(v)
	}
	return f64(v) != f64(v)
}

// triples are all pairs of the words, with a third that moves along.
func triples(words []uint64) (a, b, c []uint64) {
	for i := range words {
		for j := range words {
			a, b, c = append(a, words[i]), append(b, words[j]), append(c, words[(i+3*j)%len(words)])
		}
	}
	return a, b, c
}

// opText is a kernel for an instruction on operands of so many bits.
const opText = `
.version 8.0
.target sm_80
.address_size 64
.visible .entry run(.param .u64 to, .param .u64 from, .param .u32 n)
{
	.reg .pred %%p<2>, p, q;
	.reg .b%[1]d d, a, b, c;
	.reg .b32 %%r<8>;
	.reg .b64 %%rd<8>;
	ld.param.u64 %%rd1, [to];
	ld.param.u64 %%rd2, [from];
	ld.param.u32 %%r1, [n];
	mov.u32 %%r2, %%ctaid.x;
	mov.u32 %%r3, %%tid.x;
	mad.lo.s32 %%r4, %%r2, 64, %%r3;
	setp.ge.u32 %%p1, %%r4, %%r1;
	@%%p1 bra end;
	mul.wide.u32 %%rd3, %%r4, 24;
	add.s64 %%rd4, %%rd2, %%rd3;
	ld.global.b%[1]d a, [%%rd4];
	ld.global.b%[1]d b, [%%rd4+8];
	ld.global.b%[1]d c, [%%rd4+16];
	mov.pred p, 0;
	mov.b%[1]d d, 0;
	%[2]s
	@p mov.b%[1]d d, 1;
	mul.wide.u32 %%rd5, %%r4, 8;
	add.s64 %%rd6, %%rd1, %%rd5;
	st.global.b%[1]d [%%rd6], d;
end:
	ret;
}`

// runOp runs one instruction on every triple.
func runOp(t testing.TB, size int, text string, a, b, c []uint64) []uint64 {
	m := loadText(t, sim.Options{}, []byte(fmt.Sprintf(opText, 8*size, text)))
	var from []uint32
	for i := range a {
		for _, v := range []uint64{a[i], b[i], c[i]} {
			from = append(from, uint32(v), uint32(v>>32))
		}
	}
	in, out := m.words(len(from), from...), m.words(2*len(a))
	require.NoError(t, m.Fill(out, 0, 2*len(a), 0))
	require.NoError(t, m.launch("run", (len(a)+63)/64, 64, out, in, uint32(len(a))))
	got := m.read(out, 2*len(a))
	results := make([]uint64, len(a))
	for i := range results {
		results[i] = uint64(got[2*i]) | uint64(got[2*i+1])<<32
	}
	return results
}

var integers32 = []uint64{0, 1, 2, 3, 7, 31, 32, 33, 255, 1000, 0x7fff, 0x8000, 0xffff, 0x12345678, 0x7fffffff, 0x80000000, 0x80000001, 0xdeadbeef, 0xfffffffe, 0xffffffff}

func TestInteger32(t *testing.T) { check(t, 4, integers32, ops32) }

var ops32 = []op{
	{"add.s32 d, a, b;", func(a, b, c uint64) uint64 { return a + b }},
	{"sub.s32 d, a, b;", func(a, b, c uint64) uint64 { return a - b }},
	{"mul.lo.s32 d, a, b;", func(a, b, c uint64) uint64 { return a * b }},
	{"mul.hi.u32 d, a, b;", func(a, b, c uint64) uint64 { hi, _ := bits.Mul32(u32(a), u32(b)); return r32(hi) }},
	{"mul.hi.s32 d, a, b;", func(a, b, c uint64) uint64 { return uint64(int64(s32(a)) * int64(s32(b)) >> 32) }},
	{"mad.lo.s32 d, a, b, c;", func(a, b, c uint64) uint64 { return a*b + c }},
	{"div.u32 d, a, b;", func(a, b, c uint64) uint64 { return quotient(b, func() uint64 { return a / b }) }},
	{"rem.u32 d, a, b;", func(a, b, c uint64) uint64 { return remainder(a, b, func() uint64 { return a % b }) }},
	{"div.s32 d, a, b;", func(a, b, c uint64) uint64 { return quotient(b, func() uint64 { return rs32(s32(a) / s32(b)) }) }},
	{"rem.s32 d, a, b;", func(a, b, c uint64) uint64 { return remainder(a, b, func() uint64 { return rs32(s32(a) % s32(b)) }) }},
	{"min.s32 d, a, b;", func(a, b, c uint64) uint64 { return rs32(min(s32(a), s32(b))) }},
	{"max.u32 d, a, b;", func(a, b, c uint64) uint64 { return max(a, b) }},
	{"neg.s32 d, a;", func(a, b, c uint64) uint64 { return -a }},
	{"abs.s32 d, a;", func(a, b, c uint64) uint64 { return rs32(max(s32(a), -s32(a))) }},
	{"and.b32 d, a, b;", func(a, b, c uint64) uint64 { return a & b }},
	{"or.b32 d, a, b;", func(a, b, c uint64) uint64 { return a | b }},
	{"xor.b32 d, a, b;", func(a, b, c uint64) uint64 { return a ^ b }},
	{"not.b32 d, a;", func(a, b, c uint64) uint64 { return ^a }},
	{"shl.b32 d, a, b;", func(a, b, c uint64) uint64 { return r32(u32(a) << u32(b)) }},
	{"shr.u32 d, a, b;", func(a, b, c uint64) uint64 { return r32(u32(a) >> u32(b)) }},
	{"shr.s32 d, a, b;", func(a, b, c uint64) uint64 { return rs32(s32(a) >> u32(b)) }},
	{"popc.b32 d, a;", func(a, b, c uint64) uint64 { return uint64(bits.OnesCount32(u32(a))) }},
	{"clz.b32 d, a;", func(a, b, c uint64) uint64 { return uint64(bits.LeadingZeros32(u32(a))) }},
	{"brev.b32 d, a;", func(a, b, c uint64) uint64 { return r32(bits.Reverse32(u32(a))) }},
	{"shf.l.wrap.b32 d, a, b, c;", func(a, b, c uint64) uint64 { return (b<<32 | a) << (c & 31) >> 32 }},
	{"shf.r.wrap.b32 d, a, b, c;", func(a, b, c uint64) uint64 { return (b<<32 | a) >> (c & 31) }},
	{"lop3.b32 d, a, b, c, 0xca;", func(a, b, c uint64) uint64 { return a&b | ^a&c }},
	{"lop3.b32 d, a, b, c, 0x96;", func(a, b, c uint64) uint64 { return a ^ b ^ c }},
	{"prmt.b32 d, a, b, 0x7410;", func(a, b, c uint64) uint64 { return b>>24<<24 | b&0xff<<16 | a&0xffff }},
	{"prmt.b32 d, a, b, 0x888f;", func(a, b, c uint64) uint64 {
		return uint64(int64(int8(a>>7&1)*-1))<<8&0xffffff00 | uint64(int64(int8(b>>31&1)*-1))&0xff
	}},
	{"bfi.b32 d, a, b, 8, 4;", func(a, b, c uint64) uint64 { return b&^0xf00 | a&15<<8 }},
	{"bfe.u32 d, a, 4, 12;", func(a, b, c uint64) uint64 { return a >> 4 & 0xfff }},
	{"bfe.s32 d, a, 28, 12;", func(a, b, c uint64) uint64 { return rs32(s32(a) >> 28) }},
	{"cvt.s32.s8 d, a;", func(a, b, c uint64) uint64 { return uint64(int8(a)) }},
	{"cvt.u32.u16 d, a;", func(a, b, c uint64) uint64 { return a & 0xffff }},
	{"cvt.rn.f32.s32 d, a;", func(a, b, c uint64) uint64 { return rf32(float32(s32(a))) }},
	{"cvt.rn.f32.u32 d, a;", func(a, b, c uint64) uint64 { return rf32(float32(u32(a))) }},
	{"setp.lt.s32 p, a, b;", func(a, b, c uint64) uint64 { return truth(s32(a) < s32(b)) }},
	{"setp.le.u32 p, a, b;", func(a, b, c uint64) uint64 { return truth(a <= b) }},
	{"setp.gt.s32 p, a, b;", func(a, b, c uint64) uint64 { return truth(s32(a) > s32(b)) }},
	{"setp.ge.u32 p, a, b;", func(a, b, c uint64) uint64 { return truth(a >= b) }},
	{"setp.eq.s32 p, a, b;", func(a, b, c uint64) uint64 { return truth(a == b) }},
	{"setp.ne.b32 p, a, b;", func(a, b, c uint64) uint64 { return truth(a != b) }},
	{"setp.ne.b32 q, a, c; setp.lt.and.s32 p, a, b, !q;", func(a, b, c uint64) uint64 { return truth(s32(a) < s32(b) && a == c) }},
	{"setp.lt.u32 q|p, a, b;", func(a, b, c uint64) uint64 { return truth(a >= b) }},
	{"setp.lt.u32 q, a, b; selp.b32 d, b, c, q;", func(a, b, c uint64) uint64 {
		if a < b {
			return b
		}
		return c
	}},
}

// Division by zero gives all ones, and the dividend as remainder.
func quotient(b uint64, f func() uint64) uint64 {
	if b == 0 {
		return math.MaxUint64
	}
	return f()
}

func remainder(a, b uint64, f func() uint64) uint64 {
	if b == 0 {
		return a
	}
	return f()
}

func TestInteger64(t *testing.T) {
	words := append(integers32[:10:10], 1<<31, 1<<32, 1<<62, 1<<63, math.MaxInt64, math.MaxUint64, 0x0123456789abcdef)
	check(t, 8, words, []op{
		{"add.s64 d, a, b;", func(a, b, c uint64) uint64 { return a + b }},
		{"mad.lo.s64 d, a, b, c;", func(a, b, c uint64) uint64 { return a*b + c }},
		{"mul.hi.u64 d, a, b;", func(a, b, c uint64) uint64 { hi, _ := bits.Mul64(a, b); return hi }},
		{"div.s64 d, a, b;", func(a, b, c uint64) uint64 { return quotient(b, func() uint64 { return uint64(int64(a) / int64(b)) }) }},
		{"rem.u64 d, a, b;", func(a, b, c uint64) uint64 { return remainder(a, b, func() uint64 { return a % b }) }},
		{"cvt.u32.u64 %r7, b; shl.b64 d, a, %r7;", func(a, b, c uint64) uint64 { return a << u32(b) }},
		{"cvt.u32.u64 %r7, b; shr.s64 d, a, %r7;", func(a, b, c uint64) uint64 { return uint64(int64(a) >> u32(b)) }},
		{"cvt.u32.u64 %r7, a; cvt.s64.s32 d, %r7;", func(a, b, c uint64) uint64 { return uint64(int64(int32(a))) }},
		{"cvt.u32.u64 %r7, a; cvt.u32.u64 %r6, b; mul.wide.s32 d, %r7, %r6;", func(a, b, c uint64) uint64 { return uint64(int64(int32(a)) * int64(int32(b))) }},
		{"cvt.u32.u64 %r7, a; cvt.u32.u64 %r6, b; mad.wide.u32 d, %r7, %r6, c;", func(a, b, c uint64) uint64 { return uint64(uint32(a))*uint64(uint32(b)) + c }},
		{"mov.b64 {%r7, %r6}, a; mov.b64 d, {%r6, %r7};", func(a, b, c uint64) uint64 { return a<<32 | a>>32 }},
		{"bfi.b64 d, a, b, 32, 32;", func(a, b, c uint64) uint64 { return b&0xffffffff | a<<32 }},
		{"cvt.rn.f64.s64 d, a;", func(a, b, c uint64) uint64 { return rf64(float64(int64(a))) }},
		{"setp.lt.s64 p, a, b;", func(a, b, c uint64) uint64 { return truth(int64(a) < int64(b)) }},
		{"setp.gt.u64 p, a, b;", func(a, b, c uint64) uint64 { return truth(a > b) }},
	})
}

// float32s are ordinary numbers, the special ones, subnormals and near ties.
func float32s() []uint64 {
	words := []uint64{0, 1 << 31, 1, 0x80000001, 0x007fffff, 0x00800000, 0x3f800000, 0xbf800000, 0x3f800001, 0x3f7fffff,
		0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0x4b000001, 0x4b800000, 0x3f000000, 0x40200000, 0xc0200000, 0x4f000000, 0x5f000000}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		words = append(words, rf32(float32(r.NormFloat64())))
	}
	return words
}

func TestFloat32(t *testing.T) {
	check(t, 4, float32s(), []op{
		{"add.f32 d, a, b;", func(a, b, c uint64) uint64 { return rf32(f32(a) + f32(b)) }},
		{"sub.rn.f32 d, a, b;", func(a, b, c uint64) uint64 { return rf32(f32(a) - f32(b)) }},
		{"mul.f32 d, a, b;", func(a, b, c uint64) uint64 { return rf32(f32(a) * f32(b)) }},
		{"div.rn.f32 d, a, b;", func(a, b, c uint64) uint64 { return rf32(f32(a) / f32(b)) }},
		{"sqrt.rn.f32 d, a;", func(a, b, c uint64) uint64 { return rf32(float32(math.Sqrt(float64(f32(a))))) }},
		{"rcp.rn.f32 d, a;", func(a, b, c uint64) uint64 { return rf32(1 / f32(a)) }},
		{"neg.f32 d, a;", func(a, b, c uint64) uint64 { return a ^ 1<<31 }},
		{"abs.f32 d, a;", func(a, b, c uint64) uint64 { return a &^ (1 << 31) }},
		{"copysign.f32 d, a, b;", func(a, b, c uint64) uint64 { return rf32(float32(math.Copysign(float64(f32(b)), float64(f32(a))))) }},
		{"min.f32 d, a, b;", func(a, b, c uint64) uint64 { return number(a, b, min(f32(a), f32(b))) }},
		{"max.f32 d, a, b;", func(a, b, c uint64) uint64 { return number(a, b, max(f32(a), f32(b))) }},
		{"max.NaN.f32 d, a, b;", func(a, b, c uint64) uint64 { return rf32(max(f32(a), f32(b))) }},
		{"cvt.rni.f32.f32 d, a;", func(a, b, c uint64) uint64 { return rf32(float32(math.RoundToEven(float64(f32(a))))) }},
		{"cvt.rmi.f32.f32 d, a;", func(a, b, c uint64) uint64 { return rf32(float32(math.Floor(float64(f32(a))))) }},
		{"cvt.rzi.f32.f32 d, a;", func(a, b, c uint64) uint64 { return rf32(float32(math.Trunc(float64(f32(a))))) }},
		{"cvt.sat.f32.f32 d, a;", func(a, b, c uint64) uint64 { return rf32(max(0, number32(a, min(f32(a), 1)))) }},
		{"cvt.rzi.s32.f32 d, a;", func(a, b, c uint64) uint64 { return clamp(math.Trunc(float64(f32(a)))) }},
		{"cvt.rni.s32.f32 d, a;", func(a, b, c uint64) uint64 { return clamp(math.RoundToEven(float64(f32(a)))) }},
		{"setp.lt.f32 p, a, b;", func(a, b, c uint64) uint64 { return truth(f32(a) < f32(b)) }},
		{"setp.ne.f32 p, a, b;", func(a, b, c uint64) uint64 { return truth(f32(a) < f32(b) || f32(a) > f32(b)) }},
		{"setp.neu.f32 p, a, b;", func(a, b, c uint64) uint64 { return truth(f32(a) != f32(b)) }},
		{"setp.geu.f32 p, a, b;", func(a, b, c uint64) uint64 { return truth(!(f32(a) < f32(b))) }},
		{"setp.leu.f32 p, a, b;", func(a, b, c uint64) uint64 { return truth(!(f32(a) > f32(b))) }},
		{"setp.nan.f32 p, a, b;", func(a, b, c uint64) uint64 { return truth(f32(a) != f32(a) || f32(b) != f32(b)) }},
		{"setp.num.f32 p, a, b;", func(a, b, c uint64) uint64 { return truth(f32(a) == f32(a) && f32(b) == f32(b)) }},
	})
}

// number is v unless a or b is no number: then it is the other.
func number(a, b uint64, v float32) uint64 {
	switch {
	case f32(a) != f32(a):
		return b
	case f32(b) != f32(b):
		return a
	}
	return rf32(v)
}

func number32(a uint64, v float32) float32 {
	if f32(a) != f32(a) {
		return 0
	}
	return v
}

// clamp is the int32 nearest to a rounded value; NaN gives 0.
func clamp(f float64) uint64 {
	if f != f {
		return 0
	}
	return rs32(int32(max(math.MinInt32, min(math.MaxInt32, f))))
}

// Approximate functions are exact here to one rounding of the float64 function.
func TestApproximate(t *testing.T) {
	positive := []uint64{rf32(0.1), rf32(1), rf32(2.5), rf32(100), rf32(1e10)}
	for name, f := range map[string]func(float64) float64{
		"ex2": math.Exp2, "lg2": math.Log2, "sin": math.Sin, "cos": math.Cos, "tanh": math.Tanh, "sqrt": math.Sqrt,
		"rsqrt": func(x float64) float64 { return 1 / math.Sqrt(x) },
		"rcp":   func(x float64) float64 { return 1 / x },
	} {
		check(t, 4, positive, []op{{name + ".approx.f32 d, a;", func(a, b, c uint64) uint64 { return rf32(float32(f(float64(f32(a))))) }}})
	}
	check(t, 4, []uint64{rf32(-130), rf32(3), 1, 0}, []op{
		{"ex2.approx.ftz.f32 d, a;", func(a, b, c uint64) uint64 {
			if f32(a) == -130 {
				return 0 // a subnormal
			}
			return rf32(float32(math.Exp2(float64(f32(a)))))
		}},
	})
}

func TestFloat64(t *testing.T) {
	words := []uint64{rf64(0), rf64(1), rf64(-1.5), rf64(math.Pi), rf64(1e300), rf64(math.Inf(1)), rf64(math.NaN()), rf64(1e-310)}
	check(t, 8, words, []op{
		{"add.f64 d, a, b;", func(a, b, c uint64) uint64 { return rf64(f64(a) + f64(b)) }},
		{"mul.f64 d, a, b;", func(a, b, c uint64) uint64 { return rf64(f64(a) * f64(b)) }},
		{"div.rn.f64 d, a, b;", func(a, b, c uint64) uint64 { return rf64(f64(a) / f64(b)) }},
		{"fma.rn.f64 d, a, b, c;", func(a, b, c uint64) uint64 { return rf64(math.FMA(f64(a), f64(b), f64(c))) }},
		{"sqrt.rn.f64 d, a;", func(a, b, c uint64) uint64 { return rf64(math.Sqrt(f64(a))) }},
		{"cvt.rn.f32.f64 %r7, a; cvt.f64.f32 d, %r7;", func(a, b, c uint64) uint64 { return rf64(float64(float32(f64(a)))) }},
		{"setp.lt.f64 p, a, b;", func(a, b, c uint64) uint64 { return truth(f64(a) < f64(b)) }},
	})
}

// bfloat16 is the high half of a float32, rounded to nearest even.
func TestBFloat16(t *testing.T) {
	words := []uint64{rf32(1), rf32(-2.5), 0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x7f800000, 0x00000001, 0x80008000, rf32(3.14159)}
	check(t, 4, words, []op{
		{".reg .b16 h; cvt.rn.bf16.f32 h, a; mov.b32 d, {0, h};", func(a, b, c uint64) uint64 { return round16(a) << 16 }},
		{"cvt.rn.bf16x2.f32 d, a, b;", func(a, b, c uint64) uint64 { return round16(a)<<16 | round16(b) }},
		{".reg .b16 l, h; mov.b32 {l, h}, a; mov.b32 d, {h, l};", func(a, b, c uint64) uint64 { return a<<16 | a>>16 }},
	})
}

func round16(a uint64) uint64 { return (a + 0x7fff + a>>16&1) >> 16 }

// An instruction that is not known fails at load, by name and line.
func TestUnknownInstruction(t *testing.T) {
	c, err := sim.New(sim.Options{}).Open(0)
	require.NoError(t, err)
	for _, in := range []string{"frobnicate.b32 d, a;", "add.sat.s32 d, a, b;", "bar.sync 1;", "bar.sync 0, 32;",
		"atom.global.add.f32 d, [%rd1], a;", "wgmma.fence.sync.aligned;", "mov.u32 d, %clock;", "call f;", "ld.global.v3.f32 d, [%rd1];"} {
		_, err := c.Load([]byte(".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k()\n{\n.reg .b32 d, a, b;\n.reg .b64 %rd<2>;\n" + in + "\nret;\n}\n"))
		require.ErrorContains(t, err, "line 8", in)
		require.ErrorContains(t, err, strings.TrimSuffix(strings.Fields(in)[0], ";"))
	}
}

// Whatever the text, Load returns a module or an error.
func FuzzLoad(f *testing.F) {
	for _, in := range []string{"mov.b64 {a, b}, %rd1;", "ld.global.v2.u32 {a, _}, [%rd1];", "setp.lt.and.s32 p|p, a, b, !p;",
		"shfl.sync.down.b32 a|p, b, 1, 31, -1;", "atom.shared.cas.b32 a, [b], 1, 2;", "@!p bra x; x: bar.sync 0;", "cvt.rzi.s32.f32 a, b;",
		"cp.async.cg.shared.global [a], [%rd1], 16, b;", "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {a, b}, [a];", "setp;", "atom.u32;", "mov.b32 {}, a;"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		c, err := sim.New(sim.Options{}).Open(0)
		require.NoError(t, err)
		m, err := c.Load([]byte(".entry k() { .reg .pred p; .reg .b32 a, b; .reg .b64 %rd<2>; .shared .b8 s[8]; " + in + " }"))
		if err != nil {
			var e *driver.Error
			require.ErrorAs(t, err, &e)
			return
		}
		require.NoError(t, c.Unload(m))
	})
}
