package sim

import "math/bits"

type signed interface{ int16 | int32 | int64 }
type unsigned interface{ uint16 | uint32 | uint64 }

// integers adds the operations on integers of one width to a table: U holds a
// register, S reads it with a sign.
func integers[S signed, U unsigned](t map[string]alu, width string) {
	for _, sign := range []string{".s", ".u"} {
		t["add"+sign+width] = add[U]
		t["sub"+sign+width] = subtract[U]
		t["mul"+sign+width] = multiply[U]
		t["mad"+sign+width] = multiplyAdd[U]
	}
	t["neg.s"+width] = each1(func(a U) U { return -a })
	t["abs.s"+width] = each1(func(a U) U { return U(max(S(a), -S(a))) })
	t["min.s"+width] = each2(func(a, b U) U { return U(min(S(a), S(b))) })
	t["max.s"+width] = each2(func(a, b U) U { return U(max(S(a), S(b))) })
	t["min.u"+width] = each2(func(a, b U) U { return min(a, b) })
	t["max.u"+width] = each2(func(a, b U) U { return max(a, b) })
	t["div.s"+width] = each2(divideSigned[S, U])
	t["rem.s"+width] = each2(remainderSigned[S, U])
	t["div.u"+width] = each2(divide[U])
	t["rem.u"+width] = each2(remainder[U])
	t["and.b"+width] = and[U]
	t["or.b"+width] = or[U]
	t["xor.b"+width] = xor[U]
	t["not.b"+width] = each1(func(a U) U { return ^a })
	t["shl.b"+width] = shiftLeft[U]
	t["shr.u"+width] = shiftRight[U]
	t["shr.b"+width] = shiftRight[U]
	t["shr.s"+width] = func(d, a, b, _ *column) {
		for l := range d {
			d[l] = uint64(U(S(a[l]) >> uint32(b[l])))
		}
	}
}

// wideIntegers adds what exists for one width only.
func wideIntegers(t map[string]alu) {
	t["mul.wide.s32"] = multiplyWideSigned
	t["mul.wide.u32"] = multiplyWide
	t["mad.wide.s32"] = each3(func(a, b, c uint64) uint64 { return uint64(int64(int32(a))*int64(int32(b))) + c })
	t["mad.wide.u32"] = each3(func(a, b, c uint64) uint64 { return uint64(uint32(a))*uint64(uint32(b)) + c })
	t["mul.wide.s16"] = each2(func(a, b uint32) uint32 { return uint32(int32(int16(a)) * int32(int16(b))) })
	t["mul.wide.u16"] = each2(func(a, b uint32) uint32 { return (a & 0xffff) * (b & 0xffff) })
	t["mul.hi.u32"] = each2(func(a, b uint32) uint32 { return uint32(uint64(a) * uint64(b) >> 32) })
	t["mul.hi.s32"] = each2(func(a, b uint32) uint32 { return uint32(int64(int32(a)) * int64(int32(b)) >> 32) })
	t["mul.hi.u64"] = each2(func(a, b uint64) uint64 { hi, _ := bits.Mul64(a, b); return hi })
	t["mad.hi.u32"] = each3(func(a, b, c uint32) uint32 { return uint32(uint64(a)*uint64(b)>>32) + c })
	t["popc.b32"] = each1(func(a uint32) uint32 { return uint32(bits.OnesCount32(a)) })
	t["clz.b32"] = each1(func(a uint32) uint32 { return uint32(bits.LeadingZeros32(a)) })
	t["clz.b64"] = each1(func(a uint64) uint64 { return uint64(bits.LeadingZeros64(a)) })
	t["brev.b32"] = each1(bits.Reverse32)
	t["bfe.u32"] = each3(extract)
	t["bfe.s32"] = each3(extractSigned)
	t["prmt.b32"] = each3(permuteBytes)
	t["shf.l.wrap.b32"] = each3(func(a, b, c uint32) uint32 { return uint32((uint64(b)<<32 | uint64(a)) << (c & 31) >> 32) })
	t["shf.r.wrap.b32"] = each3(func(a, b, c uint32) uint32 { return uint32((uint64(b)<<32 | uint64(a)) >> (c & 31)) })
	t["shf.l.clamp.b32"] = each3(func(a, b, c uint32) uint32 { return uint32((uint64(b)<<32 | uint64(a)) << min(c, 32) >> 32) })
	t["shf.r.clamp.b32"] = each3(func(a, b, c uint32) uint32 { return uint32((uint64(b)<<32 | uint64(a)) >> min(c, 32)) })
	t["slct.b32.s32"] = each3(func(a, b, c uint32) uint32 {
		if int32(c) >= 0 {
			return a
		}
		return b
	})
}

