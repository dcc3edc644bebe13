package chainrule_test

import "example.org/chainrule/backward"

// A pair is predicted and true boxes, [N, 4] of x1 y1 x2 y2, as columns.
type pair struct{ a, b []*backward.Var }

func (r *run) boxes() pair {
	return pair{r.in("x").Split(1, 1, 1, 1, 1), r.constant("target").Split(1, 1, 1, 1, 1)}
}

// area is that of a box of such edges; 0 where they have crossed.
func area(x1, y1, x2, y2 *backward.Var) *backward.Var {
	return x2.Sub(x1).ReLU().Mul(y2.Sub(y1).ReLU())
}

// overlap is intersection over union, and the union.
func (p pair) overlap(eps float32) (iou, union *backward.Var) {
	a, b := p.a, p.b
	both := area(a[0].Maximum(b[0]), a[1].Maximum(b[1]), a[2].Minimum(b[2]), a[3].Minimum(b[3]))
	union = area(a[0], a[1], a[2], a[3]).Add(area(b[0], b[1], b[2], b[3])).Sub(both)
	return both.Div(union.Plus(eps)), union
}

// hull is the smallest box round both.
func (p pair) hull() (x1, y1, x2, y2 *backward.Var) {
	a, b := p.a, p.b
	return a[0].Minimum(b[0]), a[1].Minimum(b[1]), a[2].Maximum(b[2]), a[3].Maximum(b[3])
}

// giou is 1 - IoU + the share of the hull that neither covers. Rezatofighi 2019.
func giou(r *run) *backward.Var {
	p, eps := r.boxes(), attr[float32](r, "eps")
	iou, union := p.overlap(eps)
	hull := area(p.hull())
	return hull.Sub(union).Div(hull.Plus(eps)).Sub(iou).Plus(1).Reshape(-1)
}

// diou is 1 - IoU + squared distance of the centres over that of the hull's
// corners. Zheng 2020.
func diou(r *run) *backward.Var {
	p, eps := r.boxes(), attr[float32](r, "eps")
	iou, _ := p.overlap(eps)
	x1, y1, x2, y2 := p.hull()
	diagonal := x2.Sub(x1).Square().Add(y2.Sub(y1).Square())
	dx := p.a[0].Add(p.a[2]).Sub(p.b[0]).Sub(p.b[2])
	dy := p.a[1].Add(p.a[3]).Sub(p.b[1]).Sub(p.b[3])
	centres := dx.Square().Add(dy.Square()).Times(0.25)
	return centres.Div(diagonal.Plus(eps)).Sub(iou).Plus(1).Reshape(-1)
}
