package devicetest

import (
	"fmt"
	"math"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// CrossEntropy is the specification of device.Rows.
func (r *reference) CrossEntropy(loss, weight, lse device.Dst, logits, labels, weights device.Buffer, s device.CrossEntropy) {
	c := device.Call{Op: "CrossEntropy", Dst: [4]device.Dst{loss, weight, lse}, Src: [8]device.Buffer{logits, labels, weights}}
	r.run(c, func() {
		var losses, ws, sums []float64
		for row, label := range values(labels) {
			x := values(logits)[row*s.Classes : (row+1)*s.Classes]
			if label != float64(s.Ignore) && !isClass(label, s) {
				r.report(device.Fault{Op: "CrossEntropy", Index: row, Value: int(label), Limit: s.Classes})
			}
			l, w := crossEntropy(x, label, values(weights), s)
			losses, ws, sums = append(losses, l), append(ws, w), append(sums, logSumExp(x))
		}
		putAll(loss, losses)
		putAll(weight, ws)
		putAll(lse, sums)
	})
}

// CrossEntropyGrad is the specification of device.Rows. It takes the softmax
// from logits alone: lse is what CrossEntropy made of them.
func (r *reference) CrossEntropyGrad(dlogits device.Dst, dloss, logits, lse, labels, weights device.Buffer, s device.CrossEntropy) {
	c := device.Call{Op: "CrossEntropyGrad", Dst: [4]device.Dst{dlogits}, Src: [8]device.Buffer{dloss, logits, lse, labels, weights}}
	r.run(c, func() {
		var out []float64
		for row, label := range values(labels) {
			loss := func(x []float64) float64 { l, _ := crossEntropy(x, label, values(weights), s); return l }
			for _, d := range gradient(loss, values(logits)[row*s.Classes:(row+1)*s.Classes], 0x1p-7) {
				out = append(out, values(dloss)[row]*d)
			}
		}
		putAll(dlogits, out)
	})
}

// Hits is the specification of device.Rows.
func (r *reference) Hits(hits device.Dst, logits, labels device.Buffer, s device.Softmax) {
	r.run(device.Call{Op: "Hits", Dst: [4]device.Dst{hits}, Src: [8]device.Buffer{logits, labels}}, func() {
		n := 0.0
		for row, label := range values(labels) {
			n += pick(float64(argMax(values(logits)[row*s.Cols:(row+1)*s.Cols])) == label, 1, 0)
		}
		put(hits, func(int) float64 { return n })
	})
}

// isClass reports whether label is one of s.Classes and counts.
func isClass(label float64, s device.CrossEntropy) bool {
	return label != float64(s.Ignore) && label >= 0 && label < float64(s.Classes)
}

// crossEntropy is the loss of one row and the weight of its label.
func crossEntropy(x []float64, label float64, weights []float64, s device.CrossEntropy) (loss, weight float64) {
	if !isClass(label, s) {
		return 0, 0
	}
	w := func(c int) float64 {
		if weights == nil {
			return 1
		}
		return weights[c]
	}
	t, lse, smooth := int(label), logSumExp(x), 0.0
	for c, v := range x {
		smooth += w(c) * (lse - v)
	}
	e := float64(s.Smoothing)
	if e == 0 {
		return w(t) * (lse - x[t]), w(t)
	}
	return (1-e)*w(t)*(lse-x[t]) + e/float64(s.Classes)*smooth, w(t)
}

func checkCrossEntropy(s *suite) {
	shapes := [...][2]int{{0, 5}, {1, 1}, {7, 10}, {7, 64}, {33, 31}, {31, 33}, {2, 257}, {2, 1000}, {1000, 2}}
	smoothings, ignores := [...]float32{0, 0.1, 1}, [...]int32{-100, 0}
	for _, p := range pairs(len(shapes), len(columns), 2, len(smoothings), 2, 3, len(ignores)) {
		spec := device.CrossEntropy{Rows: shapes[p[0]][0], Classes: shapes[p[0]][1], Smoothing: smoothings[p[3]], Ignore: ignores[p[6]]}
		t, weights := columns[p[1]], array{}
		if p[4] == 1 {
			weights = s.uniform(device.Float32, spec.Classes, 0, 2)
		}
		logits := s.array(t.src, spec.Rows*spec.Classes, func() float64 { return 3 * s.rng.NormFloat64() })
		labels := s.integers(device.Int32, spec.Rows, 0, spec.Classes)
		for r := 3; r < spec.Rows; r += 5 {
			labels.v[r] = float64(spec.Ignore)
		}
		s.checkCrossEntropy(spec, p[2] == 1, p[5], logits, labels, weights)
		if spec.Classes <= longestRow {
			s.checkCrossEntropyGrad(spec, t.dst, p[2] == 1, logits, labels, weights)
		}
		s.checkHits(p[2] == 1, logits, labels, device.Softmax{Rows: spec.Rows, Cols: spec.Classes})
	}
	// Far apart, with a class ruled out, beyond the range of exp.
	logits := s.values(device.Float32, 0, 1000, -1000, 1, math.Inf(-1), 2, 1e30, 1e30, 0)
	labels := s.values(device.Int32, 0, 2, 1)
	s.checkCrossEntropy(device.CrossEntropy{Rows: 3, Classes: 3, Ignore: -1}, false, -1, logits, labels, array{})
	s.checkCrossEntropyGrad(device.CrossEntropy{Rows: 3, Classes: 3, Ignore: -1}, device.Float32, false, logits, labels, array{})
	// The first of equal ones, and a NaN before all; a label that is no class is no hit.
	logits = s.values(device.Float32, 1, math.NaN(), 2, math.Inf(1), math.Inf(1), 0, 5, 5, 5, 1, 2, 3)
	s.checkHits(false, logits, s.values(device.Int32, 1, 0, 1, 3), device.Softmax{Rows: 4, Cols: 3})
	s.checkBadLabels()
}

// checkCrossEntropy checks the losses; unwanted is the destination left out.
func (s *suite) checkCrossEntropy(spec device.CrossEntropy, add bool, unwanted int, logits, labels, weights array) {
	var loss, lse []float64
	for row, label := range labels.v {
		x := logits.v[row*spec.Classes:][:spec.Classes]
		each := reduceRoundings(device.LogSumExp, x) + largest(abs(x)) + float64(spec.Classes) + 8
		// The loss is its own bound, for all its terms are of one sign; each carries lse's error.
		l, w := crossEntropy(x, label, weights.v, spec)
		total := w + max(1, largest(weights.v))
		loss = append(loss, u32*(each*total+(float64(spec.Classes)+8)*l))
		lse = append(lse, u32*reduceRoundings(device.LogSumExp, x))
	}
	n := spec.Rows
	s.check(check{
		op: "CrossEntropy", name: fmt.Sprintf("%+v %v", spec, logits.dtype),
		src: []array{logits, labels, weights},
		dst: []result{
			{dtype: device.Float32, n: n, add: add, unwanted: unwanted == 0, tol: loss},
			{dtype: device.Float32, n: n, add: add, unwanted: unwanted == 1},
			{dtype: device.Float32, n: n, add: add, unwanted: unwanted == 2, tol: lse},
		},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.CrossEntropy(dst[0], dst[1], dst[2], src[0], src[1], src[2], spec)
		},
	})
}

