package sim_test

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver/sim"
)

// runWarp runs statements on one warp, in which a is x[lane] and l the lane, and
// returns each lane's d.
func runWarp(t testing.TB, text string, x []uint32) []uint32 {
	m := loadText(t, sim.Options{}, []byte(`
.version 8.0
.target sm_80
.address_size 64
.visible .entry run(.param .u64 to, .param .u64 from)
{
	.reg .pred p, q;
	.reg .b32 a, b, c, d, l;
	.reg .b64 x, y, z;
	.shared .align 16 .b8 s[1024];
	ld.param.u64 y, [to];
	ld.param.u64 x, [from];
	mov.u32 l, %laneid;
	mul.wide.u32 z, l, 4;
	add.s64 x, x, z;
	add.s64 y, y, z;
	ld.global.u32 a, [x];
	`+text+`
	st.global.u32 [y], d;
	ret;
}`))
	in, out := m.words(32, x...), m.words(32)
	require.NoError(t, m.launch("run", 1, 32, out, in))
	return m.read(out, 32)
}

func TestWarp(t *testing.T) {
	x := make([]uint32, 32)
	r := rand.New(rand.NewPCG(7, 8))
	for i := range x {
		x[i] = r.Uint32N(1000)
	}
	sum, odd := uint32(0), uint32(0)
	for i, v := range x {
		sum += v
		odd |= v & 1 << i
	}
	for _, c := range []struct {
		text string
		want func(l int) uint32
	}{
		{"shfl.sync.down.b32 d, a, 3, 31, -1;", func(l int) uint32 { return x[either(l+3 < 32, l+3, l)] }},
		{"shfl.sync.up.b32 d, a, 5, 0, -1;", func(l int) uint32 { return x[either(l >= 5, l-5, l)] }},
		{"shfl.sync.bfly.b32 d, a, 16, 31, -1;", func(l int) uint32 { return x[l^16] }},
		{"shfl.sync.idx.b32 d, a, 9, 31, -1;", func(l int) uint32 { return x[9] }},
		{"shfl.sync.idx.b32 d, a, 2, 0x181f, -1;", func(l int) uint32 { return x[l&^7|2] }},                                // segments of 8
		{"shfl.sync.down.b32 d, a, 3, 0x181f, -1;", func(l int) uint32 { return x[either(l%8+3 < 8, l+3, l)] }},            // segments of 8
		{"shfl.sync.down.b32 d|p, a, 1, 31, -1; selp.b32 d, 1, 0, p;", func(l int) uint32 { return uint32(min(31-l, 1)) }}, // in range
		{"and.b32 b, a, 1; setp.eq.s32 p, b, 1; vote.sync.ballot.b32 d, p, -1;", func(int) uint32 { return odd }},
		{"setp.lt.u32 p, l, 7; vote.sync.any.pred q, p, -1; selp.b32 d, 1, 0, q;", func(int) uint32 { return 1 }},
		{"setp.lt.u32 p, l, 7; vote.sync.all.pred q, p, -1; selp.b32 d, 1, 0, q;", func(int) uint32 { return 0 }},
		{"redux.sync.add.u32 d, a, -1;", func(int) uint32 { return sum }},
		{"activemask.b32 d;", func(int) uint32 { return 0xffffffff }},
		{"mov.u32 d, %lanemask_lt;", func(l int) uint32 { return 1<<l - 1 }},
		{"setp.lt.u32 p, l, 7; bar.red.popc.u32 d, 0, p;", func(int) uint32 { return 7 }},
		{"setp.lt.u32 p, l, 7; bar.red.or.pred q, 0, p; selp.b32 d, 1, 0, q;", func(int) uint32 { return 1 }},
		{"setp.lt.u32 p, l, 7; bar.red.and.pred q, 0, !p; selp.b32 d, 1, 0, q;", func(int) uint32 { return 0 }},
		{"mov.u32 d, 1; setp.lt.u32 p, l, 7; @p bra one; mov.u32 d, 2; setp.gt.u32 p, l, 20; @!p bra one; mov.u32 d, 3; one: add.s32 d, d, 4;",
			func(l int) uint32 { return uint32(either(l < 7, 5, either(l > 20, 7, 6))) }},
		{"mov.u32 d, 0; loop: setp.ge.u32 p, d, l; @p bra end; add.s32 d, d, 1; bra loop; end:", func(l int) uint32 { return uint32(l) }},
	} {
		got := runWarp(t, c.text, x)
		for l := range got {
			require.Equal(t, c.want(l), got[l], "%s, lane %d", c.text, l)
		}
	}
}

