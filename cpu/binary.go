package cpu

import (
	"math"

	"example.org/chainrule/device"
)

// Binary sets y = f(a, b); see device.Elementwise.
func (d *Device) Binary(y device.Dst, a, b device.Buffer, s device.Binary) {
	n := s.Dims.Len()
	call := device.Call{Op: "Binary", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{a, b}, FLOPs: int64(n)}
	d.run(call, func(p *plan) {
		if !y.Wanted() {
			return
		}
		a, b := newBroadcast(a, s.Dims, s.RepeatA), newBroadcast(b, s.Dims, s.RepeatB)
		f := binary[s.Func].f
		p.eachSpan(n, y, []*buffer{a.buf, b.buf}, func(lo, hi, worker int) {
			o := open(y, lo, hi, d.tile(worker, 0))
			f(d.kernel, o.v, a.load(lo, hi, d.tile(worker, 1)), b.load(lo, hi, d.tile(worker, 2)))
			o.commit()
		})
	})
}

// BinaryGrad sets da and db; see device.Elementwise.
func (d *Device) BinaryGrad(da, db device.Dst, dy, a, b device.Buffer, s device.Binary) {
	call := device.Call{
		Op: "BinaryGrad", Dst: [4]device.Dst{da, db}, Src: [8]device.Buffer{dy, a, b},
		FLOPs: 4 * int64(s.Dims.Len()),
	}
	d.run(call, func(p *plan) {
		g := binaryGrad{
			plan: p, dev: d, kernel: binary[s.Func], n: s.Dims.Len(), dy: of(dy),
			a: newBroadcast(a, s.Dims, s.RepeatA), b: newBroadcast(b, s.Dims, s.RepeatB),
		}
		g.run(da, db)
	})
}

// A binaryGrad plans both derivatives of a call.
type binaryGrad struct {
	plan   *plan
	dev    *Device
	kernel binaryKernel
	n      int
	dy     *buffer
	a, b   *broadcast
}

// run plans sums over repeated axes before anything is written, since da or db
// may be exactly a source.
func (g *binaryGrad) run(da, db device.Dst) {
	finishA := g.reduce(da, g.a, g.kernel.da)
	finishB := g.reduce(db, g.b, g.kernel.db)
	switch fullA, fullB := da.Wanted() && !g.a.repeating(), db.Wanted() && !g.b.repeating(); {
	case fullA && fullB:
		g.both(da, db)
	case fullA:
		g.one(da, g.kernel.da)
	case fullB:
		g.one(db, g.kernel.db)
	}
	finishA()
	finishB()
}

// one plans the derivative by an operand that does not repeat.
func (g *binaryGrad) one(dst device.Dst, f gradFunc) {
	g.plan.eachSpan(g.n, dst, []*buffer{g.dy, g.a.buf, g.b.buf}, func(lo, hi, worker int) {
		o := open(dst, lo, hi, g.dev.tile(worker, 3))
		g.terms(o.v, f, lo, hi, worker)
		o.commit()
	})
}

// both plans the derivatives by two operands that do not repeat. db waits in
// scratch until da has read what db may overwrite.
func (g *binaryGrad) both(da, db device.Dst) {
	g.plan.eachTile(g.n, func(lo, hi, worker int) {
		later := g.dev.tile(worker, 4)[:hi-lo]
		g.terms(later, g.kernel.db, lo, hi, worker)
		o := open(da, lo, hi, g.dev.tile(worker, 3))
		g.terms(o.v, g.kernel.da, lo, hi, worker)
		o.commit()
		o = open(db, lo, hi, g.dev.tile(worker, 3))
		copy(o.v, later)
		o.commit()
	})
}

// terms sets t = dy ∂f for elements lo to hi of the result.
func (g *binaryGrad) terms(t []float32, f gradFunc, lo, hi, worker int) {
	dy := load(g.dy, lo, hi, g.dev.tile(worker, 0))
	if g.kernel.constant {
		f(g.dev.kernel, t, dy, nil, nil)
		return
	}
	f(g.dev.kernel, t, dy, g.a.load(lo, hi, g.dev.tile(worker, 1)), g.b.load(lo, hi, g.dev.tile(worker, 2)))
}

