package tile

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// origin is where the memory of a bench begins.
const origin = 0x10000

// A bench is a processor with AMX, whose memory is 8 KiB.
type bench struct {
	Unit
	registers [16]uint64
	memory    [8192]byte
}

func (b *bench) Register(n int) uint64 { return b.registers[n] }

func (b *bench) Read(rows [][]byte, at, stride uint64) bool {
	return b.each(rows, at, stride, func(row, memory []byte) { copy(row, memory) })
}

func (b *bench) Write(rows [][]byte, at, stride uint64) bool {
	return b.each(rows, at, stride, func(row, memory []byte) { copy(memory, row) })
}

func (b *bench) each(rows [][]byte, at, stride uint64, f func(row, memory []byte)) bool {
	for r, row := range rows {
		from := at + uint64(r)*stride - origin
		if from+uint64(len(row)) > uint64(len(b.memory)) {
			return false
		}
		f(row, b.memory[from:][:len(row)])
	}
	return true
}

// does requires that an instruction is done, whole.
func (b *bench) does(t *testing.T, code ...byte) {
	t.Helper()
	length, fault := b.Step(b, code, 0)
	require.Equal(t, None, fault)
	require.Equal(t, len(code), length)
}

// faults requires that it is not, and changes no tile.
func (b *bench) faults(t *testing.T, want Fault, code ...byte) {
	t.Helper()
	before := b.Unit
	length, fault := b.Step(b, code, 0)
	require.Equal(t, want, fault)
	require.Zero(t, length)
	require.Equal(t, before, b.Unit)
}

// Instructions as GNU as 2.40 writes them.
var (
	ldtilecfgRAX  = []byte{0xc4, 0xe2, 0x78, 0x49, 0x00}                   // ldtilecfg [rax]
	sttilecfgRAX  = []byte{0xc4, 0xe2, 0x79, 0x49, 0x00}                   // sttilecfg [rax]
	release       = []byte{0xc4, 0xe2, 0x78, 0x49, 0xc0}                   // tilerelease
	zero5         = []byte{0xc4, 0xe2, 0x7b, 0x49, 0xe8}                   // tilezero tmm5
	load6         = []byte{0xc4, 0xa2, 0x7b, 0x4b, 0x34, 0x17}             // tileloadd tmm6, [rdi+r10]
	load6T1       = []byte{0xc4, 0xa2, 0x79, 0x4b, 0x34, 0x17}             // tileloaddt1 tmm6, [rdi+r10]
	load1Far      = []byte{0xc4, 0xa2, 0x7b, 0x4b, 0x4c, 0xaa, 0x40}       // tileloadd tmm1, [rdx+r13*4+64]
	load1Repeated = []byte{0xc4, 0xe2, 0x7b, 0x4b, 0x0c, 0x23}             // tileloadd tmm1, [rbx]
	store6        = []byte{0xc4, 0xa2, 0x7a, 0x4b, 0x34, 0x17}             // tilestored [rdi+r10], tmm6
	store7        = []byte{0xc4, 0xc2, 0x7a, 0x4b, 0x7c, 0x0d, 0x00}       // tilestored [r13+rcx], tmm7
	dot046        = []byte{0xc4, 0xe2, 0x4a, 0x5c, 0xc4}                   // tdpbf16ps tmm0, tmm4, tmm6
	dot044        = []byte{0xc4, 0xe2, 0x5a, 0x5c, 0xc4}                   // tdpbf16ps tmm0, tmm4, tmm4
	relative      = []byte{0xc4, 0xe2, 0x78, 0x49, 0x05, 0x10, 0, 0, 0}    // ldtilecfg [rip+16]
	load1Absolute = []byte{0xc4, 0xe2, 0x7b, 0x4b, 0x0c, 0xc5, 0, 0, 1, 0} // tileloadd tmm1, [rax*8+0x10000]
)

// shaped is a bench whose tiles have these rows and bytes; the others have 16 of 64.
func shaped(t *testing.T, shapes map[int][2]int) *bench {
	b := &bench{}
	configuration(b.memory[:64], shapes)
	b.registers[0] = origin
	b.does(t, ldtilecfgRAX...)
	return b
}

// configuration writes what LDTILECFG reads.
func configuration(c []byte, shapes map[int][2]int) {
	c[0] = 1
	for n := range 8 {
		shape, ok := shapes[n]
		if !ok {
			shape = [2]int{16, 64}
		}
		c[48+n] = byte(shape[0])
		binary.LittleEndian.PutUint16(c[16+2*n:], uint16(shape[1]))
	}
}

