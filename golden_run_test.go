package chainrule_test

import (
	"maps"
	"math"
	"slices"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"

	"github.com/stretchr/testify/require"
)

// An expression computes a case as a user would write it: its outputs by role.
type expression func(r *run) map[string]*backward.Var

// A run is an expression on one tape. Inputs are watched, params are Params.
type run struct {
	*golden
	dev      device.Device
	data     device.DType // of inputs, and of weights where they are used
	upstream []func(dy float64) float64
	tape     *backward.Tape
	params   *backward.Params
	watched  map[string]*backward.Var
}

// checkExpression compares the outputs and all gradients with PyTorch's: in
// float64 on the Reference, in Float32 on each backend and, with low, in BFloat16.
// There ties may appear as inputs are rounded, so that the Reference, which has
// just agreed with PyTorch, says what is right for the rounded inputs.
func (c *golden) checkExpression(f expression, low bool) {
	want := c.wanted()
	for role, got := range c.evaluate(devicetest.Reference(), device.Float32, f) {
		c.compare("reference", role, got, want[role], c.referenceBound(want[role]))
	}
	terms := c.terms(f, want)
	for _, b := range backends {
		for role, got := range c.evaluate(b.open(c), device.Float32, f) {
			c.compare(b.name+" float32", role, got, want[role], c.float32Bound(role, terms[role]))
		}
	}
	if !low {
		return
	}
	want = c.evaluate(devicetest.Reference(), device.BFloat16, f)
	for _, b := range backends {
		for role, got := range c.evaluate(b.open(c), device.BFloat16, f) {
			c.compare(b.name+" bfloat16", role, got, want[role], bfloat16Bound(terms[role]))
		}
	}
}

// wanted is PyTorch's outputs and gradients by role.
func (c *golden) wanted() map[string]array {
	want := map[string]array{}
	for _, roles := range []map[string]string{c.Outputs, c.Grads} {
		for role := range roles {
			want[role] = c.read(roles, role)
		}
	}
	return want
}

// evaluate runs f forward and backward on dev, which it closes, and returns
// the outputs and gradients by role. upstream is applied to each dy.
func (c *golden) evaluate(dev device.Device, data device.DType, f expression, upstream ...func(float64) float64) map[string]array {
	defer closeDevice(c, dev)
	r := &run{golden: c, dev: dev, data: data, upstream: upstream, watched: map[string]*backward.Var{}}
	r.tape = backward.NewTape(dev, backward.Mode{Training: c.Op != "batch_norm_eval", Precision: data})
	r.openParams()
	got := map[string]array{}
	outputs := f(r)
	require.NoError(c, r.tape.Err())
	for role := range c.Outputs {
		require.Contains(c, outputs, role)
		got[role] = valueOf(c, r.channelsFirst(role, outputs[role]))
	}
	require.NoError(c, r.loss(outputs).Backward())
	for role := range c.Grads {
		got[role] = r.gradient(role[len("d"):])
	}
	r.tape.Close()
	r.params.Close()
	return got
}

// openParams gives the case's params memory; running statistics are states.
func (r *run) openParams() {
	params, states := map[string]array{}, map[string]array{}
	for role := range r.Params {
		params[role] = r.source(role)
	}
	for _, role := range []string{"running_mean", "running_var"} {
		if r.has(role) {
			states[role] = r.source(role)
		}
	}
	r.params = newParams(r.golden, r.dev, params, states)
}

// loss is Σ dy y over all outputs with an upstream gradient dy.
func (r *run) loss(outputs map[string]*backward.Var) *backward.Var {
	require.NotEmpty(r, r.Dy)
	var loss *backward.Var
	for _, role := range slices.Sorted(maps.Keys(r.Dy)) {
		dy := r.read(r.Dy, role)
		for _, f := range r.upstream {
			dy = dy.each(f)
		}
		term := r.channelsFirst(role, outputs[role]).Mul(r.input(dy, device.Float32)).Sum()
		if loss == nil {
			loss = term
		} else {
			loss = loss.Add(term)
		}
	}
	return loss
}