// reduce plans the derivative by an operand that repeats: partial sums into
// workspace. finish plans their sum, in order, into dst.
func (g *binaryGrad) reduce(dst device.Dst, o *broadcast, f gradFunc) (finish func()) {
	if !dst.Wanted() || !o.repeating() {
		return func() {}
	}
	c, m := o.cut(g.n), o.buf.Len()
	partial := g.plan.floats(c.parts * m)
	g.plan.each(c.parts*c.pieces, func(i, worker int) {
		part, piece := i/c.pieces, i%c.pieces
		first, last := piece*c.kept, min((piece+1)*c.kept, m)
		sums := partial[part*m+first : part*m+last]
		clear(sums)
		c.eachTile(part, piece, func(lo, hi int) {
			t := g.dev.tile(worker, 3)[:hi-lo]
			g.terms(t, f, lo, hi, worker)
			o.add(sums, first, t, lo)
		})
	})
	return func() {
		g.plan.eachTile(m, func(lo, hi, worker int) {
			out := open(dst, lo, hi, g.dev.tile(worker, 0))
			copy(out.v, partial[lo:hi])
			for part := 1; part < c.parts; part++ {
				g.dev.kernel.add(out.v, partial[part*m+lo:part*m+hi])
			}
			out.commit()
		})
	}
}

// A gradFunc sets t = dy ∂f/∂a or dy ∂f/∂b over spans; t may be dy, a or b.
type gradFunc func(k *kernels, t, dy, a, b []float32)

// A binaryKernel is a function and its derivatives over spans. Where they are
// constant, they do not read a and b.
type binaryKernel struct {
	f        func(k *kernels, y, a, b []float32)
	da, db   gradFunc
	constant bool
}

var binary = [...]binaryKernel{
	device.Add: {
		f:        func(k *kernels, y, a, b []float32) { k.plus(y, a, b) },
		da:       func(_ *kernels, t, dy, _, _ []float32) { copy(t, dy) },
		db:       func(_ *kernels, t, dy, _, _ []float32) { copy(t, dy) },
		constant: true,
	},
	device.Sub: {
		f:        func(k *kernels, y, a, b []float32) { k.minus(y, a, b) },
		da:       func(_ *kernels, t, dy, _, _ []float32) { copy(t, dy) },
		db:       func(k *kernels, t, dy, _, _ []float32) { k.scale(t, dy, -1) },
		constant: true,
	},
	device.Mul: {
		f:  func(k *kernels, y, a, b []float32) { k.mul(y, a, b) },
		da: func(k *kernels, t, dy, _, b []float32) { k.mul(t, dy, b) },
		db: func(k *kernels, t, dy, a, _ []float32) { k.mul(t, dy, a) },
	},
	device.Div: {
		f:  func(k *kernels, y, a, b []float32) { k.div(y, a, b) },
		da: func(k *kernels, t, dy, _, b []float32) { k.div(t, dy, b) },
		db: func(k *kernels, t, dy, a, b []float32) { k.divisorGrad(t, dy, a, b) },
	},
	device.Maximum: {
		f:  func(k *kernels, y, a, b []float32) { k.maximum(y, a, b) },
		da: func(k *kernels, t, dy, a, b []float32) { k.share(t, dy, a, b) },
		db: func(k *kernels, t, dy, a, b []float32) { k.share(t, dy, b, a) },
	},
	device.Minimum: {
		f:  func(k *kernels, y, a, b []float32) { k.minimum(y, a, b) },
		da: func(k *kernels, t, dy, a, b []float32) { k.share(t, dy, b, a) },
		db: func(k *kernels, t, dy, a, b []float32) { k.share(t, dy, a, b) },
	},
	device.Power: {
		f: func(_ *kernels, y, a, b []float32) {
			for i := range min(len(y), len(a), len(b)) {
				y[i] = float32(pow(float64(a[i]), float64(b[i])))
			}
		},
		da: func(_ *kernels, t, dy, a, b []float32) {
			for i := range min(len(t), len(dy), len(a), len(b)) {
				t[i] = dy[i] * float32(powGrad(float64(a[i]), float64(b[i])))
			}
		},
		db: func(_ *kernels, t, dy, a, b []float32) {
			for i := range min(len(t), len(dy), len(a), len(b)) {
				t[i] = dy[i] * float32(exponentGrad(float64(a[i]), float64(b[i])))
			}
		},
	},
}

// exponentGrad is aᵇ ln a, and 0 where a is 0 and b > 0.
func exponentGrad(a, b float64) float64 {
	if a == 0 && b > 0 {
		return 0
	}
	return pow(a, b) * math.Log(a)
}
