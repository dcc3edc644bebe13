package cpu

import (
	"math"

	"example.org/chainrule/device"
)

// Adam applies a step of Adam or AdamW; see device.Update.
func (d *Device) Adam(w, low, m, v, grad, control, table device.Buffer, s device.Adam) {
	call := device.Call{
		Op: "Adam", Dst: [4]device.Dst{device.To(w), device.To(low), device.To(m), device.To(v)},
		Src: [8]device.Buffer{grad, control, table}, FLOPs: 15 * int64(w.Len()),
	}
	d.run(call, func(p *plan) {
		w, low, m, v, grad, control := f32(w), bf16(low), f32(m), f32(v), f32(grad), i32(control)
		groups := new([device.MaxGroups]adamConstants)
		p.each(1, func(_, _ int) { readAdam(groups, control, s) })
		p.eachSlabRow(control, i32(table), len(w), func(lo, hi int, group int32) {
			k := &groups[group]
			d.kernel.updates.adam(w[lo:hi], m[lo:hi], v[lo:hi], grad[lo:hi],
				k.clip, k.decay, k.shrink, k.beta1, k.beta2, k.rate, k.root, k.epsilon)
			d.kernel.refresh(low, w, lo, hi)
		})
	})
}

// adamConstants are those of one group in one step. The corrections of the two
// means are part of them.
type adamConstants struct {
	clip, decay  float32 // of the gradient: the factor, and the share of w in it
	shrink       float32 // η λ, where decay is decoupled
	beta1, beta2 float32
	rate         float32 // η/(1-β₁ᵗ)
	root         float32 // 1/√(1-β₂ᵗ)
	epsilon      float32
}

func readAdam(groups *[device.MaxGroups]adamConstants, control []int32, s device.Adam) {
	var now step
	now.read(control)
	unbiased := func(beta float32) float64 { return 1 - math.Pow(float64(beta), now.applied) }
	for i := range groups {
		g := adamConstants{
			clip: now.clip, beta1: s.Beta1, beta2: s.Beta2, epsilon: s.Epsilon,
			rate: float32(float64(now.rate[i]) / unbiased(s.Beta1)),
			root: float32(1 / math.Sqrt(unbiased(s.Beta2))),
		}
		if s.Decoupled {
			g.shrink = now.rate[i] * now.decay[i]
		} else {
			g.decay = now.decay[i]
		}
		groups[i] = g
	}
}

// adamRow is a step with the constants of adamConstants.
func adamRow(w, m, v, grad []float32, clip, decay, shrink, beta1, beta2, rate, root, epsilon float32) {
	for i := range min(len(w), len(m), len(v), len(grad)) {
		g := clip*grad[i] + decay*w[i]
		m[i] = beta1*m[i] + (1-beta1)*g
		v[i] = beta2*v[i] + (1-beta2)*g*g
		deviation := float32(math.Sqrt(float64(v[i]))) * root
		w[i] -= shrink*w[i] + rate*m[i]/(deviation+epsilon)
	}
}
