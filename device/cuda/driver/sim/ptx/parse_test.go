package ptx_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

const small = `
// a comment
.version 8.4
.target sm_80, debug
.address_size 64
.global .align 4 .b8 table[6] = {1, 0x2, 3};
.const .u32 two = 2;
.extern .shared .align 16 .b8 dynamic[];
.visible .entry k(
	.param .u64 k_0,
	.param .u32 k_1,
	.param .align 8 .b8 k_2[12]
)
.maxntid 16, 4, 1
{
	.reg .pred %p<2>;
	.reg .b32 %r<4>, one;
	.shared .align 4 .b8 tile[2][8];
	.file 1 "wrong"
}
.file 1 "k.cu"
`

func TestParse(t *testing.T) {
	m, err := ptx.Parse(strings.Replace(small, "\t.file 1 \"wrong\"\n", `
	.loc 1 7 3
	@!%p1 bra $end;
	{
		.reg .b32 %r1;
		mov.b32 {%r1, _}, %r3;
	}
	.loc 1 9 1, function_name $L_str + 4, inlined_at 1 8 2
	ld.global.v2.f32 {%r1, %r2}, [table+-8];
	setp.lt.f32 %p0|%p1, 0f3F800000, %tid.x;
	add.s32 one, -1, 0d4000000000000000;
$end:
	ret;
`, 1))
	require.NoError(t, err)
	require.Equal(t, "8.4", m.Version)
	require.Equal(t, "sm_80", m.Target)
	require.Equal(t, "k.cu", m.Files[1])
	require.Len(t, m.Variables, 3)
	require.Equal(t, []byte{1, 2, 3}, m.Variables[0].Init)
	require.Equal(t, 6, m.Variables[0].Size)
	require.Equal(t, []byte{2, 0, 0, 0}, m.Variables[1].Init)
	require.True(t, m.Variables[2].Extern)
	require.Len(t, m.Kernels, 1)
	checkKernel(t, m.Kernels[0])
}

func checkKernel(t *testing.T, k *ptx.Kernel) {
	require.Equal(t, "k", k.Name)
	require.Equal(t, 64, k.MaxThreads)
	require.Equal(t, []int{0, 8, 16}, []int{k.Params[0].Offset, k.Params[1].Offset, k.Params[2].Offset})
	require.Equal(t, 28, k.ParamBytes)
	require.Equal(t, 16, k.Variables[0].Size)
	require.Len(t, k.Registers, 2+4+1+1)
	require.Len(t, k.Code, 6)
	bra, mov, ld, setp, add := k.Code[0], k.Code[1], k.Code[2], k.Code[3], k.Code[4]

	require.Equal(t, 1, bra.Guard)
	require.True(t, bra.GuardNegated)
	require.Equal(t, uint64(5), bra.Operands[0].Value)
	require.Equal(t, 7, bra.SourceLine)
	require.Equal(t, 9, ld.SourceLine)

	inner, outer := mov.Operands[0].Parts[0].Reg, ld.Operands[0].Parts[0].Reg
	require.NotEqual(t, inner, outer, "a register of an inner scope")
	require.Equal(t, ptx.Ignored, mov.Operands[0].Parts[1].Kind)
	require.Equal(t, int64(-8), ld.Operands[1].Offset)
	require.Equal(t, "table", ld.Operands[1].Parts[0].Variable.Name)
	require.Equal(t, ptx.Pair, setp.Operands[0].Kind)
	require.Equal(t, uint64(0x3f800000), setp.Operands[1].Value)
	require.Equal(t, "%tid.x", setp.Operands[2].Name)
	require.Equal(t, ^uint64(0), add.Operands[1].Value)
	require.Equal(t, uint64(0x4000000000000000), add.Operands[2].Value)
}

func TestSyntaxErrors(t *testing.T) {
	for text, want := range map[string]string{
		"nonsense":                                      `line 1: unknown directive "nonsense"`,
		"\n.version":                                    "line 2: the text ends too early",
		".address_size 32":                              `"32" where "64" belongs`,
		`.file 1 "no end`:                               "a string has no end",
		".global .b8 x[999999999999];":                  "is no number up to",
		".global .b64 x[268435456];":                    "more than",
		".global .b8 x[2] = {1, 2, 3};":                 "more values than room",
		".global .zz x;":                                "unknown type .zz",
		".global .align 3 .b8 x;":                       "no power of 2",
		".entry k() { .reg .b32 %r<9999999>; }":         "more registers than",
		".entry k() { .reg .b32 %r<900>, %s<900>; }":    "more registers than",
		".entry k() { bra nowhere; }":                   `unknown name "nowhere"`,
		".entry k() { @x ret; }":                        `"x" is no predicate`,
		".entry k() { ret }":                            `unexpected "}"`,
		".entry k() { mov {a}, b; }":                    `unknown name "a"`,
		".entry k() { ret":                              "the text ends too early",
		".entry k() {":                                  "the text ends too early",
		".entry k() { mov x, ;":                         "the text ends too early",
		".entry k() " + strings.Repeat("{", 1000):       "more than 64 scopes",
		".entry k() { mov " + strings.Repeat("[", 1000): "too deep",
		".entry k() { mov " + strings.Repeat("!", 1000): "too deep",
	} {
		m, err := ptx.Parse(text)
		var syntax *ptx.SyntaxError
		require.True(t, errors.As(err, &syntax), "%q", text)
		require.ErrorContains(t, err, want)
		require.Nil(t, m)
	}
}

// Whatever the text, Parse returns a module or an error, and its labels and
// registers are within bounds.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../testdata/*.ptx")
	require.NoError(f, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(string(text[:min(len(text), 6000)]))
	}
	f.Add(small)
	f.Add(".entry k() { @%p bra x; .loc 1 1 1,")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ptx.Parse(text)
		if err != nil {
			return
		}
		for _, k := range m.Kernels {
			for _, in := range k.Code {
				require.Less(t, in.Guard, len(k.Registers))
				for _, o := range in.Operands {
					inBounds(t, k, o)
				}
			}
		}
	})
}

func inBounds(t *testing.T, k *ptx.Kernel, o ptx.Operand) {
	switch o.Kind {
	case ptx.Reg:
		require.Less(t, o.Reg, len(k.Registers))
	case ptx.Label:
		require.LessOrEqual(t, o.Value, uint64(len(k.Code)))
	}
	for _, p := range o.Parts {
		inBounds(t, k, p)
	}
}