func TestConfigure(t *testing.T) {
	b := shaped(t, map[int][2]int{2: {3, 8}, 5: {0, 0}})
	require.Equal(t, [2]int{3, 8}, [2]int{b.tile[2].rows, b.tile[2].bytes})
	require.Equal(t, [2]int{16, 64}, [2]int{b.tile[7].rows, b.tile[7].bytes})

	b.registers[0] = origin + 100
	b.does(t, sttilecfgRAX...)
	require.Equal(t, b.memory[:64], b.memory[100:164], "told as it was read")

	b.tile[7].row[0][0] = 1
	b.registers[0] = origin
	b.does(t, ldtilecfgRAX...)
	require.Zero(t, b.tile[7].row[0][0], "configuring clears all tiles")

	b.does(t, release...)
	require.Equal(t, Unit{}, b.Unit)
	b.memory[0] = 0
	b.does(t, ldtilecfgRAX...)
	require.Equal(t, Unit{}, b.Unit, "palette 0 is the initial state")
}

func TestConfigureRefuses(t *testing.T) {
	for what, plant := range map[string]func(c []byte){
		"a palette that does not exist":    func(c []byte) { c[0] = 2 },
		"a reserved byte":                  func(c []byte) { c[2] = 1 },
		"a reserved byte before the rows":  func(c []byte) { c[15] = 1 },
		"bytes of a tile that is none":     func(c []byte) { c[32] = 4 },
		"rows of a tile that is none":      func(c []byte) { c[56] = 1 },
		"too many bytes":                   func(c []byte) { c[16] = 65 },
		"too many bytes in the upper byte": func(c []byte) { c[17] = 1 },
		"too many rows":                    func(c []byte) { c[55] = 17 },
		"rows of no bytes":                 func(c []byte) { c[16+2*3] = 0 },
		"bytes without rows":               func(c []byte) { c[48+3] = 0 },
	} {
		t.Run(what, func(t *testing.T) {
			b := shaped(t, nil)
			plant(b.memory[:64])
			b.faults(t, Protection, ldtilecfgRAX...)
		})
	}
	b := &bench{}
	b.registers[0] = origin + 8192 - 63
	b.faults(t, Page, ldtilecfgRAX...)
}

// Addresses: a base, an index, a displacement, and the instruction's own end.
func TestOperands(t *testing.T) {
	b := shaped(t, map[int][2]int{1: {2, 4}})
	for i := range b.memory[64:] {
		b.memory[64+i] = byte(i % 251)
	}
	b.registers[2], b.registers[13] = origin+64, 50 // RDX, R13
	b.does(t, load1Far...)
	require.Equal(t, b.memory[128:132], b.tile[1].row[0][:4])
	require.Equal(t, b.memory[328:332], b.tile[1].row[1][:4])

	b.registers[3] = origin + 70 // RBX
	b.does(t, load1Repeated...)
	require.Equal(t, b.memory[70:74], b.tile[1].row[1][:4], "without an index rows repeat")

	b.registers[0] = 10 // RAX
	b.does(t, load1Absolute...)
	require.Equal(t, b.memory[80:84], b.tile[1].row[1][:4])

	length, fault := b.Step(b, relative, origin-16-uint64(len(relative)))
	require.Equal(t, None, fault)
	require.Equal(t, len(relative), length)
}

func TestLoadAndStore(t *testing.T) {
	b := shaped(t, map[int][2]int{6: {3, 8}})
	for i := range 40 {
		b.memory[1000+i] = byte(1 + i)
	}
	b.registers[7], b.registers[10] = origin+1000, 16 // RDI, R10
	b.tile[6].row[0][63], b.tile[6].row[9][0] = 9, 9
	for _, code := range [][]byte{load6, load6T1} {
		b.does(t, code...)
		want := data{rows: 3, bytes: 8}
		for r := range 3 {
			copy(want.row[r][:8], b.memory[1000+16*r:])
		}
		require.Equal(t, want, b.tile[6], "what is beyond the shape is zero")
	}
	b.registers[7] = origin + 2000
	b.does(t, store6...)
	require.Equal(t, []byte{1, 2, 3, 4, 5, 6, 7, 8, 0, 0}, b.memory[2000:2010])
	require.Equal(t, []byte{33, 34, 35, 36, 37, 38, 39, 40, 0, 0}, b.memory[2032:2042])

	b.registers[13], b.registers[1] = origin+3000, 64 // R13, RCX
	b.does(t, store7...)
	b.does(t, zero5...)
}

