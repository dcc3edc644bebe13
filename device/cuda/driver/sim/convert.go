package sim

import (
	"math"
	"strings"

	"example.org/chainrule/device/cuda/driver/sim/ptx"
)

// A conversion is what a cvt asks for.
type conversion struct {
	to, from string
	round    rounding
	integral bool // to an integer, or to an integral float
	saturate bool
}

// parseConversion reads the parts of cvt[.round][.sat].to.from; ok is false for
// a modifier it does not know.
func parseConversion(parts []string) (c conversion, ok bool) {
	if len(parts) < 3 {
		return c, false
	}
	n := len(parts)
	c.to, c.from = parts[n-2], parts[n-1]
	for _, m := range parts[1 : n-2] {
		switch m {
		case "sat":
			c.saturate = true
		case "rn", "rz", "rm", "rp":
			c.round = roundings[m]
		case "rni", "rzi", "rmi", "rpi":
			c.round, c.integral = roundings[m[:2]], true
		case "ftz":
		default:
			return c, false
		}
	}
	return c, true
}

var roundings = map[string]rounding{"rn": nearest, "rz": toZero, "rm": down, "rp": up}

// alu finds the loop for a conversion, or nil.
func (c conversion) alu() alu {
	toInt, fromInt := isInteger(c.to), isInteger(c.from)
	switch {
	case toInt && fromInt:
		return c.integers()
	case toInt && c.from == "f32":
		return c.toInteger(func(v uint64) float64 { return float64(f32(v)) })
	case toInt && c.from == "f64":
		return c.toInteger(f64)
	case fromInt && c.round == nearest:
		return c.fromInteger()
	case c.integral || c.saturate:
		return c.withinFloat()
	case c.round == nearest:
		return floatConversions[c.to+"<"+c.from]
	}
	return nil
}

var floatConversions = map[string]alu{
	"f32<f64":    each1(func(v uint64) uint64 { return bits32(float32(f64(v))) }),
	"f64<f32":    each1(func(v uint64) uint64 { return bits64(float64(f32(v))) }),
	"f32<f32":    each1(func(v uint32) uint32 { return v }),
	"bf16<f32":   each1(func(v uint64) uint64 { return toBF16(f32(v)) }),
	"f32<bf16":   each1(func(v uint64) uint64 { return bits32(bf16(v)) }),
	"bf16x2<f32": each2(func(a, b uint64) uint64 { return toBF16(f32(a))<<16 | toBF16(f32(b)) }),
}

// integers changes width: the value is extended by its own sign, then cut.
func (c conversion) integers() alu {
	to, from := width(c.to), width(c.from)
	if c.saturate || c.integral {
		return nil
	}
	mask := uint64(math.MaxUint64) >> (64 - to)
	if c.from[0] != 's' || from == 64 {
		mask &= math.MaxUint64 >> (64 - from)
		return func(d, a, _, _ *column) {
			for l := range d {
				d[l] = a[l] & mask
			}
		}
	}
	shift := 64 - from
	return func(d, a, _, _ *column) {
		for l := range d {
			d[l] = uint64(int64(a[l]<<shift)>>shift) & mask
		}
	}
}

// toInteger rounds and clamps to the range; NaN gives 0.
func (c conversion) toInteger(value func(uint64) float64) alu {
	if !c.integral {
		return nil
	}
	bits := width(c.to)
	mask := uint64(math.MaxUint64) >> (64 - bits)
	lo, hi := 0.0, math.Ldexp(1, bits)
	if c.to[0] == 's' {
		lo, hi = -hi/2, hi/2
	}
	return each1(func(v uint64) uint64 {
		f := integral(value(v), c.round)
		switch {
		case f != f:
			return 0
		case f <= lo:
			return uint64(int64(lo)) & mask
		case f >= hi:
			return mask >> bit(c.to[0] == 's')
		case f < 0:
			return uint64(int64(f)) & mask
		}
		return uint64(f)
	})
}

func (c conversion) fromInteger() alu {
	shift := 64 - width(c.from)
	narrow := map[string]func(s int64, u uint64, signed bool) uint64{"f32": narrowToF32, "f64": narrowToF64}[c.to]
	if narrow == nil || c.saturate {
		return nil
	}
	signed := c.from[0] == 's'
	return each1(func(v uint64) uint64 {
		return narrow(int64(v<<shift)>>shift, v<<shift>>shift, signed)
	})
}

func narrowToF32(s int64, u uint64, signed bool) uint64 {
	if signed {
		return bits32(float32(s))
	}
	return bits32(float32(u))
}

func narrowToF64(s int64, u uint64, signed bool) uint64 {
	if signed {
		return bits64(float64(s))
	}
	return bits64(float64(u))
}

// withinFloat rounds a float32 to an integral one, or clamps it to 0..1.
func (c conversion) withinFloat() alu {
	if c.to != "f32" || c.from != "f32" {
		return nil
	}
	return float1(func(a float32) float32 {
		if c.integral {
			a = float32(integral(float64(a), c.round))
		}
		if c.saturate {
			a = min(maxNumber(a, 0), 1)
		}
		return a
	})
}

func isInteger(typ string) bool {
	return ptx.Size(typ) > 0 && strings.ContainsRune("bus", rune(typ[0])) && typ[1] != 'f'
}

// width is the bits of a type.
func width(typ string) int { return 8 * ptx.Size(typ) }
