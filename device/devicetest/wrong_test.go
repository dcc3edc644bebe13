package devicetest

import (
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// A wrong device is the Reference with the kind of bug that people make.

type shortProducts struct{ *reference }

func (d shortProducts) MatMul(c, pre device.Dst, a, b, bias device.Buffer, s device.MatMul) {
	d.spoiled(a, func(v []float64) {
		for i := range operands(s.Batch, s.SharedA) * s.M {
			if s.K > 1 {
				v[cell(i/s.M, i%s.M, s.K-1, s.M, s.K, false, s.TransA)] = 0
			}
		}
	}, func() { d.reference.MatMul(c, pre, a, b, bias, s) })
}

type preAfterActivation struct{ *reference }

func (d preAfterActivation) MatMul(c, pre device.Dst, a, b, bias device.Buffer, s device.MatMul) {
	d.reference.MatMul(c, device.Dst{}, a, b, bias, s)
	d.reference.MatMul(pre, device.Dst{}, a, b, bias, s)
}

type paddingOffByOne struct{ *reference }

func (d paddingOffByOne) Conv2D(y, pre device.Dst, x, w, bias device.Buffer, s device.Conv2D) {
	s.Left, s.Right = s.Left+1, s.Right-1
	d.reference.Conv2D(y, pre, x, w, bias, s)
}

type oneGroup struct{ *reference }

// Conv2DGradFilter gives every group the channels of the first.
func (d oneGroup) Conv2DGradFilter(dw device.Dst, dy, x device.Buffer, s device.Conv2D) {
	d.spoiled(x, func(v []float64) {
		for i := range v {
			v[i] = v[i/s.C*s.C+i%s.C%(s.C/s.Groups)]
		}
	}, func() { d.reference.Conv2DGradFilter(dw, dy, x, s) })
}

type filterNotFlipped struct{ *reference }

// Conv2DGradInput reads the filter back to front.
func (d filterNotFlipped) Conv2DGradInput(dx device.Dst, dy, w device.Buffer, s device.Conv2D) {
	d.spoiled(w, func(v []float64) {
		per := s.C / s.Groups
		old := append([]float64{}, v...)
		for i := range v {
			o, k, c := i/(s.KH*s.KW*per), i/per%(s.KH*s.KW), i%per
			v[i] = old[(o*s.KH*s.KW+s.KH*s.KW-1-k)*per+c]
		}
	}, func() { d.reference.Conv2DGradInput(dx, dy, w, s) })
}

type lastWins struct{ *reference }

// MaxPool looks at the image from its end.
func (d lastWins) MaxPool(y, index device.Dst, x device.Buffer, s device.Pool) {
	d.reference.MaxPool(y, index, x, s)
	if !index.Wanted() {
		return
	}
	for p := range panes(s) {
		for _, i := range p.xs {
			if values(x)[i] == values(x)[p.xs[0]] && values(index.Buf)[p.y] == float64(place(p.xs[0], s)) {
				values(index.Buf)[p.y] = float64(place(i, s))
			}
		}
	}
}

type padsCounted struct{ *reference }

func (d padsCounted) AvgPoolGrad(dx device.Dst, dy device.Buffer, s device.Pool) {
	s.CountPad = true
	d.reference.AvgPoolGrad(dx, dy, s)
}

type differenceOfSquares struct{ *reference }

// Moments takes the variance as the mean square less the squared mean.
func (d differenceOfSquares) Moments(mean, variance device.Dst, x device.Buffer, s device.BatchNorm) {
	d.reference.Moments(mean, variance, x, s)
	put(device.Dst{Buf: variance.Buf, Add: true}, func(c int) float64 {
		m, v := moments(column(values(x), c, s.C))
		return float64(float32(v+m*m)-float32(m*m)) - v
	})
}

type scaleAndShift struct{ *reference }

// BatchNorm folds mean, deviation, γ and β into one product and one sum.
func (d scaleAndShift) BatchNorm(y, pre device.Dst, x, residual, mean, variance, gamma, beta device.Buffer, s device.BatchNorm) {
	d.spoiled(beta, func(v []float64) {
		for c := range v {
			k := channelOf(c, mean, variance, gamma, beta, s)
			shift := v[c] - k.mean*k.gamma/k.deviation()
			v[c] += float64(float32(shift)) - shift
		}
	}, func() { d.reference.BatchNorm(y, pre, x, residual, mean, variance, gamma, beta, s) })
}

type gammaOverwritten struct{ *reference }

func (d gammaOverwritten) BatchNormGrad(dx, dresidual, dgamma, dbeta device.Dst, dy, x, v, mean, variance, gamma device.Buffer, s device.BatchNorm) {
	dgamma.Add = false
	d.reference.BatchNormGrad(dx, dresidual, dgamma, dbeta, dy, x, v, mean, variance, gamma, s)
}

type statisticsFixed struct{ *reference }

func (d statisticsFixed) BatchNormGrad(dx, dresidual, dgamma, dbeta device.Dst, dy, x, v, mean, variance, gamma device.Buffer, s device.BatchNorm) {
	s.Fixed = true
	d.reference.BatchNormGrad(dx, dresidual, dgamma, dbeta, dy, x, v, mean, variance, gamma, s)
}

type lossUnseen struct{ *reference }

func (d lossUnseen) Gate(control, grad, loss device.Buffer, s device.Gate) {
	d.reference.Gate(control, grad, nil, s)
}

type faultUnseen struct{ *reference }

func (d faultUnseen) Gate(control, grad, loss device.Buffer, s device.Gate) {
	fault := d.fault
	d.fault = nil
	d.reference.Gate(control, grad, loss, s)
	d.fault = fault
}

type stateStale struct{ *reference }

// SGD reads v at the first step too.
func (d stateStale) SGD(w, low, v, grad, control, table device.Buffer, s device.SGD) {
	d.spoiled(control, func(c []float64) { c[device.ControlApplied]++ }, func() { d.reference.SGD(w, low, v, grad, control, table, s) })
}

type rateRemembered struct {
	*reference
	rate *float64
}

// SGD takes the first rate it saw.
func (d rateRemembered) SGD(w, low, v, grad, control, table device.Buffer, s device.SGD) {
	d.run(device.Call{Op: "rate"}, func() {
		if *d.rate == 0 {
			*d.rate = values(control)[device.ControlRate]
		}
	})
	d.spoiled(control, func(c []float64) { c[device.ControlRate] = *d.rate }, func() { d.reference.SGD(w, low, v, grad, control, table, s) })
}

type noCorrection struct{ *reference }

func (d noCorrection) Adam(w, low, m, v, grad, control, table device.Buffer, s device.Adam) {
	d.spoiled(control, func(c []float64) { c[device.ControlApplied] = 1e9 }, func() { d.reference.Adam(w, low, m, v, grad, control, table, s) })
}

type copyForgotten struct{ *reference }

func (d copyForgotten) Adam(w, low, m, v, grad, control, table device.Buffer, s device.Adam) {
	d.reference.Adam(w, nil, m, v, grad, control, table, s)
}

type refusedKept struct{ *reference }

// Settle keeps the statistics of a refused step.
func (d refusedKept) Settle(state, backup, control device.Buffer) {
	d.spoiled(control, func(c []float64) { c[device.ControlOK] = 1 }, func() { d.reference.Settle(state, backup, control) })
}

// spoiled makes a call while b has other contents; recorded, three calls.
func (d *reference) spoiled(b device.Buffer, spoil func([]float64), call func()) {
	var before []float64
	d.run(device.Call{Op: "spoil"}, func() {
		before = append([]float64{}, values(b)...)
		spoil(values(b))
	})
	call()
	d.run(device.Call{Op: "mend"}, func() { copy(values(b), before) })
}

// TestCatchesWrong puts the wrong devices to the stem that should notice.
func TestCatchesWrong(t *testing.T) {
	for _, c := range []struct {
		stem  string
		wrong func(*reference) device.Device
	}{
		{"MatMul", func(r *reference) device.Device { return shortProducts{r} }},
		{"MatMul", func(r *reference) device.Device { return preAfterActivation{r} }},
		{"Conv2D", func(r *reference) device.Device { return paddingOffByOne{r} }},
		{"Conv2D", func(r *reference) device.Device { return oneGroup{r} }},
		{"Conv2D", func(r *reference) device.Device { return filterNotFlipped{r} }},
		{"Pool", func(r *reference) device.Device { return lastWins{r} }},
		{"Pool", func(r *reference) device.Device { return padsCounted{r} }},
		{"BatchNorm", func(r *reference) device.Device { return differenceOfSquares{r} }},
		{"BatchNorm", func(r *reference) device.Device { return scaleAndShift{r} }},
		{"BatchNorm", func(r *reference) device.Device { return gammaOverwritten{r} }},
		{"BatchNorm", func(r *reference) device.Device { return statisticsFixed{r} }},
		{"Gate", func(r *reference) device.Device { return lossUnseen{r} }},
		{"Training", func(r *reference) device.Device { return faultUnseen{r} }},
		{"SGD", func(r *reference) device.Device { return stateStale{r} }},
		{"Training", func(r *reference) device.Device { return rateRemembered{r, new(float64)} }},
		{"Adam", func(r *reference) device.Device { return noCorrection{r} }},
		{"Adam", func(r *reference) device.Device { return copyForgotten{r} }},
		{"Settle", func(r *reference) device.Device { return refusedKept{r} }},
	} {
		dev := c.wrong(newReference(0))
		for _, stem := range stems() {
			if stem.name == c.stem {
				require.NotEmptyf(t, judge(stem, dev), "%T went unnoticed", dev)
			}
		}
	}
}
