package tile

import (
	"encoding/binary"
	"math"
)

// multiply is TDPBF16PS: tile c += a b, where a word of 32 bits of a and b is a pair
// of BFloat16 and c has Float32. The products of the pairs' lower halves are summed
// from zero, and so are those of their upper halves, each by a fused multiply-add;
// then c += lower + upper. Denormal operands and results count as zero.
func (u *Unit) multiply(c, a, b int) Fault {
	if c == a || c == b || a == b || u.startRow != 0 || !fit(&u.tile[c], &u.tile[a], &u.tile[b]) {
		return Undefined
	}
	for r := range u.tile[c].rows {
		var lower, upper [tileRows]float32
		for k := range u.tile[b].rows {
			x := word(&u.tile[a], r, k)
			for n := range u.tile[c].bytes / 4 {
				y := word(&u.tile[b], k, n)
				lower[n] = multiplyAdd(x<<16, y<<16, lower[n])
				upper[n] = multiplyAdd(x&^0xFFFF, y&^0xFFFF, upper[n])
			}
		}
		row := &u.tile[c].row[r]
		for n := range u.tile[c].bytes / 4 {
			sum := add(math.Float32frombits(word(&u.tile[c], r, n)), add(lower[n], upper[n]))
			binary.LittleEndian.PutUint32(row[4*n:], math.Float32bits(sum))
		}
		clear(row[u.tile[c].bytes:])
	}
	clear(u.tile[c].row[u.tile[c].rows:])
	return None
}

// fit reports whether c[m, n] += a[m, k] b[k, n] can be done: all are configured,
// in whole words, and their shapes agree.
func fit(c, a, b *data) bool {
	for _, t := range []*data{c, a, b} {
		if t.rows == 0 || t.bytes%4 != 0 {
			return false
		}
	}
	return c.rows == a.rows && c.bytes == b.bytes && a.bytes/4 == b.rows
}

// word is number k of row r.
func word(t *data, r, k int) uint32 { return binary.LittleEndian.Uint32(t.row[r][4*k:]) }

// multiplyAdd is x y + sum, rounded once, of factors by their bits. A product of
// BFloat16 is exact in Float64, and the sum that this rounds before Float32 has
// more than twice the digits: rounding twice is then as good as once. Figueroa, When
// is double rounding innocuous?, 1995.
func multiplyAdd(x, y uint32, sum float32) float32 {
	return flush(flushed(math.Float32frombits(x))*flushed(math.Float32frombits(y)) + flushed(sum))
}

func add(x, y float32) float32 { return flush(flushed(x) + flushed(y)) }

const leastNormal = 0x1p-126

// flushed is an operand: a denormal one counts as a zero of its sign.
func flushed(v float32) float64 {
	if math.Abs(float64(v)) < leastNormal {
		return math.Copysign(0, float64(v))
	}
	return float64(v)
}

// flush is a result: rounded to 24 digits, and zero where it is then too small to be
// normal.
func flush(v float64) float32 {
	const least = 0x1.ffffffp-127 // that is rounded to leastNormal
	if math.Abs(v) < least {
		return float32(math.Copysign(0, v))
	}
	return float32(v)
}
