package cuda

import "example.org/chainrule/device"

// MatMul multiplies a batch of matrices; see device.Linear.
func (d *Device) MatMul(c, pre device.Dst, a, b, bias device.Buffer, s device.MatMul) {
	call := device.Call{Op: "MatMul", Dst: [4]device.Dst{c, pre}, Src: [8]device.Buffer{a, b, bias}, FLOPs: s.FLOPs()}
	d.run(call, func(l *launcher) {
		if s.SharedB && !s.SharedA && !s.TransA { // the rows of all matrices are those of one
			s.M, s.Batch = s.M*s.Batch, 1
		}
		l.matmul(matmulProduct(a, s).kernel(l.properties()), c, pre, a, b, bias, s)
	})
}

// matmul multiplies with a kind of kernel.
func (l *launcher) matmul(t tile, c, pre device.Dst, a, b, bias device.Buffer, s device.MatMul) {
	for _, to := range alike(c, pre) {
		p := l.args().dst(to.y).dst(to.pre).ptr(a).ptr(b).ptr(bias).unary(s.Act).
			i32(s.Batch, s.M, s.N, s.K).flag(s.TransA).flag(s.TransB).flag(s.SharedA).flag(s.SharedB)
		column := to.column(a)
		l.launch("matmul", matmulKernels[t], column, matmulProduct(a, s).geometry(t, column), p)
	}
}

var matmulKernels = [...]string{naive: "naive", tile64: "tile64", tile128: "tile128"}

// matmulProduct is what s asks for of data like a.
func matmulProduct(a device.Buffer, s device.MatMul) product {
	lineA, lineB := s.K, s.N
	if s.TransA {
		lineA = s.M
	}
	if s.TransB {
		lineB = s.K
	}
	return product{count: s.Batch, rows: s.M, columns: s.N, depth: s.K, whole: wholeGroups(a, lineA, lineB)}
}
