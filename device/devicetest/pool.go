package devicetest

import (
	"fmt"
	"iter"
	"math"

	"example.org/chainrule/device"
)

// MaxPool is the specification of device.Spatial.
func (r *reference) MaxPool(y, index device.Dst, x device.Buffer, s device.Pool) {
	r.run(device.Call{Op: "MaxPool", Dst: [4]device.Dst{y, index}, Src: [8]device.Buffer{x}}, func() {
		v, places := maxPool(values(x), s)
		putAll(y, v)
		putAll(index, places)
	})
}

// MaxPoolGrad is the specification of device.Spatial.
func (r *reference) MaxPoolGrad(dx device.Dst, dy, index device.Buffer, s device.Pool) {
	r.run(device.Call{Op: "MaxPoolGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, index}},
		func() { putAll(dx, maxPoolGrad(values(dy), values(index), s)) })
}

// AvgPool is the specification of device.Spatial.
func (r *reference) AvgPool(y device.Dst, x device.Buffer, s device.Pool) {
	r.run(device.Call{Op: "AvgPool", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}},
		func() { putAll(y, avgPool(values(x), s)) })
}

// AvgPoolGrad is the specification of device.Spatial.
func (r *reference) AvgPoolGrad(dx device.Dst, dy device.Buffer, s device.Pool) {
	r.run(device.Call{Op: "AvgPoolGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy}},
		func() { putAll(dx, avgPoolGrad(values(dy), s)) })
}

// A pane is what one element of a pool's result sees.
type pane struct {
	y    int   // the element
	xs   []int // the elements of x in its window, row by row; padding is left out
	size int   // places in the window, padding counted
}

// panes enumerates the windows of a pool; it is the whole specification of
// which element sees which.
func panes(s device.Pool) iter.Seq[pane] {
	oh, ow := s.Out()
	return func(yield func(pane) bool) {
		for y := range s.N * oh * ow * s.C {
			n, i, j, c := y/(oh*ow*s.C), y/(ow*s.C)%oh, y/s.C%ow, y%s.C
			rows, cols := coverage{i*s.StrideH - s.Top, s.DilationH, s.KH}, coverage{j*s.StrideW - s.Left, s.DilationW, s.KW}
			if s.Adaptive {
				rows, cols = share(i, s.H, oh), share(j, s.W, ow)
			}
			p := pane{y: y, size: rows.count * cols.count}
			for h := range rows.inside(s.H) {
				for w := range cols.inside(s.W) {
					p.xs = append(p.xs, ((n*s.H+h)*s.W+w)*s.C+c)
				}
			}
			if !yield(p) {
				return
			}
		}
	}
}

// A coverage is the rows, or the columns, of a window.
type coverage struct{ first, step, count int }

// share is the i-th of n parts of an axis, rounded outwards.
func share(i, extent, n int) coverage {
	first := i * extent / n
	return coverage{first, 1, ((i+1)*extent+n-1)/n - first}
}

// inside yields the coordinates that lie on an axis of that extent.
func (c coverage) inside(extent int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range c.count {
			if at := c.first + i*c.step; at >= 0 && at < extent && !yield(at) {
				return
			}
		}
	}
}

// place is where in its image element x is: h W + w.
func place(x int, s device.Pool) int { return x / s.C % (s.H * s.W) }

// maxPool returns each window's largest element and its place.
func maxPool(x []float64, s device.Pool) (y, index []float64) {
	for p := range panes(s) {
		largest, at := math.Inf(-1), -1
		for _, i := range p.xs {
			if at < 0 || x[i] > largest || math.IsNaN(x[i]) && !math.IsNaN(largest) {
				largest, at = x[i], place(i, s)
			}
		}
		y, index = append(y, largest), append(index, float64(at))
	}
	return y, index
}

// maxPoolGrad is ∂Σ(dy y)/∂x.
func maxPoolGrad(dy, index []float64, s device.Pool) []float64 {
	dx := make([]float64, s.N*s.H*s.W*s.C)
	for p := range panes(s) {
		for _, i := range p.xs {
			if float64(place(i, s)) == index[p.y] {
				dx[i] += dy[p.y]
			}
		}
	}
	return dx
}

// meanOver is how many places a window's mean counts; 1 for none, so that the
// mean of nothing is 0.
func meanOver(p pane, s device.Pool) float64 {
	n := len(p.xs)
	if s.CountPad {
		n = p.size
	}
	return float64(max(n, 1))
}

// avgPool returns each window's mean.
func avgPool(x []float64, s device.Pool) (y []float64) {
	for p := range panes(s) {
		sum := 0.0
		for _, i := range p.xs {
			sum += x[i]
		}
		y = append(y, sum/meanOver(p, s))
	}
	return y
}

// avgPoolGrad is ∂Σ(dy y)/∂x.
func avgPoolGrad(dy []float64, s device.Pool) []float64 {
	dx := make([]float64, s.N*s.H*s.W*s.C)
	for p := range panes(s) {
		for _, i := range p.xs {
			dx[i] += dy[p.y] / meanOver(p, s)
		}
	}
	return dx
}

