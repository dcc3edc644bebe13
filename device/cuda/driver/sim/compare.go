package sim

// comparisons is the table of setp: "lt.s32" to a function of two columns.
func comparisons() map[string]comparison {
	t := map[string]comparison{}
	compareIntegers[int16, uint16](t, "16")
	compareIntegers[int32, uint32](t, "32")
	compareIntegers[int64, uint64](t, "64")
	compareFloats(t, "f32", equalFloat, lessFloat, lessEqualFloat)
	compareFloats(t, "f64", equalDouble, lessDouble, lessEqualDouble)
	return t
}

func compareIntegers[S signed, U unsigned](t map[string]comparison, width string) {
	for _, typ := range []string{"b", "u", "s"} {
		t["eq."+typ+width] = equal[U]
		t["ne."+typ+width] = not(equal[U])
	}
	ordered(t, "s"+width, less[S])
	ordered(t, "u"+width, less[U])
	t["lo.u"+width], t["ls.u"+width] = t["lt.u"+width], t["le.u"+width]
	t["hi.u"+width], t["hs.u"+width] = t["gt.u"+width], t["ge.u"+width]
}

func ordered(t map[string]comparison, typ string, lt comparison) {
	t["lt."+typ] = lt
	t["gt."+typ] = swap(lt)
	t["ge."+typ] = not(lt)
	t["le."+typ] = not(swap(lt))
}

// compareFloats derives the fourteen comparisons from three: a NaN makes the
// plain ones false and those that end in u true.
func compareFloats(t map[string]comparison, typ string, eq, lt, le comparison) {
	ne := func(a, b *column) uint32 { return lt(a, b) | lt(b, a) }
	nan := func(a, b *column) uint32 { return ^(eq(a, a) & eq(b, b)) }
	for name, f := range map[string]comparison{
		"eq": eq, "ne": ne, "lt": lt, "le": le, "gt": swap(lt), "ge": swap(le), "num": not(nan), "nan": nan,
		"equ": not(ne), "neu": not(eq), "ltu": not(swap(le)), "leu": not(swap(lt)), "gtu": not(le), "geu": not(lt),
	} {
		t[name+"."+typ] = f
	}
}

func swap(f comparison) comparison { return func(a, b *column) uint32 { return f(b, a) } }
func not(f comparison) comparison  { return func(a, b *column) uint32 { return ^f(a, b) } }

func equal[U unsigned](a, b *column) (m uint32) {
	for l := range a {
		m |= bit(U(a[l]) == U(b[l])) << l
	}
	return m
}

func less[T signed | unsigned](a, b *column) (m uint32) {
	for l := range a {
		m |= bit(T(a[l]) < T(b[l])) << l
	}
	return m
}

func equalFloat(a, b *column) (m uint32) {
	for l := range a {
		m |= bit(f32(a[l]) == f32(b[l])) << l
	}
	return m
}

func lessFloat(a, b *column) (m uint32) {
	for l := range a {
		m |= bit(f32(a[l]) < f32(b[l])) << l
	}
	return m
}

func lessEqualFloat(a, b *column) (m uint32) {
	for l := range a {
		m |= bit(f32(a[l]) <= f32(b[l])) << l
	}
	return m
}

func equalDouble(a, b *column) (m uint32) {
	for l := range a {
		m |= bit(f64(a[l]) == f64(b[l])) << l
	}
	return m
}

func lessDouble(a, b *column) (m uint32) {
	for l := range a {
		m |= bit(f64(a[l]) < f64(b[l])) << l
	}
	return m
}

func lessEqualDouble(a, b *column) (m uint32) {
	for l := range a {
		m |= bit(f64(a[l]) <= f64(b[l])) << l
	}
	return m
}
