package devicetest

import (
	"math"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// Careless devices, each with one bug that people make. What is always wrong is
// planted_test.go's business.

// A forgetful device overwrites where it should add.
type forgetful struct{ *reference }

func (d forgetful) Unary(y device.Dst, x device.Buffer, f device.Unary) {
	y.Add = false
	d.reference.Unary(y, x, f)
}

func (d forgetful) ReduceGrad(dx device.Dst, dy, x, y device.Buffer, s device.Reduce) {
	dx.Add = false
	d.reference.ReduceGrad(dx, dy, x, y, s)
}

func (d forgetful) Conv2DGradFilter(dw device.Dst, dy, x device.Buffer, s device.Conv2D) {
	dw.Add = false
	d.reference.Conv2DGradFilter(dw, dy, x, s)
}

// A hoarding device adds where it should overwrite.
type hoarding struct{ *reference }

func (d hoarding) MatMul(c, pre device.Dst, a, b, bias device.Buffer, s device.MatMul) {
	c.Add = c.Wanted()
	d.reference.MatMul(c, pre, a, b, bias, s)
}

func (d hoarding) SoftmaxGrad(dx device.Dst, dy, y device.Buffer, s device.Softmax) {
	dx.Add = dx.Wanted()
	d.reference.SoftmaxGrad(dx, dy, y, s)
}

// A fussy device cannot do without a result.
type fussy struct{ *reference }

func (d fussy) Convert(y device.Dst, x device.Buffer) {
	if !y.Wanted() {
		panic(verdict("Convert: there is no destination"))
	}
	d.reference.Convert(y, x)
}

// A hasty device adds to a destination before it has read the source there.
type hasty struct{ *reference }

func (d hasty) UnaryGrad(dx device.Dst, dy, v device.Buffer, f device.Unary) {
	if dx.Wanted() && !dx.Add {
		d.Fill(dx, 0)
	}
	d.reference.UnaryGrad(dx, dy, v, f)
}

type tanhForErf struct{ *reference }

func (d tanhForErf) Unary(y device.Dst, x device.Buffer, f device.Unary) {
	if f.Func == device.GELU {
		f.Func = device.GELUTanh
	}
	d.reference.Unary(y, x, f)
}

type kinkFromRight struct{ *reference }

func (d kinkFromRight) UnaryGrad(dx device.Dst, dy, v device.Buffer, f device.Unary) {
	call := func() { d.reference.UnaryGrad(dx, dy, v, f) }
	if f.Func != device.ReLU || dx.Buf == v {
		call()
		return
	}
	d.spoiled(v, raise, call)
}

type tieToFirst struct{ *reference }

func (d tieToFirst) BinaryGrad(da, db device.Dst, dy, a, b device.Buffer, s device.Binary) {
	call := func() { d.reference.BinaryGrad(da, db, dy, a, b, s) }
	if s.Func != device.Maximum || da.Buf == a {
		call()
		return
	}
	d.spoiled(a, raise, call)
}

// raise moves numbers off a kink or a tie.
func raise(v []float64) {
	for i := range v {
		v[i] += 1e-12
	}
}

type truncating struct{ *reference }

// Convert drops the lower half instead of rounding it.
func (d truncating) Convert(y device.Dst, x device.Buffer) {
	if !y.Wanted() || y.Buf.DType() != device.BFloat16 {
		d.reference.Convert(y, x)
		return
	}
	d.run(device.Call{Op: "Convert", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}}, func() {
		put(y, func(i int) float64 {
			return float64(math.Float32frombits(math.Float32bits(float32(values(x)[i])) &^ 0xFFFF))
		})
	})
}

type siteForgotten struct{ *reference }

func (d siteForgotten) Dropout(y device.Dst, x, cell device.Buffer, s device.Dropout) {
	s.Site = 0
	d.reference.Dropout(y, x, cell, s)
}

type sumForMean struct{ *reference }

func (d sumForMean) ReduceGrad(dx device.Dst, dy, x, y device.Buffer, s device.Reduce) {
	if s.Func == device.Mean {
		s.Func = device.Sum
	}
	d.reference.ReduceGrad(dx, dy, x, y, s)
}

type overflowing struct{ *reference }

// Softmax does not take the largest logit away first.
func (d overflowing) Softmax(y device.Dst, x device.Buffer, s device.Softmax) {
	d.spoiled(x, func(v []float64) {
		for i := range v {
			v[i] = math.Log(float64(float32(math.Exp(v[i]))))
		}
	}, func() { d.reference.Softmax(y, x, s) })
}

