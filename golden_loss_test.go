package chainrule_test

import (
	"math"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

func lossOps() map[string]expression {
	// loss is the reduction of the elements of f.
	loss := func(f func(r *run) *backward.Var) expression {
		return result(func(r *run) *backward.Var { return r.reduced(f(r)) })
	}
	return map[string]expression{
		"bce_with_logits":  loss(func(r *run) *backward.Var { return bceWithLogits(r, r.in("x"), r.constant("target")) }),
		"cosine_embedding": loss(cosineEmbedding),
		"cross_entropy":    result(crossEntropy),
		"dice":             loss(dice),
		"diou_loss":        loss(diou),
		"focal":            loss(focal),
		"gaussian_nll":     loss(gaussianNLL),
		"giou_loss":        loss(giou),
		"huber":            loss(func(r *run) *backward.Var { return huber(r.distance(), attr[float32](r, "delta")) }),
		"kl_div":           loss(klDiv),
		"l1":               loss((*run).distance),
		"mse":              loss(func(r *run) *backward.Var { return r.distance().Square() }),
		"nll":              result(nll),
		"smooth_l1": loss(func(r *run) *backward.Var {
			beta := attr[float32](r, "beta")
			return huber(r.distance(), beta).Times(1 / beta)
		}),
		"triplet_margin": loss(tripletMargin),
	}
}

func (r *run) reduced(losses *backward.Var) *backward.Var {
	switch reduction := attr[string](r, "reduction"); reduction {
	case "mean":
		return losses.Mean()
	case "sum":
		return losses.Sum()
	case "batchmean":
		return losses.Sum().Times(1 / float32(losses.Dim(0)))
	default:
		require.Equal(r, "none", reduction)
		return losses
	}
}

// distance is |x - target|.
func (r *run) distance() *backward.Var { return r.in("x").Sub(r.in("target")).Abs() }

// huber is ½ d² up to delta and goes on in a straight line. Huber 1964.
func huber(d *backward.Var, delta float32) *backward.Var {
	curved := d.Clamp(0, delta)
	return curved.Square().Times(0.5).Add(d.Sub(curved).Times(delta))
}

func crossEntropy(r *run) *backward.Var {
	if attr[bool](r, "soft_targets") {
		return r.reduced(softCrossEntropy(r))
	}
	o := backward.CrossEntropyOptions{
		Smoothing: attr[float32](r, "label_smoothing"),
		Ignore:    new(attr[int32](r, "ignore_index")),
	}
	if attr[bool](r, "weighted") {
		o.Weights = r.constant("class_weights")
	}
	reductions := map[string]backward.Reduction{"mean": backward.ReduceMean, "sum": backward.ReduceSum, "none": backward.ReduceNone}
	require.Contains(r, reductions, attr[string](r, "reduction"))
	o.Reduction = reductions[attr[string](r, "reduction")]
	return r.in("x").CrossEntropy(r.labels("target"), o)
}

// softCrossEntropy has a distribution over the classes for a label.
func softCrossEntropy(r *run) *backward.Var {
	require.False(r, attr[bool](r, "weighted"), "class weights of soft targets")
	x, smoothing := r.in("x"), attr[float32](r, "label_smoothing")
	target := r.constant("target").Times(1 - smoothing).Plus(smoothing / float32(x.Dim(-1)))
	return target.Mul(x.LogSoftmax(-1)).Sum(-1).Neg()
}

// nll picks the logarithm of the label's probability, with the label's weight.
func nll(r *run) *backward.Var {
	x, labels := r.in("x"), r.source("target")
	picked, total := array{x.Shape(), make([]float64, len(labels.values)*x.Dim(1))}, 0.0
	for row, label := range labels.values {
		if int(label) == attr[int](r, "ignore_index") {
			continue
		}
		weight := 1.0
		if attr[bool](r, "weighted") {
			weight = r.source("class_weights").values[int(label)]
		}
		picked.values[row*x.Dim(1)+int(label)] = weight
		total += weight
	}
	losses := x.Mul(r.input(picked, device.Float32)).Sum(-1).Neg()
	if attr[string](r, "reduction") == "mean" {
		return losses.Sum().Div(r.number(total))
	}
	return r.reduced(losses)
}

// bceWithLogits is (1-t) x + (1 + (p-1) t) softplus(-x), p weighing positives.
func bceWithLogits(r *run, x, t *backward.Var) *backward.Var {
	low := x.Neg().Softplus()
	if r.has("pos_weight") {
		low = low.Mul(r.constant("pos_weight").Plus(-1).Mul(t).Plus(1))
	}
	return t.Neg().Plus(1).Mul(x).Add(low)
}

// focal is α (1-p)^γ times the cross-entropy, p the probability of what is
// true. Lin 2017.
func focal(r *run) *backward.Var {
	alpha, x, t := attr[float32](r, "alpha"), r.in("x"), r.constant("target")
	sign := t.Times(2).Plus(-1)
	balance := t.Times(2*alpha - 1).Plus(1 - alpha)
	wrong := x.Mul(sign).Neg().Sigmoid()
	return balance.Mul(wrong.Pow(attr[float32](r, "gamma"))).Mul(bceWithLogits(r, x, t))
}

func klDiv(r *run) *backward.Var {
	require.False(r, attr[bool](r, "log_target"), "a target in logarithms")
	x, t := r.in("x"), r.constant("target")
	return t.Mul(t.Log().Sub(x))
}

// gaussianNLL is ½ (ln variance + (x-t)²/variance), and ½ ln 2π when full.
func gaussianNLL(r *run) *backward.Var {
	variance := r.in("var").Clamp(attr[float32](r, "eps"), math.MaxFloat32)
	square := r.in("x").Sub(r.constant("target")).Square()
	losses := variance.Log().Add(square.Div(variance)).Times(0.5)
	if attr[bool](r, "full") {
		losses = losses.Plus(float32(math.Log(2*math.Pi) / 2))
	}
	return losses
}

// dice compares each plane of each sample. Milletari 2016.
func dice(r *run) *backward.Var {
	p, t, smooth := r.in("x").Sigmoid(), r.constant("target"), attr[float32](r, "smooth")
	both := p.Mul(t).Sum(1, 2).Times(2).Plus(smooth)
	either := p.Sum(1, 2).Add(t.Sum(1, 2)).Plus(smooth)
	return both.Div(either).Neg().Plus(1)
}

// cosineEmbedding is 1 - cos where the target is 1, max(0, cos - margin) where
// it is -1.
func cosineEmbedding(r *run) *backward.Var {
	a, b, t := r.in("a"), r.in("b"), r.constant("target")
	norms := a.Square().Sum(-1).Plus(1e-12).Mul(b.Square().Sum(-1).Plus(1e-12)).Sqrt()
	cos := a.Mul(b).Sum(-1).Div(norms)
	alike, apart := cos.Neg().Plus(1), cos.Plus(-attr[float32](r, "margin")).ReLU()
	return alike.Mul(t.Plus(1)).Sub(apart.Mul(t.Plus(-1))).Times(0.5)
}

// tripletMargin wants the anchor nearer to the positive. Balntas 2016 for swap.
func tripletMargin(r *run) *backward.Var {
	require.Equal(r, 2, attr[int](r, "p"), "the norm")
	anchor, positive, negative := r.in("anchor"), r.in("positive"), r.in("negative")
	distance := func(a, b *backward.Var) *backward.Var { return a.Sub(b).Plus(attr[float32](r, "eps")).Norm(-1) }
	far := distance(anchor, negative)
	if attr[bool](r, "swap") {
		far = far.Minimum(distance(positive, negative))
	}
	return distance(anchor, positive).Sub(far).Plus(attr[float32](r, "margin")).ReLU()
}