func (s *suite) checkCrossEntropyGrad(spec device.CrossEntropy, t device.DType, add bool, logits, labels, weights array) {
	dloss, lse := s.normal(device.Float32, spec.Rows), s.array(device.Float32, spec.Rows, func() float64 { return 0 })
	tol := make([]float64, len(logits.v))
	for row := range labels.v {
		x := logits.v[row*spec.Classes:][:spec.Classes]
		lse.v[row] = round(device.Float32, logSumExp(x))
		for c, v := range x {
			// p has the error of its exponent, which lse brings too; W sums the weights.
			p := (unaryRoundings + math.Abs(v) + 2*math.Abs(lse.v[row]) + float64(spec.Classes)) * math.Exp(v-lse.v[row])
			tol[row*spec.Classes+c] = u32 * math.Abs(dloss.v[row]) * (finite(p) + 8) * max(1, largest(weights.v))
		}
	}
	s.check(check{
		op: "CrossEntropyGrad", name: fmt.Sprintf("%+v %v", spec, logits.dtype),
		src: []array{dloss, logits, lse, labels, weights},
		dst: []result{{dtype: t, n: len(tol), add: add, tol: tol}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.CrossEntropyGrad(dst[0], src[0], src[1], src[2], src[3], src[4], spec)
		},
	})
}

func (s *suite) checkHits(add bool, logits, labels array, spec device.Softmax) {
	s.check(check{
		op: "Hits", name: fmt.Sprintf("%+v %v", spec, logits.dtype),
		src:  []array{logits, labels},
		dst:  []result{{dtype: device.Float32, n: 1, add: add}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.Hits(dst[0], src[0], src[1], spec) },
	})
}

// checkBadLabels feeds labels that are no class: the first is reported until it
// is cleared, and all count as ignored.
func (s *suite) checkBadLabels() {
	spec := device.CrossEntropy{Rows: 4, Classes: 3, Ignore: -1}
	logits, labels := s.place(s.dev, device.Float32, make([]float64, 12), 0), s.place(s.dev, device.Int32, []float64{2, 3, -3, 0}, 0)
	loss, weight := s.place(s.dev, device.Float32, make([]float64, 4), 0), s.place(s.dev, device.Float32, make([]float64, 4), 0)
	lse, grad := s.place(s.dev, device.Float32, make([]float64, 4), 0), s.place(s.dev, device.Float32, make([]float64, 12), 0)
	defer s.free(logits, labels, loss, weight, lse, grad)

	s.dev.CrossEntropy(device.To(loss.view), device.To(weight.view), device.To(lse.view), logits.view, labels.view, nil, spec)
	var fault *device.Fault
	for _, err := range []error{s.dev.Sync(), s.dev.Err(), s.dev.Download(make([]float32, 4), loss.view)} {
		require.ErrorAs(s, err, &fault, "CrossEntropy: a label out of range")
		require.Equal(s, device.Fault{Op: "CrossEntropy", Index: 1, Value: 3, Limit: 3}, *fault)
	}
	s.dev.ClearFault()
	require.NoError(s, s.dev.Sync(), "ClearFault")

	s.dev.CrossEntropyGrad(device.To(grad.view), weight.view, logits.view, lse.view, labels.view, nil, spec)
	s.dev.ClearFault() // whether the gradient reports it again is left open
	ln3 := math.Log(3)
	require.InDeltaSlice(s, []float64{ln3, 0, 0, ln3}, download(s, s.dev, loss.view), 1e-6, "CrossEntropy: bad labels count as ignored")
	require.Equal(s, []float64{1, 0, 0, 1}, download(s, s.dev, weight.view), "CrossEntropy: bad labels have no weight")
	require.Equal(s, make([]float64, 6), download(s, s.dev, grad.view)[3:9], "CrossEntropyGrad: bad labels have no gradient")
}
