package chainrule_test

import (
	"math"

	"example.org/chainrule/backward"
	"example.org/chainrule/device"
)

func sequenceOps() map[string]expression {
	return map[string]expression{
		"softmax":     result(func(r *run) *backward.Var { return r.in("x").Softmax(attr[int](r, "axis")) }),
		"log_softmax": result(func(r *run) *backward.Var { return r.in("x").LogSoftmax(attr[int](r, "axis")) }),
		"attention": result(func(r *run) *backward.Var {
			return attend(r, r.in("q"), r.in("k"), r.in("v"), attr[float64](r, "scale"))
		}),
		"multihead_attention": result(multiheadAttention),
	}
}

// attend is softmax(scale q kᵀ + mask) v: q is [N, heads, L, D], k and v are
// [N, heads, S, D]. Vaswani 2017.
func attend(r *run, q, k, v *backward.Var, scale float64) *backward.Var {
	scores := q.MatMulT(k, false, true).Mul(r.number(scale))
	return scores.Add(attentionMask(r, q.Dim(0), q.Dim(2), k.Dim(2))).Softmax(-1).MatMul(v)
}

// attentionMask is 0 where query l sees key s and so low elsewhere that its
// exponential is 0: [n, 1, l, s].
func attentionMask(r *run, n, l, s int) *backward.Var {
	mask, padding := make([]float64, n*l*s), make([]float64, n*s)
	if r.has("key_padding_mask") {
		padding = r.source("key_padding_mask").values
	}
	causal := attr[bool](r, "causal")
	for i := range mask {
		sequence, query, key := i/(l*s), i/s%l, i%s
		if padding[sequence*s+key] != 0 || causal && key > query {
			mask[i] = -1e9
		}
	}
	return r.input(array{[]int{n, 1, l, s}, mask}, device.Float32)
}

// multiheadAttention has the weights of its three projections packed.
func multiheadAttention(r *run) *backward.Var {
	heads, w, x := attr[int](r, "heads"), r.weight("in_proj_weight"), queryKeyValue(r)
	width := w.Dim(1)
	ws, bs := w.Split(0, width, width, width), make([]*backward.Var, 3)
	if b := r.param("in_proj_bias"); b != nil {
		bs = b.Split(0, width, width, width)
	}
	for i := range x {
		p := x[i].Linear(ws[i], bs[i], device.Unary{})
		x[i] = p.Reshape(p.Dim(0), p.Dim(1), heads, width/heads).Permute(0, 2, 1, 3)
	}
	seen := attend(r, x[0], x[1], x[2], 1/math.Sqrt(float64(width/heads))).Permute(0, 2, 1, 3)
	seen = seen.Reshape(seen.Dim(0), seen.Dim(1), width)
	return seen.Linear(r.weight("out_proj.weight"), r.param("out_proj.bias"), device.Unary{})
}

// queryKeyValue is x for all three in self-attention, [N, L, E].
func queryKeyValue(r *run) [3]*backward.Var {
	if attr[bool](r, "self") {
		x := r.in("x")
		return [3]*backward.Var{x, x, x}
	}
	return [3]*backward.Var{r.in("q"), r.in("k"), r.in("v")}
}