func (r *run) gradient(role string) array {
	if p := r.params.Lookup(role); p != nil {
		return download(r.golden, p.Grad())
	}
	require.Contains(r, r.watched, role, "the expression never asks for it")
	g, err := r.watched[role].Grad()
	require.NoError(r, err)
	return download(r.golden, g)
}

// in is an input with a gradient.
func (r *run) in(role string) *backward.Var {
	x := upload(r.golden, r.dev, r.source(role), r.data)
	defer x.Free()
	r.watched[role] = r.tape.Watch(x)
	return r.channelsLast(role, r.watched[role])
}

// weight is a param in the precision of the data.
func (r *run) weight(role string) *backward.Var {
	return r.channelsLast(role, r.tape.Weight(r.params.Lookup(role)))
}

// param is one that is always Float32; nil where the case has none.
func (r *run) param(role string) *backward.Var {
	if !r.has(role) {
		return nil
	}
	return r.tape.Param(r.params.Lookup(role))
}

// constant is floats without a gradient; a mask is 0 and 1.
func (r *run) constant(role string) *backward.Var {
	return r.channelsLast(role, r.input(r.source(role), device.Float32))
}

// labels are whole numbers.
func (r *run) labels(role string) *backward.Var { return r.input(r.source(role), device.Int32) }

// number is a constant that float32 need not hold.
func (r *run) number(x float64) *backward.Var {
	return r.input(array{nil, []float64{x}}, device.Float32)
}

func (r *run) input(a array, t device.DType) *backward.Var {
	x := upload(r.golden, r.dev, a, t)
	defer x.Free()
	return r.tape.Input(x)
}

func (r *run) has(role string) bool {
	return slices.ContainsFunc(r.sources(), func(roles map[string]string) bool { return roles[role] != "" })
}

func (r *run) sources() []map[string]string {
	return []map[string]string{r.Inputs, r.Params, r.Ints, r.Bools, r.Consts}
}

// source is the tensor that a case gives as role, rounded as the data is.
func (r *run) source(role string) array {
	for _, roles := range r.sources() {
		if roles[role] != "" {
			return r.read(roles, role)
		}
	}
	require.Fail(r, "the case gives no "+role)
	return array{}
}

// read is golden.read, rounded to BFloat16 where that is the data.
func (r *run) read(roles map[string]string, role string) array {
	a := r.golden.read(roles, role)
	if r.data == device.BFloat16 {
		for i, x := range a.values {
			a.values[i] = roundToBFloat16(x)
		}
	}
	return a
}

// roundToBFloat16 drops 16 bits, to nearest, ties to even.
func roundToBFloat16(x float64) float64 {
	bits := math.Float32bits(float32(x))
	bits += 0x7fff + bits>>16&1
	return float64(math.Float32frombits(bits &^ 0xffff))
}

// Images and filters are stored with their channels second; the engine has
// them last.
var (
	toChannelsLast  = map[string][]int{"NCHW": {0, 2, 3, 1}, "OIHW": {0, 2, 3, 1}, "IOHW": {0, 2, 3, 1}, "NCL": {0, 2, 1}, "OIL": {0, 2, 1}}
	toChannelsFirst = map[string][]int{"NCHW": {0, 3, 1, 2}, "NCL": {0, 2, 1}}
)

func (r *run) channelsLast(role string, v *backward.Var) *backward.Var {
	return r.permuted(role, v, toChannelsLast)
}

func (r *run) channelsFirst(role string, v *backward.Var) *backward.Var {
	return r.permuted(role, v, toChannelsFirst)
}

func (r *run) permuted(role string, v *backward.Var, axes map[string][]int) *backward.Var {
	layout := r.Layout[role]
	if layout == "" {
		return v
	}
	require.Contains(r, axes, layout, "layout of %s", role)
	return v.Permute(axes[layout]...)
}
