package sim

import "math"

// floats adds the operations on float32 and float64 to a table.
func floats(t map[string]alu) {
	t["add.f32"], t["sub.f32"], t["mul.f32"], t["fma.f32"] = addFloat, subtractFloat, multiplyFloat, fuseFloat
	t["div.f32"] = float2(func(a, b float32) float32 { return a / b })
	t["div.full.f32"], t["div.approx.f32"] = t["div.f32"], t["div.f32"]
	t["min.f32"], t["max.f32"] = float2(minNumber), float2(maxNumber)
	t["min.NaN.f32"] = float2(func(a, b float32) float32 { return min(a, b) })
	t["max.NaN.f32"] = float2(func(a, b float32) float32 { return max(a, b) })
	t["neg.f32"] = each1(func(a uint32) uint32 { return a ^ 1<<31 })
	t["abs.f32"] = each1(func(a uint32) uint32 { return a &^ (1 << 31) })
	t["copysign.f32"] = each2(func(a, b uint32) uint32 { return b&^(1<<31) | a&(1<<31) })
	for name, r := range map[string]rounding{"rz": toZero, "rm": down, "rp": up} {
		t["add."+name+".f32"] = float2(func(a, b float32) float32 { return fusedToward(a, 1, b, r) })
		t["mul."+name+".f32"] = float2(func(a, b float32) float32 { return fusedToward(a, b, 0, r) })
		t["fma."+name+".f32"] = float3(func(a, b, c float32) float32 { return fusedToward(a, b, c, r) })
	}
	t["sqrt.f32"] = float1(func(a float32) float32 { return float32(math.Sqrt(float64(a))) })
	t["rcp.f32"] = float1(func(a float32) float32 { return 1 / a })
	for name, f := range approximate {
		g := func(a float32) float32 { return float32(f(float64(a))) }
		t[name+".approx.f32"] = float1(g)
		t[name+".approx.ftz.f32"] = float1(func(a float32) float32 { return flush(g(flush(a))) })
	}
	doubles(t)
}

// approximate holds the functions that hardware evaluates to within a few units
// in the last place, its own way: here in float64, rounded once.
var approximate = map[string]func(float64) float64{
	"ex2":   math.Exp2,
	"lg2":   math.Log2,
	"sin":   math.Sin,
	"cos":   math.Cos,
	"tanh":  math.Tanh,
	"sqrt":  math.Sqrt,
	"rsqrt": func(x float64) float64 { return 1 / math.Sqrt(x) },
	"rcp":   func(x float64) float64 { return 1 / x },
}

func doubles(t map[string]alu) {
	t["add.f64"] = double3(func(a, b, _ float64) float64 { return a + b })
	t["sub.f64"] = double3(func(a, b, _ float64) float64 { return a - b })
	t["mul.f64"] = double3(func(a, b, _ float64) float64 { return a * b })
	t["div.f64"] = double3(func(a, b, _ float64) float64 { return a / b })
	t["fma.f64"] = double3(math.FMA)
	t["sqrt.f64"] = double3(func(a, _, _ float64) float64 { return math.Sqrt(a) })
	t["neg.f64"] = each1(func(a uint64) uint64 { return a ^ 1<<63 })
	t["abs.f64"] = each1(func(a uint64) uint64 { return a &^ (1 << 63) })
	t["rcp.approx.ftz.f64"] = each1(func(a uint64) uint64 { return bits64(1/f64(a)) &^ (1<<32 - 1) }) // the high word counts
}

func float1(f func(a float32) float32) alu {
	return func(d, a, _, _ *column) {
		for l := range d {
			d[l] = bits32(f(f32(a[l])))
		}
	}
}

func float2(f func(a, b float32) float32) alu {
	return func(d, a, b, _ *column) {
		for l := range d {
			d[l] = bits32(f(f32(a[l]), f32(b[l])))
		}
	}
}

func float3(f func(a, b, c float32) float32) alu {
	return func(d, a, b, c *column) {
		for l := range d {
			d[l] = bits32(f(f32(a[l]), f32(b[l]), f32(c[l])))
		}
	}
}

func double3(f func(a, b, c float64) float64) alu {
	return func(d, a, b, c *column) {
		for l := range d {
			d[l] = bits64(f(f64(a[l]), f64(b[l]), f64(c[l])))
		}
	}
}

func addFloat(d, a, b, _ *column) {
	for l := range d {
		d[l] = bits32(f32(a[l]) + f32(b[l]))
	}
}

func subtractFloat(d, a, b, _ *column) {
	for l := range d {
		d[l] = bits32(f32(a[l]) - f32(b[l]))
	}
}

func multiplyFloat(d, a, b, _ *column) {
	for l := range d {
		d[l] = bits32(f32(a[l]) * f32(b[l]))
	}
}

// fuseFloat is fused over a warp, with its fast path written into the loop.
func fuseFloat(d, a, b, c *column) {
	for l := range d {
		t := float64(f32(a[l]))*float64(f32(b[l])) + float64(f32(c[l]))
		r := float32(t)
		if risky(t) {
			r = fusedSlow(f32(a[l]), f32(b[l]), f32(c[l]))
		}
		d[l] = bits32(r)
	}
}
