package sim

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// exact is ab + c.
func exact(a, b, c float32) *big.Float {
	wide := func(v float32) *big.Float { return new(big.Float).SetPrec(1200).SetFloat64(float64(v)) }
	p := wide(a)
	p.Mul(p, wide(b))
	return p.Add(p, wide(c))
}

// rounded is v as a float32, rounded once in a direction.
func rounded(v *big.Float, r rounding) float32 {
	f, _ := v.Float32()
	off := big.NewFloat(float64(f)).Cmp(v) // f against v
	upward := r == up || r == toZero && v.Sign() < 0
	switch {
	case r == nearest || off == 0:
		return f
	case upward && off < 0:
		return math.Nextafter32(f, float32(math.Inf(1)))
	case !upward && off > 0:
		return math.Nextafter32(f, float32(math.Inf(-1)))
	}
	return f
}

// nearTies calls f with operands whose exact result lies so near to halfway
// between two float32, or to one, that float64 cannot tell: (1 + e)(1 - e) is
// 1 - e^2. Scaled down, the results are subnormal.
func nearTies(n int, f func(a, b, c float32)) {
	r := rand.New(rand.NewPCG(3, 4))
	for range n {
		e := float32(math.Ldexp(float64(1+r.IntN(1<<r.IntN(20))), -23))
		a, b := 1+e, 1-e
		c := float32(math.Ldexp(float64(1<<23+r.IntN(1<<23)), r.IntN(3)))
		if r.IntN(2) == 0 {
			c = -c
		}
		scale := [...]int{0, 0, -60, -85, -86, -87, -88, -89, -90}[r.IntN(9)]
		f(float32(math.Ldexp(float64(a), scale)), float32(math.Ldexp(float64(b), scale)), float32(math.Ldexp(float64(c), 2*scale)))
		subnormal := math.Float32frombits(r.Uint32N(1 << 23))
		f(float32(math.Ldexp(float64(a), -75)), float32(math.Ldexp(float64(b), -75)), subnormal)
	}
}

func TestFused(t *testing.T) {
	naive, cases := 0, 0
	nearTies(30000, func(a, b, c float32) {
		want := rounded(exact(a, b, c), nearest)
		require.Equal(t, want, fused(a, b, c), "%x %x %x", a, b, c)
		cases++
		naive += int(bit(float32(math.FMA(float64(a), float64(b), float64(c))) != want))
	})
	require.Greater(t, naive, cases/100, "cases that rounding twice gets wrong")
}

func TestFusedToward(t *testing.T) {
	nearTies(10000, func(a, b, c float32) {
		v := exact(a, b, c)
		if f, _ := v.Float32(); math.Abs(float64(f)) < 0x1p-126 {
			return // subnormal
		}
		for _, r := range []rounding{toZero, down, up} {
			require.Equal(t, rounded(v, r), fusedToward(a, b, c, r), "%x %x %x rounding %d", a, b, c, r)
		}
	})
}

// The warp's loop is the function.
func TestFuseColumn(t *testing.T) {
	var a, b, c, d column
	l := 0
	nearTies(2000, func(x, y, z float32) {
		a[l], b[l], c[l] = bits32(x), bits32(y), bits32(z)
		if l++; l < 32 {
			return
		}
		l = 0
		fuseFloat(&d, &a, &b, &c)
		for i := range d {
			require.Equal(t, fused(f32(a[i]), f32(b[i]), f32(c[i])), f32(d[i]))
		}
	})
}

func TestFusedBF16(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20000 {
		a, b, c := bf16(uint64(r.Uint32()>>16)), bf16(uint64(r.Uint32()>>16)), bf16(uint64(r.Uint32()>>16))
		if v := float64(a)*float64(b) + float64(c); math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > 1e38 || math.Abs(v) < 1e-37 {
			continue
		}
		v := exact(a, b, c)
		want, _ := new(big.Float).SetPrec(8).Set(v).Float32()
		require.Equal(t, bits32(want)>>16, fusedBF16(a, b, c), "%x %x %x", a, b, c)
	}
}