func TestLoadAndStoreFault(t *testing.T) {
	b := shaped(t, map[int][2]int{6: {3, 8}, 5: {0, 0}})
	b.registers[7], b.registers[10] = origin+8192-24, 16
	b.faults(t, Page, load6...) // the third row ends 8 bytes late
	b.faults(t, Page, store6...)
	b.faults(t, Undefined, zero5...)

	b.startRow = 3
	b.faults(t, Undefined, load6...)
	b.startRow = 2
	b.registers[7] = origin + 1000
	b.memory[1032] = 7
	b.does(t, load6...)
	require.Equal(t, byte(7), b.tile[6].row[2][0])
	require.Zero(t, b.startRow, "and then it begins at the top again")

	b = shaped(t, map[int][2]int{6: {3, 6}})
	b.faults(t, Undefined, load6...) // no whole words
	b = &bench{}
	for _, code := range [][]byte{load6, store6, zero5, dot046} {
		b.faults(t, Undefined, code...)
	}
}

// What is no instruction of AMX is left to others.
func TestDecodeRefuses(t *testing.T) {
	b := shaped(t, nil)
	for what, code := range map[string][]byte{
		"the end of the code":            load6[:5],
		"a displacement cut off":         relative[:8],
		"another opcode":                 {0xc4, 0xe2, 0x78, 0x48, 0x00},
		"256 bits":                       {0xc4, 0xe2, 0x7c, 0x49, 0x00},
		"W 1":                            {0xc4, 0xe2, 0xf8, 0x49, 0x00},
		"opcodes 0F":                     {0xc4, 0xe1, 0x78, 0x49, 0x00},
		"a source that it does not have": {0xc4, 0xe2, 0x70, 0x49, 0x00},
		"tile 8":                         {0xc4, 0x62, 0x4a, 0x5c, 0xc4},
		"tile 12 as a factor":            {0xc4, 0xc2, 0x4a, 0x5c, 0xc4},
		"tile 14 in the prefix":          {0xc4, 0xe2, 0x0a, 0x5c, 0xc4},
		"a load without SIB":             {0xc4, 0xe2, 0x7b, 0x4b, 0x00},
		"vzeroupper":                     {0xc5, 0xf8, 0x77, 0, 0},
	} {
		b.faults(t, None, code...)
		require.NotEmpty(t, what)
	}
}

func TestMultiplyRefuses(t *testing.T) {
	for what, shapes := range map[string]map[int][2]int{
		"other rows of a":    {4: {15, 64}},
		"other columns of b": {6: {16, 60}},
		"another depth":      {4: {16, 60}},
		"a without a shape":  {4: {0, 0}},
		"half a word":        {0: {16, 62}, 6: {16, 62}},
	} {
		t.Run(what, func(t *testing.T) { shaped(t, shapes).faults(t, Undefined, dot046...) })
	}
	shaped(t, nil).faults(t, Undefined, dot044...)
	b := shaped(t, nil)
	b.startRow = 1
	b.faults(t, Undefined, dot046...)
}

// pair is a word of two BFloat16.
func pair(lower, upper float64) uint32 {
	return math.Float32bits(float32(upper))&^0xFFFF | math.Float32bits(float32(lower))>>16
}

// Two rows, two columns, depth 2, by hand.
func TestMultiply(t *testing.T) {
	b := shaped(t, map[int][2]int{0: {2, 8}, 4: {2, 8}, 6: {2, 8}})
	fill := func(tile int, v ...uint32) {
		for i, w := range v {
			binary.LittleEndian.PutUint32(b.tile[tile].row[i/2][i%2*4:], w)
		}
	}
	f := func(v float32) uint32 { return math.Float32bits(v) }
	fill(4, pair(1, 2), pair(3, 4), pair(5, 6), pair(7, 8))
	fill(6, pair(1, 10), pair(2, 20), pair(3, 30), pair(4, 40))
	fill(0, f(1000), f(2000), f(3000), f(4000))
	b.tile[0].row[0][8], b.tile[0].row[5][0] = 1, 1
	b.does(t, dot046...)
	want := data{rows: 2, bytes: 8}
	for i, v := range []float32{1000 + 1 + 20 + 9 + 120, 2000 + 2 + 40 + 12 + 160, 3000 + 5 + 60 + 21 + 240, 4000 + 10 + 120 + 28 + 320} {
		binary.LittleEndian.PutUint32(want.row[i/2][i%2*4:], f(v))
	}
	require.Equal(t, want, b.tile[0])
}

