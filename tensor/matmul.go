package tensor

import (
	"slices"

	"example.org/chainrule/device"
)

// A Product says how the operands of MatMul are stored and what is done with
// the result.
type Product struct {
	TransA, TransB bool         // stored transposed in their last two axes
	Act            device.Unary // applied to the result; Identity is none
}

// MatMul returns f(op(a) op(b) + bias). a is [..., m, k] and b [..., k, n] after
// op; their leading axes are equal, or b has none and serves all. bias is [n]
// (Float32) or nil; the result is [..., m, n]. The error is a *ShapeError, or a
// *device.MemoryError.
func MatMul(a, b, bias *Tensor, p Product) (*Tensor, error) {
	_, shape, err := matMulSpec(a, b, p)
	if err != nil {
		return nil, err
	}
	return made(a.dev, a.DType(), shape, func(c Dst) error { return MatMulInto(c, Dst{}, a, b, bias, p) })
}

// MatMulInto sends f(op(a) op(b) + bias) to c and the value before f to pre; see
// [MatMul]. The error is a *ShapeError.
func MatMulInto(c, pre Dst, a, b, bias *Tensor, p Product) error {
	const op = "MatMul"
	s, shape, err := matMulSpec(a, b, p)
	if err != nil {
		return err
	}
	if err := first(operands(op, a, b), optional(op, "bias", a, bias, device.Float32, s.N),
		sent(op, a, c, shape...), sent(op, a, pre, shape...)); err != nil {
		return err
	}
	a.dev.MatMul(c.dst(), pre.dst(), a.buf, b.buf, bias.buffer(), s)
	return nil
}

// matMulSpec is the device's description and the shape of the result.
func matMulSpec(a, b *Tensor, p Product) (device.MatMul, []int, error) {
	s := device.MatMul{Batch: 1, TransA: p.TransA, TransB: p.TransB, Act: p.Act}
	if a.Rank() < 2 || b.Rank() < 2 {
		return s, nil, misfit("MatMul", "want matrices: two axes or more", a, b)
	}
	batchA, batchB := a.shape[:a.Rank()-2], b.shape[:b.Rank()-2]
	var k int
	s.M, s.K = oriented(a.Dim(-2), a.Dim(-1), p.TransA)
	k, s.N = oriented(b.Dim(-2), b.Dim(-1), p.TransB)
	if k != s.K {
		return s, nil, misfit("MatMul", "the inner extents differ", a, b)
	}
	shape := append(slices.Clone(batchA), s.M, s.N)
	for _, n := range batchA {
		s.Batch *= n
	}
	switch {
	case slices.Equal(batchA, batchB):
	case len(batchB) > 0:
		return s, nil, misfit("MatMul", "the leading axes differ", a, b)
	case p.TransA:
		s.SharedB = true
	default: // one tall product
		s.M, s.Batch = s.M*s.Batch, 1
	}
	return s, shape, nil
}

func oriented(rows, cols int, trans bool) (int, int) {
	if trans {
		return cols, rows
	}
	return rows, cols
}
