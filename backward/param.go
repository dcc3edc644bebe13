package backward

import (
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"slices"

	"example.org/chainrule/device"
	"example.org/chainrule/tensor"
)

// An Init fills w, a parameter in its stored layout of the given shape, with its
// first values; it is zero before. r depends on the seed of Params.Open and the
// parameter's name. An Init calls nothing of the device, whose memory w may be.
type Init func(w []float32, shape []int, r *rand.Rand)

// Constant is an Init that fills with v.
func Constant(v float32) Init {
	return func(w []float32, _ []int, _ *rand.Rand) {
		for i := range w {
			w[i] = v
		}
	}
}

// A Layout says how a parameter lies in a file and in memory. Files hold
// PyTorch's layouts; kernels want NHWC ones. A filter is stored as
// [out, in, kh, kw] and used as [out, kh, kw, in]: Axes are 0, 2, 3, 1.
type Layout struct {
	Stored []int // shape in a file
	Split  []int // the same elements with axes split, for Axes; nil means Stored
	Axes   []int // memory axis i is axis Axes[i] of Split; nil means the same order
	Shape  []int // shape in memory; nil means Split in the order of Axes
}

// Plain is the layout of a parameter that is stored as it is used.
func Plain(shape ...int) Layout { return Layout{Stored: shape} }

// full fills in what a Layout leaves out. The error says what makes it none.
func (l Layout) full() (Layout, error) {
	if l.Split == nil {
		l.Split = l.Stored
	}
	if l.Axes == nil {
		l.Axes = order(len(l.Split))
	}
	if !slices.Equal(slices.Sorted(slices.Values(l.Axes)), order(len(l.Split))) {
		return l, fmt.Errorf("axes %v do not permute %v", l.Axes, l.Split)
	}
	if l.Shape == nil {
		for _, a := range l.Axes {
			l.Shape = append(l.Shape, l.Split[a])
		}
	}
	for _, shape := range [][]int{l.Stored, l.Split, l.Shape} {
		if slices.ContainsFunc(shape, func(d int) bool { return d < 0 }) || size(shape) != size(l.Stored) {
			return l, fmt.Errorf("stored as %v, split as %v, used as %v: want as many elements each, and no negative extent", l.Stored, l.Split, l.Shape)
		}
	}
	return l, nil
}

// order is 0, 1, ... n-1.
func order(n int) []int {
	axes := make([]int, n)
	for i := range axes {
		axes[i] = i
	}
	return axes
}

// fromStored puts w, which lies as in a file, in memory order.
func (l Layout) fromStored(w []float32) {
	l.eachUnit(w, func(unit, was []float32, index []int) {
		for i, at := range index {
			unit[i] = was[at]
		}
	})
}

// toStored puts w, which is in memory order, as it lies in a file.
func (l Layout) toStored(w []float32) {
	l.eachUnit(w, func(unit, was []float32, index []int) {
		for i, at := range index {
			unit[at] = was[i]
		}
	})
}

// eachUnit calls f for each part of w that is permuted within itself: with what
// it was, and the place in the file of each element in memory order.
func (l Layout) eachUnit(w []float32, f func(unit, was []float32, index []int)) {
	fixed := 0 // axes that stay before all others
	for fixed < len(l.Axes) && l.Axes[fixed] == fixed {
		fixed++
	}
	if fixed == len(l.Axes) || len(w) == 0 {
		return
	}
	index := places(l.Split, l.Axes, fixed)
	was := make([]float32, len(index))
	for unit := range slices.Chunk(w, len(index)) {
		copy(was, unit)
		f(unit, was, index)
	}
}

