package sim

// loadMatrix is ldmatrix: 8x8 matrices of 16-bit elements from shared memory,
// rows at the addresses of eight lanes each. Lane l gets elements 2(l%4) and the
// next of row l/4.
func loadMatrix(m *machine, w *warp, in *instruction, lanes uint32) {
	m.loadMatrices(w, in, lanes, func(rows *[8]int, l int) uint64 {
		return uint64(little.Uint32(m.shared.data[rows[l/4]+l%4*4:]))
	})
}

// loadMatrixTransposed gives lane l elements l/4 of rows 2(l%4) and the next.
func loadMatrixTransposed(m *machine, w *warp, in *instruction, lanes uint32) {
	m.loadMatrices(w, in, lanes, func(rows *[8]int, l int) uint64 {
		row, column := l%4*2, l/4*2
		lo := little.Uint16(m.shared.data[rows[row]+column:])
		hi := little.Uint16(m.shared.data[rows[row+1]+column:])
		return uint64(lo) | uint64(hi)<<16
	})
}

func (m *machine) loadMatrices(w *warp, in *instruction, lanes uint32, element func(rows *[8]int, l int) uint64) {
	m.aim(w, in)
	aiming := uint32(1)<<(8*len(in.columns)) - 1
	if len(in.columns) == 4 {
		aiming = allLanes
	}
	var results [4]column
	for i := range in.columns {
		var rows [8]int
		for r := range rows {
			l := i*8 + r
			rows[r] = m.sharedAt(l, 16, "ldmatrix")
			m.readShared(w, l, rows[r], 16, 0, 0)
		}
		for l := range results[i] {
			results[i][l] = element(&rows, l)
		}
	}
	for i, c := range in.columns {
		*w.columns[c] = results[i]
	}
	m.countShared(in, aiming, &m.counters.SharedLoads)
}

// matrixMultiply is mma.m16n8k16 of bfloat16 with float32 sums. Of group g = l/4
// and pair q = 2(l%4), lane l holds
//
//	A  rows g and g+8, columns q, q+1 and q+8, q+9   (4 registers of 2)
//	B  rows q, q+1 and q+8, q+9, column g            (2 registers of 2)
//	C  rows g and g+8, columns q, q+1                (4 registers)
//
// (PTX ISA, "Matrix fragments for mma.m16n8k16"). Hardware adds in an order of
// its own.
func matrixMultiply(m *machine, w *warp, in *instruction, _ uint32) {
	var a [16][16]float32
	var b [8][16]float32
	r := in.columns
	for l := range 32 {
		g, q := l>>2, l&3*2
		for i := range 4 {
			v := w.columns[r[4+i]][l]
			row, column := g+i&1*8, q+i>>1*8
			a[row][column], a[row][column+1] = bf16(v), bf16High(v)
		}
		for i := range 2 {
			v := w.columns[r[8+i]][l]
			b[g][q+i*8], b[g][q+i*8+1] = bf16(v), bf16High(v)
		}
	}
	for i := range 4 {
		c, d := w.columns[r[10+i]], w.columns[r[i]]
		for l := range d {
			d[l] = bits32(dot16(f32(c[l]), &a[l>>2+i>>1*8], &b[l&3*2+i&1]))
		}
	}
	m.counters.MMA++
}

// dot16 is s plus the dot product, in four chains. A product of two bfloat16 is
// exact.
func dot16(s float32, a, b *[16]float32) float32 {
	var t0, t1, t2 float32
	for k := 0; k < 16; k += 4 {
		s += float32(a[k] * b[k])
		t0 += float32(a[k+1] * b[k+1])
		t1 += float32(a[k+2] * b[k+2])
		t2 += float32(a[k+3] * b[k+3])
	}
	return s + (t0 + (t1 + t2))
}

// halves adds the operations on pairs of bfloat16 and on single ones.
func halves(t map[string]alu) {
	t["fma.bf16x2"] = each3(func(a, b, c uint64) uint64 {
		return fusedBF16(bf16High(a), bf16High(b), bf16High(c))<<16 | fusedBF16(bf16(a), bf16(b), bf16(c))
	})
	t["fma.bf16"] = each3(func(a, b, c uint64) uint64 { return fusedBF16(bf16(a), bf16(b), bf16(c)) })
	t["max.bf16"] = each2(func(a, b uint64) uint64 { return toBF16(maxNumber(bf16(a), bf16(b))) })
	t["min.bf16"] = each2(func(a, b uint64) uint64 { return toBF16(minNumber(bf16(a), bf16(b))) })
	t["neg.bf16"] = each1(func(a uint16) uint16 { return a ^ 1<<15 })
	t["abs.bf16"] = each1(func(a uint16) uint16 { return a &^ (1 << 15) })
}

// fusedBF16 rounds ab + c once: to odd in float32, then to bfloat16.
func fusedBF16(a, b, c float32) uint64 {
	f := fusedToward(a, b, c, toZero)
	p := float64(a) * float64(b)
	t := p + float64(c)
	if float64(f) != t || lost(p, float64(c), t) != 0 {
		if f == f {
			return toBF16(f32(bits32(f) | 1))
		}
	}
	return toBF16(f)
}