type unsmoothed struct{ *reference }

func (d unsmoothed) CrossEntropyGrad(dlogits device.Dst, dloss, logits, lse, labels, weights device.Buffer, s device.CrossEntropy) {
	s.Smoothing = 0
	d.reference.CrossEntropyGrad(dlogits, dloss, logits, lse, labels, weights, s)
}

type inverse struct{ *reference }

// Permute puts axes where it should take them from.
func (d inverse) Permute(y device.Dst, x device.Buffer, s device.Permute) {
	axes := s.Axes
	for to, from := range axes {
		s.Axes[from] = to
	}
	d.reference.Permute(y, x, s)
}

type wiping struct{ *reference }

// CopyBlock clears what it should leave alone.
func (d wiping) CopyBlock(y device.Dst, x device.Buffer, s device.Block) {
	if y.Wanted() && !y.Add && y.Buf.DType().IsFloat() {
		d.Fill(y, 0)
	}
	d.reference.CopyBlock(y, x, s)
}

// A blind device does not report bad labels.
type blind struct{ *reference }

func (d blind) CrossEntropy(loss, weight, lse device.Dst, logits, labels, weights device.Buffer, s device.CrossEntropy) {
	d.reference.CrossEntropy(loss, weight, lse, logits, labels, weights, s)
	d.ClearFault()
}

// An eager device runs what it should only write down.
type eager struct{ *reference }

func (d eager) Record(f func() error) (device.Replay, error) {
	if err := f(); err != nil {
		return nil, err
	}
	return d.reference.Record(f)
}

// A leaky device never gives memory back.
type leaky struct{ *reference }

func (d leaky) Free(device.Buffer) {}

// A clean device does not poison.
type clean struct{ *reference }

func (d clean) Poison(bool) {}

// A quiet device traces nothing.
type quiet struct{ *reference }

func (d quiet) Trace(func(device.Call)) {}

// TestCatchesCareless puts each to the stem that should notice.
func TestCatchesCareless(t *testing.T) {
	for _, c := range []struct {
		stem, complaint string
		plant           func(*reference) device.Device
	}{
		{"Memory", "Stats", func(r *reference) device.Device { return leaky{r} }},
		{"Memory", "Poison", func(r *reference) device.Device { return clean{r} }},
		{"Memory", "Trace", func(r *reference) device.Device { return quiet{r} }},
		{"Replay", "Record", func(r *reference) device.Device { return eager{r} }},
		{"Unary", "Unary", func(r *reference) device.Device { return forgetful{r} }},
		{"Unary", "UnaryGrad", func(r *reference) device.Device { return hasty{r} }},
		{"Unary", "GELU", func(r *reference) device.Device { return tanhForErf{r} }},
		{"Unary", "ReLU", func(r *reference) device.Device { return kinkFromRight{r} }},
		{"Binary", "Maximum", func(r *reference) device.Device { return tieToFirst{r} }},
		{"Convert", "no destination", func(r *reference) device.Device { return fussy{r} }},
		{"Convert", "Convert", func(r *reference) device.Device { return truncating{r} }},
		{"Dropout", "Dropout", func(r *reference) device.Device { return siteForgotten{r} }},
		{"Reduce", "ReduceGrad", func(r *reference) device.Device { return forgetful{r} }},
		{"Reduce", "Mean", func(r *reference) device.Device { return sumForMean{r} }},
		{"Softmax", "SoftmaxGrad", func(r *reference) device.Device { return hoarding{r} }},
		{"Softmax", "Softmax", func(r *reference) device.Device { return overflowing{r} }},
		{"CrossEntropy", "label", func(r *reference) device.Device { return blind{r} }},
		{"CrossEntropy", "CrossEntropyGrad", func(r *reference) device.Device { return unsmoothed{r} }},
		{"Permute", "Permute", func(r *reference) device.Device { return inverse{r} }},
		{"CopyBlock", "CopyBlock", func(r *reference) device.Device { return wiping{r} }},
		{"MatMul", "MatMul", func(r *reference) device.Device { return hoarding{r} }},
		{"Conv2D", "Conv2DGradFilter", func(r *reference) device.Device { return forgetful{r} }},
	} {
		for _, stem := range stems() {
			if stem.name == c.stem {
				dev := c.plant(newReference(0))
				require.Containsf(t, judge(stem, dev), c.complaint, "%T went unnoticed", dev)
			}
		}
	}
}
