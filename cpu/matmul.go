package cpu

import "example.org/chainrule/device"

// MatMul multiplies a batch of matrices; see device.Linear.
func (d *Device) MatMul(c, pre device.Dst, a, b, bias device.Buffer, s device.MatMul) {
	call := device.Call{Op: "MatMul", Dst: [4]device.Dst{c, pre}, Src: [8]device.Buffer{a, b, bias}, FLOPs: s.FLOPs()}
	d.run(call, func(p *plan) {
		if !c.Wanted() && !pre.Wanted() {
			return
		}
		if s.SharedB && !s.SharedA && !s.TransA { // the rows of all matrices are those of one
			s.M, s.Batch = s.M*s.Batch, 1
		}
		g := &product{
			batch: s.Batch, m: s.M, n: s.N, k: s.K,
			a: matmulFactor(a, s.M, s.K, s.TransA, s.SharedA),
			b: matmulFactor(b, s.K, s.N, s.TransB, s.SharedB),
			to: epilogue{
				dst: c, pre: pre, bias: f32(bias), act: d.kernel.activation(s.Act),
				rows: rows{s.N, s.M * s.N},
			},
		}
		g.pair(d.kernel.pairs)
		g.plan(p)
	})
}

// matmulFactor is a batch of matrices, rows by cols or the transpose.
func matmulFactor(b device.Buffer, rows, cols int, trans, shared bool) factor {
	ld := cols
	if trans {
		ld = rows
	}
	return factor{source: stored{of(b), ld, rows * cols}, trans: trans, shared: shared}
}