func either(which bool, a, b int) int {
	if which {
		return a
	}
	return b
}

// Atomics return what was there before, lane after lane.
func TestAtomics(t *testing.T) {
	x := make([]uint32, 32)
	for i := range x {
		x[i] = uint32(i*7%32) + 1
	}
	for name, f := range map[string]func(old, b uint32) uint32{
		"add.u32": func(old, b uint32) uint32 { return old + b }, "max.u32": func(old, b uint32) uint32 { return max(old, b) },
		"min.s32": func(old, b uint32) uint32 { return uint32(min(int32(old), int32(b))) }, "exch.b32": func(_, b uint32) uint32 { return b },
		"or.b32": func(old, b uint32) uint32 { return old | b }, "and.b32": func(old, b uint32) uint32 { return old & b },
	} {
		for _, space := range []string{"shared", "global"} {
			at := map[string]string{"shared": "[s]", "global": "[z]"}[space]
			got := runWarp(t, `
				ld.param.u64 z, [from];
				setp.eq.u32 p, l, 0;
				@p st.shared.u32 [s], 12;
				@p st.global.u32 [z], 12;
				bar.sync 0;
				atom.`+space+"."+name+" d, "+at+", a;", x)
			old := uint32(12)
			for l := range got {
				require.Equal(t, old, got[l], "%s %s, lane %d", space, name, l)
				old = f(old, x[l])
			}
		}
	}
	got := runWarp(t, "ld.param.u64 z, [from]; bar.warp.sync -1; atom.global.cas.b32 d, [z], l, 99;", make([]uint32, 32))
	require.Equal(t, uint32(0), got[0])
	require.Equal(t, uint32(99), got[1])
}

// Lane l of ldmatrix gets the elements 2(l%4) and the next of row l/4; with
// trans, of the transpose.
func TestLoadMatrix(t *testing.T) {
	x := make([]uint32, 32)
	for i := range x {
		x[i] = uint32(2*i) | uint32(2*i+1)<<16 // element (row, column) is 8 row + column
	}
	load := func(trans string) []uint32 {
		return runWarp(t, `
			mov.u32 b, s;
			shl.b32 c, l, 2;
			add.s32 c, b, c;
			st.shared.u32 [c], a;
			bar.sync 0;
			and.b32 c, l, 7;
			shl.b32 c, c, 4;
			add.s32 c, b, c;
			ldmatrix.sync.aligned.m8n8.x1`+trans+`.shared.b16 {d}, [c];`, x)
	}
	require.Equal(t, x, load(""))
	for l, v := range load(".trans") {
		require.Equal(t, uint32(8*(l%4*2)+l/4)|uint32(8*(l%4*2+1)+l/4)<<16, v, "lane %d", l)
	}
}