func checkPool(s *suite) {
	channels := []int{1, 3, 8, 31, 33}
	for _, p := range pairs(len(images), len(channels), len(windows), 4, 2, len(columns), len(modes), 2) {
		pool := device.Pool{
			N: p[3], H: images[p[0]][0], W: images[p[0]][1], C: channels[p[1]], Window: windows[p[2]], CountPad: p[4] == 1,
		}
		s.checkMaxPool(pool, columns[p[5]], modes[p[6]], result{unwanted: p[7] == 1})
		s.checkAvgPool(pool, columns[p[5]], modes[p[6]].add)
	}
	for _, p := range holedPools {
		s.checkMaxPool(p, columns[0], result{}, result{})
		s.checkAvgPool(p, columns[0], false)
	}
	for _, p := range pairs(len(missing), len(channels), 3, 2, len(columns), 2) {
		m := missing[p[0]]
		pool := device.Pool{N: p[2], H: m.h, W: m.w, C: channels[p[1]], Window: m.Window, CountPad: p[3] == 1}
		s.checkMaxPool(pool, columns[p[4]], modes[p[5]], result{})
		s.checkAvgPool(pool, columns[p[4]], p[5] == 1)
	}
	parts := [][2]int{{1, 1}, {2, 3}, {4, 4}, {7, 2}}
	for _, p := range pairs(len(images), len(channels), len(parts), 3, len(columns), 2) {
		s.checkAvgPool(device.Pool{
			N: p[3], H: images[p[0]][0], W: images[p[0]][1], C: channels[p[1]], Adaptive: true, OH: parts[p[2]][0], OW: parts[p[2]][1],
		}, columns[p[4]], p[5] == 1)
	}
	s.checkWinners()
}

// holedPools have windows that reach across the padding on the left, so that what
// a window sees begins behind what the next one sees.
var holedPools = [...]device.Pool{
	{N: 1, H: 1, W: 3, C: 9, Window: device.Window{KH: 1, KW: 2, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 3, Left: 1, Right: 1}},
	{N: 2, H: 4, W: 6, C: 17, Window: device.Window{KH: 2, KW: 3, StrideH: 3, StrideW: 1, DilationH: 3, DilationW: 3, Top: 3, Bottom: 3, Left: 1, Right: 1}},
}

func (s *suite) checkMaxPool(p device.Pool, t dtypeColumn, y, index result) {
	oh, ow := p.Out()
	inputs, outputs := p.N*p.H*p.W*p.C, p.N*oh*ow*p.C
	name := fmt.Sprintf("%+v, %v", p, t)
	x := s.normal(t.src, inputs)

	y.dtype, y.n = t.dst, outputs
	index.dtype, index.n = device.Int32, outputs
	s.check(check{
		op: "MaxPool", name: name, src: []array{x}, dst: []result{y.rounded(), index},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.MaxPool(dst[0], dst[1], src[0], p) },
	})
	_, places := maxPool(x.v, p)
	s.checkSum(check{
		op: "MaxPoolGrad", name: name,
		src:  []array{s.normal(t.src, outputs), s.values(device.Int32, places...)},
		dst:  []result{{dtype: t.dst, n: inputs, add: y.add}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.MaxPoolGrad(dst[0], src[0], src[1], p) },
	}, p.KH*p.KW)
}

func (s *suite) checkAvgPool(p device.Pool, t dtypeColumn, add bool) {
	oh, ow := p.Out()
	inputs, outputs := p.N*p.H*p.W*p.C, p.N*oh*ow*p.C
	name := fmt.Sprintf("%+v, %v", p, t)
	perOutput, perInput := p.KH*p.KW, p.KH*p.KW
	if p.Adaptive {
		perOutput, perInput = (p.H/oh+2)*(p.W/ow+2), (oh/max(p.H, 1)+2)*(ow/max(p.W, 1)+2)
	}
	s.checkSum(check{
		op: "AvgPool", name: name,
		src:  []array{s.normal(t.src, inputs)},
		dst:  []result{{dtype: t.dst, n: outputs, add: add}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.AvgPool(dst[0], src[0], p) },
	}, perOutput+1) // the division, perhaps by a rounded reciprocal
	s.checkSum(check{
		op: "AvgPoolGrad", name: name,
		src:  []array{s.normal(t.src, outputs)},
		dst:  []result{{dtype: t.dst, n: inputs, add: add}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.AvgPoolGrad(dst[0], src[0], p) },
	}, perInput+1)
}

// checkWinners asks for those that the contract fixes by a word.
func (s *suite) checkWinners() {
	nan, inf := math.NaN(), math.Inf(1)
	square := device.Window{KH: 2, KW: 2, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	dot := device.Window{KH: 1, KW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Left: 1, Right: 2}
	for _, c := range []struct {
		name        string
		window      device.Window
		h, w        int
		x, y, place []float64
	}{
		{"the first of equal ones", square, 2, 3, []float64{1, 1, 0, 1, 0, 2}, []float64{1, 2}, []float64{0, 5}},
		{"the first NaN", square, 2, 3, []float64{1, inf, 0, nan, nan, 2}, []float64{nan, nan}, []float64{3, 4}},
		{"only -Inf", square, 2, 3, []float64{-inf, -inf, -inf, -inf, -inf, -5}, []float64{-inf, -5}, []float64{0, 5}},
		{"only padding", dot, 1, 1, []float64{-7}, []float64{-inf, -7, -inf, -inf}, []float64{-1, 0, -1, -1}},
	} {
		p := device.Pool{N: 1, H: c.h, W: c.w, C: 1, Window: c.window}
		s.check(check{
			op: "MaxPool", name: c.name,
			src:  []array{s.values(device.Float32, c.x...)},
			dst:  []result{{dtype: device.Float32, n: len(c.y)}, {dtype: device.Int32, n: len(c.y)}},
			want: [][]float64{c.y, c.place},
			call: func(d device.Device, dst []device.Dst, src []device.Buffer) { d.MaxPool(dst[0], dst[1], src[0], p) },
		})
	}
}