// places are the indices of shape's elements from axis fixed on, when the axes
// from there are put in the order of axes.
func places(shape, axes []int, fixed int) []int {
	stride := make([]int, len(shape))
	for i, n := len(shape)-1, 1; i >= 0; i-- {
		stride[i], n = n, n*shape[i]
	}
	index := []int{0}
	for _, a := range axes[fixed:] {
		outer := index
		index = make([]int, 0, len(outer)*shape[a])
		for _, at := range outer {
			for i := range shape[a] {
				index = append(index, at+i*stride[a])
			}
		}
	}
	return index
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// A Param is a value that outlives its tape, and its gradient: both are parts
// of slabs of its Params. A state (running statistics) has no gradient.
type Param struct {
	reg    *registry
	name   string
	layout Layout
	init   Init
	state  bool
	frozen bool
	group  int
	offset int // in its slab
	value  *tensor.Tensor
	low    *tensor.Tensor // value in BFloat16, where a copy is kept
	grad   *tensor.Tensor
	stale  bool // grad is an earlier Backward's: the first sender of this one overwrites it
}

// Name is the full name, such as "layer1.0.conv1.weight".
func (p *Param) Name() string { return p.name }

// Shape is the shape in memory. It is not to be changed.
func (p *Param) Shape() []int { return p.layout.Shape }

// StoredShape is the shape in a file, PyTorch's. It is not to be changed.
func (p *Param) StoredShape() []int { return p.layout.Stored }

// Len is the number of elements.
func (p *Param) Len() int { return size(p.layout.Shape) }

// IsState reports whether p is a statistic, saved but not trained.
func (p *Param) IsState() bool { return p.state }

// Value is the value, Float32 of Shape, which belongs to Params; nil before
// Params.Open. Whoever writes to it calls Params.Written.
func (p *Param) Value() *tensor.Tensor { return p.value }

// Grad is the gradient, Float32 of Shape, which belongs to Params: what Backward
// has added up since the last step, or its last one alone: see
// [Params.OverwriteGrads]. It is nil for a state and before Params.Open.
func (p *Param) Grad() *tensor.Tensor { return p.grad }

// Freeze stops training of p, or with false goes on with it: while frozen it gets
// no gradient and no update, and optimizers keep its momentum. A step recorded
// before must be recorded anew. Freezing a state means nothing: evaluation mode
// leaves statistics alone. The error is the device's.
func (p *Param) Freeze(on bool) error {
	p.frozen = on
	return p.reg.writeTable()
}

// Stored waits for the device and returns the value as it lies in a file. The
// error is the device's, or says that there is no memory yet.
func (p *Param) Stored() ([]float32, error) {
	if p.value == nil {
		return nil, p.notOpen()
	}
	mem, err := p.value.Float32s()
	if err != nil {
		return nil, err
	}
	p.layout.toStored(mem)
	return mem, nil
}

var errNotOpen = errors.New("backward: the parameters have no memory: call Params.Open first")

func (p *Param) notOpen() error { return fmt.Errorf("%w (%s)", errNotOpen, p.name) }

// Params is the registry of a model's parameters and running statistics, under
// PyTorch's names. Layers declare on it; Open gives it memory.
type Params struct {
	reg    *registry
	prefix string
}

// registry is what all Sub registries of a model share.
type registry struct {
	dev    device.Device
	params []*Param // in the model's order
	byName map[string]*Param

	values, grads *tensor.Tensor // slabs of the parameters
	low           *tensor.Tensor // values in BFloat16, where a copy is kept
	states        *tensor.Tensor // slab of the running statistics
	backup        *tensor.Tensor // states as after the last applied step
	table         *tensor.Tensor // tensor and group of each row of the slabs
	overwrite     bool           // gradients are the last Backward's alone
}

// NewParams returns an empty registry.
func NewParams() *Params {
	return &Params{reg: &registry{byName: map[string]*Param{}}}
}

// Sub is the registry of a part: its names begin with name and a dot.
func (ps *Params) Sub(name string) *Params {
	return &Params{ps.reg, ps.prefix + name + "."}
}

// Param declares a trainable parameter. A name used twice, a layout that is none
// and a declaration after Open are mistakes of the program: they panic.
func (ps *Params) Param(name string, l Layout, init Init) *Param {
	return ps.declare(&Param{name: name, layout: l, init: init})
}

// State declares a running statistic: saved, without a gradient. It panics as
// Param does.
func (ps *Params) State(name string, l Layout, init Init) *Param {
	return ps.declare(&Param{name: name, layout: l, init: init, state: true})
}

func (ps *Params) declare(p *Param) *Param {
	p.reg, p.name = ps.reg, ps.prefix+p.name
	if ps.reg.byName[p.name] != nil {
		panic("backward: parameter " + p.name + " is declared twice")
	}
	if ps.reg.values != nil {
		panic("backward: parameter " + p.name + " is declared after Open")
	}
	var err error
	if p.layout, err = p.layout.full(); err != nil {
		panic("backward: parameter " + p.name + ": " + err.Error())
	}
	if len(p.layout.Stored) < 2 {
		p.group = VectorGroup
	}
	ps.reg.byName[p.name] = p
	ps.reg.params = append(ps.reg.params, p)
	return p
}

// All yields the parameters and states of the whole model in the order of their
// declaration, whichever Sub it is asked of.
func (ps *Params) All() iter.Seq[*Param] { return slices.Values(ps.reg.params) }

// Lookup finds a parameter or state by its full name, whichever Sub it is asked
// of; nil if there is none.
func (ps *Params) Lookup(name string) *Param { return ps.reg.byName[name] }

// SetStored copies values in, which lie as in a file. Where one does not fit none
// is copied: the error is a *tensor.ShapeError for a wrong length, or says that a
// parameter is of another model or has no memory yet.
func (ps *Params) SetStored(values map[*Param][]float32) error {
	if ps.reg.values == nil {
		return errNotOpen
	}
	for p, w := range values {
		if p.reg != ps.reg {
			return fmt.Errorf("backward: SetStored: parameter %s is of another model", p.name)
		}
		if len(w) != p.Len() {
			return &tensor.ShapeError{Op: "SetStored", Shapes: [][]int{p.layout.Stored}, Reason: fmt.Sprintf("%s is given %d values", p.name, len(w))}
		}
	}
	for p, w := range values {
		if err := p.write(func(mem []float32) { copy(mem, w) }); err != nil {
			return err
		}
	}
	return ps.reg.written()
}

// Count is the number of trainable numbers of the whole model, frozen ones too.
func (ps *Params) Count() int {
	n := 0
	for _, p := range ps.reg.params {
		if !p.state {
			n += p.Len()
		}
	}
	return n
}

// random is the source of p's first value: the seed and the name alone decide.
func (p *Param) random(seed uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(p.name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// write sets p's value to what f writes, which lies as in a file.
func (p *Param) write(f func(w []float32)) error {
	return tensor.Write(p.value, func(w []float32) {
		f(w)
		p.layout.fromStored(w)
	})
}
