package devicetest

import (
	"fmt"

	"example.org/chainrule/device"
)

// MatMul is the specification of device.Linear.
func (r *reference) MatMul(c, pre device.Dst, a, b, bias device.Buffer, s device.MatMul) {
	call := device.Call{Op: "MatMul", Dst: [4]device.Dst{c, pre}, Src: [8]device.Buffer{a, b, bias}, FLOPs: s.FLOPs()}
	r.run(call, func() { putActivated(c, pre, product(values(a), values(b), values(bias), s), s.Act) })
}

// product is the value of a MatMul before its activation.
func product(a, b, bias []float64, s device.MatMul) []float64 {
	c := make([]float64, s.Batch*s.M*s.N)
	for i := range c {
		batch, m, n := i/(s.M*s.N), i/s.N%s.M, i%s.N
		if len(bias) > 0 {
			c[i] = bias[n]
		}
		for k := range s.K {
			c[i] += a[cell(batch, m, k, s.M, s.K, s.SharedA, s.TransA)] * b[cell(batch, k, n, s.K, s.N, s.SharedB, s.TransB)]
		}
	}
	return c
}

// cell is where the element [row, col] of a batch's matrix [rows, cols] is
// stored.
func cell(batch, row, col, rows, cols int, shared, trans bool) int {
	if shared {
		batch = 0
	}
	if trans {
		return batch*rows*cols + col*rows + row
	}
	return batch*rows*cols + row*cols + col
}

func checkMatMul(s *suite) {
	for _, p := range pairs(len(matmulExtents), len(matmulBatches), 2, 2, 2, len(activations), len(columns), len(modes), len(modes)) {
		m := matmulBatches[p[1]]
		m.M, m.N, m.K = matmulExtents[p[0]][0], matmulExtents[p[0]][1], matmulExtents[p[0]][2]
		m.TransA, m.TransB, m.Act = p[2] == 1, p[3] == 1, activations[p[5]]
		s.checkMatMul(m, p[4] == 1, columns[p[6]], modes[p[7]], modes[p[8]])
	}
	for i := range 4 * len(columns) { // every layout in every column, in whole vectors and more than a tile
		m := device.MatMul{Batch: 1, M: 136, N: 72, K: 48, TransA: i&1 > 0, TransB: i&2 > 0}
		s.checkMatMul(m, true, columns[i/4], result{}, result{unwanted: true})
	}
	s.check(check{
		op: "MatMul", name: "by hand, a stored transposed",
		src:  []array{s.values(device.Float32, 1, 3, 2, 4), s.values(device.Float32, 5, 6, 7, 8), s.values(device.Float32, -20, 0.5)},
		dst:  []result{{dtype: device.Float32, n: 4}, {dtype: device.Float32, n: 4}},
		want: [][]float64{{0, 22.5, 23, 50.5}, {-1, 22.5, 23, 50.5}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.MatMul(dst[0], dst[1], src[0], src[1], src[2], device.MatMul{
				Batch: 1, M: 2, N: 2, K: 2, TransA: true, Act: device.Unary{Func: device.ReLU},
			})
		},
	})
}

// matmulExtents are M, N and K: nothing, vectors, and the neighbours of register
// tiles (6, 12, 14 by 16, 32), of warps and of blocks of the inner axis.
var matmulExtents = [...][3]int{
	{0, 7, 3}, {7, 0, 3}, {7, 5, 0},
	{1, 1, 1}, {1, 33, 7}, {33, 1, 7}, {7, 7, 1}, {1, 7, 1000}, {7, 1, 1000},
	{5, 15, 31}, {6, 16, 32}, {7, 17, 33}, {11, 31, 7}, {12, 32, 8}, {13, 33, 9}, {14, 16, 65}, {15, 47, 2},
	{31, 31, 31}, {33, 33, 33}, {64, 63, 65}, {97, 100, 33}, {129, 17, 40},
	{3, 5, 255}, {9, 20, 257}, {2, 40, 513}, {17, 33, 769}, {100, 97, 130},
}

var matmulBatches = [...]device.MatMul{
	{Batch: 1}, {Batch: 3}, {Batch: 0}, {Batch: 2, SharedA: true}, {Batch: 3, SharedB: true}, {Batch: 2, SharedA: true, SharedB: true},
}

func (s *suite) checkMatMul(m device.MatMul, bias bool, t dtypeColumn, y, pre result) {
	a := s.normal(t.src, operands(m.Batch, m.SharedA)*m.M*m.K)
	b := s.normal(t.src, operands(m.Batch, m.SharedB)*m.K*m.N)
	constant := array{}
	if bias {
		constant = s.normal(device.Float32, m.N)
	}
	terms := product(abs(a.v), abs(b.v), abs(constant.v), m)
	s.check(check{
		op: "MatMul", name: fmt.Sprintf("%+v bias %v, %v", m, bias, t),
		src: []array{a, b, constant},
		dst: activated(y, pre, t.dst, terms, m.K+1, m.Act),
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.MatMul(dst[0], dst[1], src[0], src[1], src[2], m)
		},
	})
}

// operands is how many matrices a batch has.
func operands(batch int, shared bool) int {
	if shared {
		return 1
	}
	return batch
}
