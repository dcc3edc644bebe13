package backward

import (
	"errors"
	"slices"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// MatMul returns the product ab. a is [..., m, k], b is [..., k, n], and their
// leading axes broadcast.
//
//	da = dy bᵀ    db = aᵀ dy
func (a *Var) MatMul(b *Var) *Var { return a.MatMulT(b, false, false) }

// MatMulT returns op(a) op(b), where transA and transB say that the operand's
// last two axes are stored transposed: a is then [..., k, m], b [..., n, k].
//
//	da = dy op(b)ᵀ    db = op(a)ᵀ dy    each transposed where its operand is
func (a *Var) MatMulT(b *Var, transA, transB bool) *Var {
	if a.Rank() > 2 && b.Rank() == 2 && !transA {
		n := b.Dim(-1)
		if transB {
			n = b.Dim(0)
		}
		shape := append(slices.Clone(a.Shape()[:a.Rank()-1]), n)
		return a.rows().MatMulT(b, false, transB).Reshape(shape...)
	}
	a, b = a.batchedLike(b), b.batchedLike(a)
	return a.matMul(b, transA, transB)
}

// rows is x as a matrix: all axes but the last merged.
func (x *Var) rows() *Var {
	last := x.Rank() - 1
	return x.Reshape(size(x.Shape()[:last]), x.Dim(last))
}

// batchedLike repeats a so that its leading axes are the broadcast of a's and b's.
func (a *Var) batchedLike(b *Var) *Var {
	if a.Rank() < 2 || b.Rank() < 2 {
		return a
	}
	shape := slices.Clone(a.Shape())
	for len(shape) < b.Rank() {
		shape = slices.Insert(shape, 0, 1)
	}
	for i := 3; i <= b.Rank(); i++ {
		if at := len(shape) - i; shape[at] == 1 {
			shape[at] = b.Dim(-i)
		}
	}
	return a.Expand(shape...)
}

func (a *Var) matMul(b *Var, transA, transB bool) *Var {
	p := tensor.Product{TransA: transA, TransB: transB}
	return record(Op{"MatMul", p},
		func(*Frame) (*tensor.Tensor, error) { return tensor.MatMul(a.value, b.value, nil, p) },
		func(_, dy *tensor.Tensor) error {
			return errors.Join(
				gradA(a.grad(), dy, b.value, p),
				gradB(b.grad(), a.value, dy, p))
		}, a, b)
}

// gradA sends dy op(b)ᵀ to da, transposed where a is.
func gradA(da tensor.Dst, dy, b *tensor.Tensor, p tensor.Product) error {
	if p.TransA {
		return tensor.MatMulInto(da, tensor.Dst{}, b, dy, nil, tensor.Product{TransA: p.TransB, TransB: true})
	}
	return tensor.MatMulInto(da, tensor.Dst{}, dy, b, nil, tensor.Product{TransB: !p.TransB})
}

// gradB sends op(a)ᵀ dy to db, transposed where b is.
func gradB(db tensor.Dst, a, dy *tensor.Tensor, p tensor.Product) error {
	if p.TransB {
		return tensor.MatMulInto(db, tensor.Dst{}, dy, a, nil, tensor.Product{TransA: true, TransB: p.TransA})
	}
	return tensor.MatMulInto(db, tensor.Dst{}, a, dy, nil, tensor.Product{TransA: !p.TransA})
}

// Linear returns f(x wᵀ + b), [..., out], in one kernel: x is [..., in], w
// [out, in], b [out] (always Float32) or nil, f an activation or the zero Unary.
//
//	dz = dy f'    dx = dz w    dw = dzᵀ x    db = Σ dz
func (x *Var) Linear(w, b *Var, f device.Unary) *Var {
	if x.Rank() != 2 && x.Rank() > 0 && w.Rank() == 2 {
		shape := append(slices.Clone(x.Shape()[:x.Rank()-1]), w.Dim(0))
		return x.rows().Linear(w, b, f).Reshape(shape...)
	}
	var v *tensor.Tensor
	return record(Op{"Linear", f},
		func(fr *Frame) (y *tensor.Tensor, err error) {
			y, v, err = activated(fr, f, []int{x.Dim(0), w.Dim(0)}, x.value, func(y, pre tensor.Dst) error {
				return tensor.MatMulInto(y, pre, x.value, w.value, b.tensor(), tensor.Product{TransB: true, Act: f})
			})
			return y, err
		},
		func(y, dy *tensor.Tensor) error {
			dz, err := beforeActivation(f, dy, y, v)
			if err != nil {
				return err
			}
			defer dz.Free()
			return errors.Join(
				tensor.MatMulInto(x.grad(), tensor.Dst{}, dz, w.value, nil, tensor.Product{}),
				tensor.MatMulInto(w.grad(), tensor.Dst{}, dz, x.value, nil, tensor.Product{TransA: true}),
				biasGrad(b, dz))
		}, x, w, b)
}

// tensor is v's value; nil for a nil Var.
func (v *Var) tensor() *tensor.Tensor {
	if v == nil {
		return nil
	}
	return v.value
}

// activated makes the result of a kernel with an activation in its epilogue,
// and v, which the activation's derivative reads besides y: the value before
// it, or nil.
func activated(fr *Frame, f device.Unary, shape []int, like *tensor.Tensor, run func(y, pre tensor.Dst) error) (y, v *tensor.Tensor, err error) {
	if y, err = tensor.New(like.Device(), like.DType(), shape...); err != nil {
		return nil, nil, err
	}
	var pre tensor.Dst
	if f.Func.ReadsX() && fr.Differentiated() {
		if v, err = tensor.New(like.Device(), like.DType(), shape...); err != nil {
			y.Free()
			return nil, nil, err
		}
		pre = tensor.To(fr.Save(v))
	}
	if err := run(tensor.To(y), pre); err != nil {
		y.Free()
		return nil, nil, err
	}
	return y, v, nil
}

// beforeActivation is dz = dy f', which the caller frees; v is as activated
// returned it.
func beforeActivation(f device.Unary, dy, y, v *tensor.Tensor) (*tensor.Tensor, error) {
	if f.Func == device.Identity {
		return dy.Retain(), nil
	}
	if v == nil {
		v = y
	}
	dz, err := tensor.New(dy.Device(), dy.DType(), dy.Shape()...)
	if err != nil {
		return nil, err
	}
	return dz, tensor.UnaryGradInto(tensor.To(dz), dy, v, f)
}

// biasGrad sends the sum of dz over all but the last axis to b's gradient.
func biasGrad(b *Var, dz *tensor.Tensor) error {
	if b == nil {
		return nil
	}
	return tensor.ReduceInto(b.grad(), dz, device.Sum, 0, dz.Rank()-1)
}
