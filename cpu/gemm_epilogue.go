package cpu

import "example.org/chainrule/device"

// An epilogue is what becomes of the finished sums of a product, while they are
// still in cache: plus bias, a copy, the activation, and the destination.
type epilogue struct {
	dst, pre device.Dst           // pre takes the value before the activation
	bias     []float32            // of each column; nil for none
	biasStep int                  // from matrix to matrix
	act      func(y, x []float32) // nil for none
	rows     rows                 // where they go
}

// activation is f as an epilogue wants it.
func (k *kernels) activation(f device.Unary) func(y, x []float32) {
	if f.Func == device.Identity {
		return nil
	}
	return k.unaryRow(f)
}

// end takes the sums v of matrix i, from (row, col) on, and may overwrite them.
func (e *epilogue) end(v []float32, i, row, col int) { e.put(v, e.rows.at(i, row)+col) }

// put ends the sums v, which go to element at on.
func (e *epilogue) put(v []float32, at int) {
	e.activate(v, at)
	store(e.dst, at, v)
}

// activate does what comes before the destination.
func (e *epilogue) activate(v []float32, at int) {
	store(e.pre, at, v)
	if e.act != nil {
		e.act(v, v)
	}
}

// activates reports whether activate does anything.
func (e *epilogue) activates() bool { return e.pre.Wanted() || e.act != nil }

// ldc is the distance between rows of the destination where sums may be made in
// it, else 0: it must be Float32 with its rows at even distances, and what is
// added to it must be the sums alone.
func (e *epilogue) ldc() int {
	if !e.dst.Wanted() || of(e.dst.Buf).dtype != device.Float32 {
		return 0
	}
	if e.dst.Add && (e.bias != nil || e.activates()) {
		return 0
	}
	return e.rows.ld
}

// store puts v into d from element at on, if it is wanted.
func store(d device.Dst, at int, v []float32) {
	if !d.Wanted() {
		return
	}
	b := of(d.Buf)
	if b.dtype == device.Float32 && !d.Add {
		copy(b.f32[at:], v)
		return
	}
	out{dst: b, add: d.Add, lo: at, v: v}.commit()
}

// rows says where those of plain matrices begin in a buffer.
type rows struct {
	ld   int // from row to row
	step int // from matrix to matrix
}

// at is where row of matrix i begins.
func (r rows) at(i, row int) int { return i*r.step + row*r.ld }
