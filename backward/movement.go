package backward

import (
	"fmt"
	"slices"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// Reshape returns x's elements, of any dtype, in another shape of as many, sharing
// its storage; one extent may be -1 and follows from the others.
//
//	dx = dy reshaped
func (x *Var) Reshape(shape ...int) *Var {
	return record(Op{"Reshape", slices.Clone(shape)},
		func(*Frame) (*tensor.Tensor, error) { return x.value.Reshape(shape...) },
		func(_, dy *tensor.Tensor) error { return x.pass(dy.Reshape(x.Shape()...)) }, x)
}

// Flatten returns x with all axes but the first merged, [N, ...] as [N, M], sharing
// its storage.
//
//	dx = dy reshaped
func (x *Var) Flatten() *Var {
	if x.Rank() == 0 {
		return x.Reshape(1, 1)
	}
	return x.Reshape(x.Dim(0), size(x.Shape()[1:]))
}

// Detach returns x's value without its history, sharing its storage: nothing
// flows back.
func (x *Var) Detach() *Var {
	y := record(Op{Name: "Detach"}, func(*Frame) (*tensor.Tensor, error) { return x.value.Retain(), nil }, nil, x)
	y.need = false
	return y
}

// Cast returns x, Float32 or BFloat16 of any shape, as the other of them, rounded
// to nearest, or x itself where it has that dtype.
//
//	dx = dy cast back
func (x *Var) Cast(t device.DType) *Var {
	if x.value != nil && x.value.DType() == t {
		return x
	}
	return record(Op{"Cast", t},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Cast(x.value, t) },
		func(_, dy *tensor.Tensor) error { return tensor.CastInto(x.grad(), dy) }, x)
}

// Normalize returns images of bytes x, Uint8 [..., C], as data: scale[c] x +
// shift[c], in the tape's precision. scale and shift are Float32 [C]; see
// [tensor.Normalize] for means and deviations. No gradient flows to bytes.
func (x *Var) Normalize(scale, shift *tensor.Tensor) *Var {
	return record(Op{Name: "Normalize"},
		func(*Frame) (*tensor.Tensor, error) {
			return tensor.Normalize(x.value, scale, shift, x.tape.mode.Precision)
		}, nil, x)
}

// Pixels returns images of bytes x, Uint8 [..., C], as data from 0 to 1: x/255 in
// the tape's precision. No gradient flows to bytes.
func (x *Var) Pixels() *Var {
	return record(Op{Name: "Pixels"},
		func(f *Frame) (*tensor.Tensor, error) {
			var parts [2]*tensor.Tensor
			for i, v := range [2]float32{1.0 / 255, 0} {
				p, err := tensor.New(x.tape.dev, device.Float32, x.Dim(-1))
				if err != nil {
					return nil, err
				}
				if err := tensor.Fill(f.Save(p), v); err != nil {
					return nil, err
				}
				parts[i] = p
			}
			return tensor.Normalize(x.value, parts[0], parts[1], x.tape.mode.Precision)
		}, nil, x)
}

// Permute returns a copy of x with its axes reordered: the result's axis i is x's
// axis axes[i]; negative ones count from the last. x is of any dtype.
//
//	dx = dy permuted back
func (x *Var) Permute(axes ...int) *Var {
	back := make([]int, len(axes))
	for i, a := range axes {
		if a < 0 {
			a += len(axes)
		}
		if a >= 0 && a < len(back) {
			back[a] = i
		}
	}
	return record(Op{"Permute", slices.Clone(axes)},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Permute(x.value, axes...) },
		func(_, dy *tensor.Tensor) error { return tensor.PermuteInto(x.grad(), dy, back...) }, x)
}

// Swap is the Permute that exchanges two axes; negative ones count from the last.
// Swap(-1, -2) transposes matrices.
//
//	dx = dy swapped back
func (x *Var) Swap(a, b int) *Var {
	axes := order(x.Rank())
	for _, at := range []*int{&a, &b} {
		if *at < 0 {
			*at += len(axes)
		}
		if *at < 0 || *at >= len(axes) {
			return x.unfit("Swap", "there is no such axis")
		}
	}
	axes[a], axes[b] = axes[b], axes[a]
	return x.Permute(axes...)
}

// Slice returns a copy of elements lo to hi-1 of an axis of x, of any dtype and
// shape; a negative axis counts from the last.
//
//	dx = dy in that place, 0 elsewhere
func (x *Var) Slice(axis, lo, hi int) *Var {
	return record(Op{"Slice", [3]int{axis, lo, hi}},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Slice(x.value, axis, lo, hi) },
		func(_, dy *tensor.Tensor) error { return tensor.SliceGradInto(x.grad(), dy, axis, lo) }, x)
}

// Split returns copies of the parts of an axis, which have the given extents and
// add up to it; a negative axis counts from the last.
//
//	dx = the parts' dy, joined
func (x *Var) Split(axis int, extents ...int) []*Var {
	parts, at := make([]*Var, len(extents)), 0
	for i, n := range extents {
		parts[i] = x.Slice(axis, at, at+n)
		at += n
	}
	if at != x.Dim(axis) {
		x.unfit("Split", fmt.Sprintf("extents %v add up to %d, axis %d has %d", extents, at, axis, x.Dim(axis)))
	}
	return parts
}

// Concat returns xs joined along an axis; they are of one dtype, any, and their
// other extents are equal. A negative axis counts from the last. No xs at all
// panics.
//
//	dxᵢ = dy at the place of xᵢ
func Concat(axis int, xs ...*Var) *Var {
	return record(Op{"Concat", axis},
		func(*Frame) (*tensor.Tensor, error) {
			values := make([]*tensor.Tensor, len(xs))
			for i, x := range xs {
				values[i] = x.value
			}
			return tensor.Concat(axis, values...)
		},
		func(_, dy *tensor.Tensor) error {
			at := 0
			for _, x := range xs {
				n := x.Dim(axis)
				if err := tensor.SliceInto(x.grad(), dy, axis, at, at+n); err != nil {
					return err
				}
				at += n
			}
			return nil
		}, xs...)
}

// Stack returns xs, of one dtype and shape, joined along a new axis of the result,
// [..., len(xs), ...]; a negative axis counts from the result's last. No xs at all
// panics.
//
//	dxᵢ = dy at index i of the axis
func Stack(axis int, xs ...*Var) *Var {
	parts := make([]*Var, len(xs))
	for i, x := range xs {
		at := axis
		if at < 0 {
			at += x.Rank() + 1
		}
		parts[i] = x.Reshape(slices.Insert(slices.Clone(x.Shape()), min(max(at, 0), x.Rank()), 1)...)
	}
	return Concat(axis, parts...)
}

// Pad returns x, of any shape, with before and after elements of a constant value
// at the ends of an axis; a negative axis counts from the last.
//
//	dx = dy without the padding
func (x *Var) Pad(axis, before, after int, value float32) *Var {
	return record(Op{"Pad", [3]int{axis, before, after}},
		func(*Frame) (*tensor.Tensor, error) { return tensor.Pad(x.value, axis, before, after, value) },
		func(_, dy *tensor.Tensor) error {
			return tensor.SliceInto(x.grad(), dy, axis, before, before+x.Dim(axis))
		}, x)
}