// each1, each2 and each3 make an alu of a function of one lane. The commonest
// operations have loops of their own below: a call a lane costs.
func each1[U unsigned](f func(a U) U) alu {
	return func(d, a, _, _ *column) {
		for l := range d {
			d[l] = uint64(f(U(a[l])))
		}
	}
}

func each2[U unsigned](f func(a, b U) U) alu {
	return func(d, a, b, _ *column) {
		for l := range d {
			d[l] = uint64(f(U(a[l]), U(b[l])))
		}
	}
}

func each3[U unsigned](f func(a, b, c U) U) alu {
	return func(d, a, b, c *column) {
		for l := range d {
			d[l] = uint64(f(U(a[l]), U(b[l]), U(c[l])))
		}
	}
}

func add[U unsigned](d, a, b, _ *column) {
	for l := range d {
		d[l] = uint64(U(a[l]) + U(b[l]))
	}
}

func subtract[U unsigned](d, a, b, _ *column) {
	for l := range d {
		d[l] = uint64(U(a[l]) - U(b[l]))
	}
}

func multiply[U unsigned](d, a, b, _ *column) {
	for l := range d {
		d[l] = uint64(U(a[l]) * U(b[l]))
	}
}

func multiplyAdd[U unsigned](d, a, b, c *column) {
	for l := range d {
		d[l] = uint64(U(a[l])*U(b[l]) + U(c[l]))
	}
}

func multiplyWideSigned(d, a, b, _ *column) {
	for l := range d {
		d[l] = uint64(int64(int32(a[l])) * int64(int32(b[l])))
	}
}

func multiplyWide(d, a, b, _ *column) {
	for l := range d {
		d[l] = uint64(uint32(a[l])) * uint64(uint32(b[l]))
	}
}

func and[U unsigned](d, a, b, _ *column) {
	for l := range d {
		d[l] = uint64(U(a[l]) & U(b[l]))
	}
}

func or[U unsigned](d, a, b, _ *column) {
	for l := range d {
		d[l] = uint64(U(a[l]) | U(b[l]))
	}
}

func xor[U unsigned](d, a, b, _ *column) {
	for l := range d {
		d[l] = uint64(U(a[l]) ^ U(b[l]))
	}
}

// PTX shifts clamp at the width, as Go's do.
func shiftLeft[U unsigned](d, a, b, _ *column) {
	for l := range d {
		d[l] = uint64(U(a[l]) << uint32(b[l]))
	}
}

func shiftRight[U unsigned](d, a, b, _ *column) {
	for l := range d {
		d[l] = uint64(U(a[l]) >> uint32(b[l]))
	}
}

// Division by zero is undefined in PTX; hardware gives all ones, and the
// dividend as remainder.
func divide[U unsigned](a, b U) U {
	if b == 0 {
		return ^U(0)
	}
	return a / b
}

func remainder[U unsigned](a, b U) U {
	if b == 0 {
		return a
	}
	return a % b
}

func divideSigned[S signed, U unsigned](a, b U) U {
	if b == 0 {
		return ^U(0)
	}
	return U(S(a) / S(b))
}

func remainderSigned[S signed, U unsigned](a, b U) U {
	if b == 0 {
		return a
	}
	return U(S(a) % S(b))
}

// extract is length c bits of a from position b.
func extract(a, b, c uint32) uint32 {
	b, c = b&0xff, c&0xff
	return a >> b & (1<<c - 1)
}

func extractSigned(a, b, c uint32) uint32 {
	b, c = b&0xff, c&0xff
	if c == 0 {
		return 0
	}
	top := min(b+c, 32) // the bit after the field; beyond the word it is the sign
	return uint32(int64(int32(a)) << (64 - top) >> (64 - top + b))
}

// permuteBytes picks four of the eight bytes of b:a, each by a nibble of c whose
// top bit spreads the byte's sign.
func permuteBytes(a, b, c uint32) uint32 {
	all := uint64(b)<<32 | uint64(a)
	var d uint32
	for i := range 4 {
		pick := c >> (4 * i) & 15
		v := byte(all >> (8 * (pick & 7)))
		if pick&8 != 0 {
			v = byte(int8(v) >> 7)
		}
		d |= uint32(v) << (8 * i)
	}
	return d
}

// logic3 is a function of three bits by its truth table (lop3).
func logic3(table uint8) alu {
	return each3(func(a, b, c uint32) uint32 {
		var d uint32
		for i := range 8 {
			if table>>i&1 == 0 {
				continue
			}
			d |= pick(a, i>>2) & pick(b, i>>1) & pick(c, i)
		}
		return d
	})
}

// pick is v or its complement, by the last bit of i.
func pick(v uint32, i int) uint32 {
	if i&1 == 1 {
		return v
	}
	return ^v
}
