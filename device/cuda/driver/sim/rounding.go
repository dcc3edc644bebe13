package sim

import "math"

// A rounding is a direction in which a result that does not fit is rounded.
type rounding int

const (
	nearest rounding = iota // ties to even: .rn
	toZero                  // .rz
	down                    // .rm
	up                      // .rp
)

// fused is ab + c, rounded once. The product of two float32 is exact in
// float64, so only the sum rounds on the way: where that might decide between
// two float32, narrow looks at the part it lost.
func fused(a, b, c float32) float32 {
	t := float64(a)*float64(b) + float64(c)
	if risky(t) {
		return fusedSlow(a, b, c)
	}
	return float32(t)
}

// risky reports whether rounding t from float64 to float32 may differ from
// rounding the exact value behind t: halfway between two float32, or subnormal.
func risky(t float64) bool {
	u := math.Float64bits(t)
	return u&(1<<29-1) == 1<<28 || u>>52&0x7ff <= 1023-127
}

func fusedSlow(a, b, c float32) float32 {
	p := float64(a) * float64(b)
	t := p + float64(c)
	if t == 0 {
		return float32(t)
	}
	return float32(toOdd(t, lost(p, float64(c), t)))
}

// lost is what t = a + b rounded away (Knuth's two-sum).
func lost(a, b, t float64) float64 {
	v := float64(t - a)
	return float64(a-float64(t-v)) + float64(b-v)
}

// toOdd moves t + e to the neighbour of t whose last bit is odd, unless e is 0:
// a value that no later rounding mistakes for a tie (Boldo and Melquiond,
// "Emulation of FMA and correctly rounded sums", 2008).
func toOdd(t, e float64) float64 {
	u := math.Float64bits(t)
	if e == 0 || u&1 == 1 {
		return t
	}
	if (e > 0) == (t > 0) {
		return math.Float64frombits(u + 1)
	}
	return math.Float64frombits(u - 1)
}

// fusedToward is ab + c rounded in a direction.
func fusedToward(a, b, c float32, r rounding) float32 {
	p := float64(a) * float64(b)
	t := p + float64(c)
	if r == nearest || math.IsNaN(t) || math.IsInf(t, 0) {
		return fused(a, b, c)
	}
	return narrowToward(t, lost(p, float64(c), t), r)
}

// narrowToward rounds t + e, where t is the float64 nearest to it.
func narrowToward(t, e float64, r rounding) float32 {
	f := float32(t)
	d := float64(f) - t // exact, by Sterbenz
	above := d > 0 || d == 0 && e < 0
	below := d < 0 || d == 0 && e > 0
	upward := r == up || r == toZero && t < 0
	switch {
	case upward && below:
		return math.Nextafter32(f, float32(math.Inf(1)))
	case !upward && above:
		return math.Nextafter32(f, float32(math.Inf(-1)))
	}
	return f
}

// toBF16 rounds to the nearest bfloat16, ties to even; NaN becomes 0x7fff.
func toBF16(f float32) uint64 {
	if f != f {
		return 0x7fff
	}
	u := math.Float32bits(f)
	return uint64(uint32(uint64(u)+0x7fff+uint64(u>>16&1)) >> 16)
}

// integral rounds to an integer.
func integral(f float64, r rounding) float64 {
	switch r {
	case toZero:
		return math.Trunc(f)
	case down:
		return math.Floor(f)
	case up:
		return math.Ceil(f)
	}
	return math.RoundToEven(f)
}

// minNumber and maxNumber ignore a NaN beside a number.
func minNumber(a, b float32) float32 {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return min(a, b)
}

func maxNumber(a, b float32) float32 {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return max(a, b)
}

// flush replaces a subnormal by a zero of its sign (.ftz).
func flush(f float32) float32 {
	if u := math.Float32bits(f); u>>23&0xff == 0 {
		return math.Float32frombits(u & (1 << 31))
	}
	return f
}