// Sums of pairs (x[k], y[k]) on c, one number: the order, and what becomes of the
// smallest and the largest.
func TestMultiplyRounds(t *testing.T) {
	type pairs = [][2]uint32
	inf, nan := math.Inf(1), math.NaN()
	for what, c := range map[string]struct {
		c    float64
		k    pairs
		want float64
	}{
		"lower halves are summed first":      {0, pairs{{pair(0x1p30, 1), pair(1, 1)}, {pair(-0x1p30, 0), pair(1, 0)}}, 1},
		"and upper ones apart":               {0, pairs{{pair(1, 0x1p30), pair(1, 1)}, {pair(0, -0x1p30), pair(0, 1)}}, 1},
		"c comes last":                       {0x1p30, pairs{{pair(1, -0x1p30), pair(1, 1)}}, 0},
		"a product is not rounded":           {0, pairs{{pair(-1, 0), pair(1, 0)}, {pair(1.0078125, 0), pair(1.0078125, 0)}}, 0x1p-6 + 0x1p-14},
		"a tie goes to the even":             {0, pairs{{pair(0x1p24, 0), pair(1, 0)}, {pair(1, 0), pair(1, 0)}}, 0x1p24},
		"more than a tie does not":           {0, pairs{{pair(0x1p24, 0), pair(1, 0)}, {pair(1.0078125, 0), pair(1, 0)}}, 0x1p24 + 2},
		"a product beyond Float32 comes off": {0, pairs{{pair(-0x1p127, 0), pair(1, 0)}, {pair(0x1p127, 0), pair(2, 0)}}, 0x1p127},
		"a sum beyond Float32":               {0, pairs{{pair(0x1p127, 0), pair(2, 0)}}, inf},
		"a denormal factor is zero":          {0, pairs{{pair(0x1p-127, 0), pair(0x1p10, 0)}}, 0},
		"a denormal c is zero":               {0x1p-127, pairs{{pair(0x1p-126, 0), pair(1, 0)}}, 0x1p-126},
		"a denormal sum becomes zero":        {0, pairs{{pair(0x1p-126, 0), pair(0.5, 0)}}, 0},
		"and does so between two":            {0, pairs{{pair(0x1p-126, 0), pair(0.5, 0)}, {pair(0x1p-126, 0), pair(0.5, 0)}}, 0},
		"what rounds to a normal is one":     {0, pairs{{pair(0x1p-126, 0), pair(1, 0)}, {pair(-0x1p-76, 0), pair(0x1p-76, 0)}}, 0x1p-126},
		"what does not is zero":              {0, pairs{{pair(0x1p-126, 0), pair(1, 0)}, {pair(-0x1p-75, 0), pair(0x1p-75, 0)}}, 0},
		"infinities of two signs":            {0, pairs{{pair(inf, -inf), pair(1, 1)}}, nan},
		"an infinity times zero":             {0, pairs{{pair(inf, 0), pair(0, 0)}}, nan},
		"zeros of two signs":                 {math.Copysign(0, -1), pairs{{pair(0, 0), pair(-1, 0)}}, 0},
	} {
		t.Run(what, func(t *testing.T) {
			k := len(c.k)
			b := shaped(t, map[int][2]int{0: {1, 4}, 4: {1, 4 * k}, 6: {k, 4}})
			binary.LittleEndian.PutUint32(b.tile[0].row[0][:], math.Float32bits(float32(c.c)))
			for i, p := range c.k {
				binary.LittleEndian.PutUint32(b.tile[4].row[0][4*i:], p[0])
				binary.LittleEndian.PutUint32(b.tile[6].row[i][:], p[1])
			}
			b.does(t, dot046...)
			got := math.Float32frombits(word(&b.tile[0], 0, 0))
			if c.want != c.want {
				require.True(t, got != got, got)
				return
			}
			require.Equal(t, math.Float32bits(float32(c.want)), math.Float32bits(got), "%v, want %v", got, c.want)
		})
	}
}
