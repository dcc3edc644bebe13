package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device"
)

// conversionSizes are lengths around whole vectors.
var conversionSizes = []int{0, 1, 7, 15, 16, 17, 31, 33, 160, 1000}

// anyBits is n bfloat16 of any bits, among them what is special.
func anyBits(r *rand.Rand, n int) []bfloat16 {
	special := []bfloat16{
		0, 0x8000, 1, 0x8001, 0x007F, 0x0080, // zeros, denormals, the least normal
		0x3F7F, 0x3F80, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80, // about 1, the largest, infinities
		0x7F81, 0x7FC0, 0xFFFF, // NaN
	}
	v := make([]bfloat16, n)
	for i := range v {
		v[i] = bfloat16(r.Uint32())
		if r.IntN(2) == 0 {
			v[i] = special[r.IntN(len(special))]
		}
	}
	return v
}

// nearTies is n float32 whose lower halves are about the middle between two
// bfloat16, where rounding decides.
func nearTies(r *rand.Rand, n int) []float32 {
	lower := []uint32{0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF}
	v := make([]float32, n)
	for i, h := range anyBits(r, n) {
		v[i] = math.Float32frombits(uint32(h)<<16 | lower[r.IntN(len(lower))])
	}
	return v
}

// requireBits compares floats by their bits, so that NaN and -0 count.
func requireBits(t *testing.T, want, got []float32) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, math.Float32bits(want[i]), math.Float32bits(got[i]), "element %d", i)
	}
}

func TestWiden(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		for _, n := range conversionSizes {
			src := anyBits(rand.New(rand.NewPCG(1, 2)), n)
			got, want := make([]float32, n+1), make([]float32, n+1)
			k.widen(got[:n], src)
			widenGo(want[:n], src)
			requireBits(t, want, got)
		}
	})
}

func TestRound(t *testing.T) {
	eachLevel(t, func(t *testing.T, l Level) {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		for _, n := range conversionSizes {
			r := rand.New(rand.NewPCG(3, 4))
			src, stale := nearTies(r, n), anyBits(r, n+1)
			got, want := append([]bfloat16{}, stale...), append([]bfloat16{}, stale...)
			k.round(got[:n], src)
			roundGo(want[:n], src)
			require.Equal(t, want, got)
			k.addRound(got[:n], src)
			addRoundGo(want[:n], src)
			require.Equal(t, want, got)
		}
	})
}

// What rounding to nearest, ties to even, is.
func TestToBFloat16(t *testing.T) {
	for in, want := range map[uint32]bfloat16{
		0x3F808000: 0x3F80, 0x3F808001: 0x3F81, 0x3F818000: 0x3F82, 0x3F817FFF: 0x3F81, // ties and neighbours
		0x80000000: 0x8000, 0x00008001: 0x0001, 0x007FFFFF: 0x0080, // -0 and denormals
		0x7F7FFFFF: 0x7F80, 0xFF800000: 0xFF80, // overflow and -Inf
		0x7F800001: 0x7FC0, 0xFFFFFFFF: 0xFFFF, // NaN
	} {
		require.Equal(t, want, toBFloat16(math.Float32frombits(in)), "%x", in)
	}
}

func BenchmarkConvert(b *testing.B) {
	for _, l := range Levels() {
		for _, to := range []device.DType{device.Float32, device.BFloat16} {
			b.Run(l.String()+"/"+to.String(), func(b *testing.B) {
				d, n := newDevice(b, l, 0), 16<<20
				from := device.Float32 + device.BFloat16 - to
				x, y := upload(b, d, from, make([]float32, n)), upload(b, d, to, make([]float32, n))
				b.SetBytes(6 * int64(n))
				for b.Loop() {
					d.Convert(device.To(y), x)
				}
			})
		}
	}
}