// mma adds the product of two small matrices of integers, which is exact.
func TestMatrixMultiply(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var a [16][16]int
	var b [16][8]int
	for i := range a {
		for j := range a[i] {
			a[i][j] = r.IntN(9) - 4
		}
		for j := range b[i] {
			b[i][j] = r.IntN(9) - 4
		}
	}
	two := func(lo, hi int) uint32 { // as bfloat16
		return uint32(rf32(float32(lo)))>>16 | uint32(rf32(float32(hi)))&0xffff0000
	}
	fragment := func(l int) []uint32 { // of a and b
		g, q := l/4, l%4*2
		return []uint32{two(a[g][q], a[g][q+1]), two(a[g+8][q], a[g+8][q+1]), two(a[g][q+8], a[g][q+9]), two(a[g+8][q+8], a[g+8][q+9]),
			two(b[q][g], b[q+1][g]), two(b[q+8][g], b[q+9][g])}
	}
	for i := range 4 {
		got := runWarp(t, multiplyText(i, fragment), make([]uint32, 32))
		for l := range got {
			row, column := l/4+i/2*8, l%4*2+i%2
			want := l // c
			for k := range 16 {
				want += a[row][k] * b[k][column]
			}
			require.Equal(t, float32(want), f32(uint64(got[l])), "register %d, lane %d", i, l)
		}
	}
}

// multiplyText sets the fragments lane by lane, multiplies, and keeps register i.
func multiplyText(i int, fragment func(l int) []uint32) string {
	var s strings.Builder
	s.WriteString(".reg .b32 %a<6>, %c<4>;\n")
	for l := range 32 {
		fmt.Fprintf(&s, "setp.eq.u32 p, l, %d;\n", l)
		for j, v := range fragment(l) {
			fmt.Fprintf(&s, "@p mov.b32 %%a%d, %d;\n", j, v)
		}
	}
	for j := range 4 {
		fmt.Fprintf(&s, "cvt.rn.f32.u32 %%c%d, l;\n", j)
	}
	s.WriteString("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%c0,%c1,%c2,%c3}, {%a0,%a1,%a2,%a3}, {%a4,%a5}, {%c0,%c1,%c2,%c3};\n")
	fmt.Fprintf(&s, "mov.b32 d, %%c%d;\n", i)
	return s.String()
}

// Narrow and vector accesses, the sign of narrow loads, local memory, and what
// cp.async leaves out.
func TestAccesses(t *testing.T) {
	x := make([]uint32, 32)
	for i := range x {
		x[i] = bits.Reverse32(uint32(i + 1))
	}
	for _, c := range []struct {
		text string
		want func(l int) uint32
	}{
		{"ld.global.u8 d, [x+3];", func(l int) uint32 { return x[l] >> 24 }},
		{"ld.global.s8 d, [x+3];", func(l int) uint32 { return uint32(int32(x[l]) >> 24) }},
		{"ld.global.u16 d, [x+2];", func(l int) uint32 { return x[l] >> 16 }},
		{"ld.global.s32 z, [x]; shr.u64 z, z, 32; cvt.u32.u64 d, z;", func(l int) uint32 { return uint32(int32(x[l]) >> 31) }},
		{"and.b32 b, l, 28; mul.wide.u32 z, b, 4; ld.param.u64 x, [from]; add.s64 x, x, z; ld.global.v4.u32 {_, b, _, d}, [x]; add.s32 d, d, b;",
			func(l int) uint32 { return x[l&^3|1] + x[l|3] }},
		{".local .align 4 .b8 m[8]; st.local.u32 [m+4], a; ld.local.u16 d, [m+6];", func(l int) uint32 { return x[l] >> 16 }},
		{"mov.u64 z, s; cvta.shared.u64 z, z; mul.wide.u32 x, l, 4; add.s64 z, z, x; st.u32 [z], a; ld.u32 d, [z];", func(l int) uint32 { return x[l] }},
		{"mov.u32 b, s; shl.b32 c, l, 2; add.s32 b, b, c; cp.async.ca.shared.global [b], [x], 4, 2; cp.async.wait_all; ld.shared.u32 d, [b];",
			func(l int) uint32 { return x[l] & 0xffff }},
	} {
		got := runWarp(t, c.text, x)
		for l := range got {
			require.Equal(t, c.want(l), got[l], "%s, lane %d", c.text, l)
		}
	}
}
