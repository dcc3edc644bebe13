package devicetest

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"example.org/chainrule/device"
)

// Conv2D is the specification of device.Spatial.
func (r *reference) Conv2D(y, pre device.Dst, x, w, bias device.Buffer, s device.Conv2D) {
	call := device.Call{Op: "Conv2D", Dst: [4]device.Dst{y, pre}, Src: [8]device.Buffer{x, w, bias}, FLOPs: s.FLOPs()}
	r.run(call, func() { putActivated(y, pre, correlation(values(x), values(w), values(bias), s), s.Act) })
}

// Conv2DGradInput is the specification of device.Spatial.
func (r *reference) Conv2DGradInput(dx device.Dst, dy, w device.Buffer, s device.Conv2D) {
	call := device.Call{Op: "Conv2DGradInput", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, w}, FLOPs: s.FLOPs()}
	r.run(call, func() { putAll(dx, correlationGradInput(values(dy), values(w), s)) })
}

// Conv2DGradFilter is the specification of device.Spatial.
func (r *reference) Conv2DGradFilter(dw device.Dst, dy, x device.Buffer, s device.Conv2D) {
	call := device.Call{Op: "Conv2DGradFilter", Dst: [4]device.Dst{dw}, Src: [8]device.Buffer{dy, x}, FLOPs: s.FLOPs()}
	r.run(call, func() { putAll(dw, correlationGradFilter(values(dy), values(x), s)) })
}

// A tap is one product of a convolution, y += x w, by the numbers of the
// elements.
type tap struct{ y, x, w int }

// taps enumerates the products of a convolution. It is the whole specification:
// a convolution is linear in x and in w, so the same triples give y, dx and dw.
func taps(s device.Conv2D) iter.Seq[tap] {
	oh, ow := s.Out()
	channels, filters := s.C/s.Groups, s.K/s.Groups // of one group
	return func(yield func(tap) bool) {
		for y := range s.N * oh * ow * s.K {
			n, i, j, o := y/(oh*ow*s.K), y/(ow*s.K)%oh, y/s.K%ow, y%s.K
			for k := range s.KH * s.KW {
				h := i*s.StrideH + k/s.KW*s.DilationH - s.Top
				w := j*s.StrideW + k%s.KW*s.DilationW - s.Left
				if h < 0 || h >= s.H || w < 0 || w >= s.W {
					continue
				}
				x := ((n*s.H+h)*s.W+w)*s.C + o/filters*channels
				for c := range channels {
					if !yield(tap{y, x + c, (o*s.KH*s.KW+k)*channels + c}) {
						return
					}
				}
			}
		}
	}
}

// correlation is the value of a Conv2D before its activation.
func correlation(x, w, bias []float64, s device.Conv2D) []float64 {
	oh, ow := s.Out()
	y := make([]float64, s.N*oh*ow*s.K)
	if len(bias) > 0 {
		for i := range y {
			y[i] = bias[i%s.K]
		}
	}
	for t := range taps(s) {
		y[t.y] += x[t.x] * w[t.w]
	}
	return y
}

// correlationGradInput is ∂Σ(dy y)/∂x.
func correlationGradInput(dy, w []float64, s device.Conv2D) []float64 {
	dx := make([]float64, s.N*s.H*s.W*s.C)
	for t := range taps(s) {
		dx[t.x] += dy[t.y] * w[t.w]
	}
	return dx
}

// correlationGradFilter is ∂Σ(dy y)/∂w.
func correlationGradFilter(dy, x []float64, s device.Conv2D) []float64 {
	dw := make([]float64, s.K*s.KH*s.KW*s.C/s.Groups)
	for t := range taps(s) {
		dw[t.w] += dy[t.y] * x[t.x]
	}
	return dw
}

func checkConv2D(s *suite) {
	for _, p := range pairs(len(images), len(groupings), len(windows), 4, len(activations), 2, len(columns), len(modes), len(modes)) {
		g := groupings[p[1]]
		c := device.Conv2D{
			N: p[3], H: images[p[0]][0], W: images[p[0]][1], C: g[0], K: g[1], Groups: g[2],
			Window: windows[p[2]], Act: activations[p[4]],
		}
		s.checkConv2D(c, p[5] == 1, columns[p[6]], modes[p[7]], modes[p[8]])
	}
	for _, c := range wholeConvolutions {
		for _, t := range columns {
			s.checkConv2D(c, true, t, result{}, result{unwanted: true})
		}
	}
	for _, c := range emptyConvolutions {
		for _, t := range columns {
			s.checkConv2D(c, true, t, result{}, result{unwanted: true})
		}
	}
	s.checkMissedConv2D()
	s.checkInfiniteConv2D()
	s.check(check{
		op: "Conv2D", name: "by hand, padded above and on the left",
		src:  []array{s.values(device.Float32, 1, 2, 3, 4), s.values(device.Float32, 1, 10, 100, 1000), s.values(device.Float32, 0.5)},
		dst:  []result{{dtype: device.Float32, n: 4}, {unwanted: true}},
		want: [][]float64{{1000.5, 2100.5, 3010.5, 4321.5}, {}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.Conv2D(dst[0], dst[1], src[0], src[1], src[2], device.Conv2D{
				N: 1, H: 2, W: 2, C: 1, K: 1, Groups: 1,
				Window: device.Window{KH: 2, KW: 2, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Left: 1},
			})
		},
	})
}

// emptyConvolutions have no filters, no channels, or neither.
var emptyConvolutions = [...]device.Conv2D{
	{N: 2, H: 4, W: 5, C: 4, K: 0, Groups: 1, Window: windows[3]},
	{N: 2, H: 4, W: 5, C: 0, K: 3, Groups: 1, Window: windows[3]},
	{N: 2, H: 4, W: 5, C: 0, K: 0, Groups: 1, Window: windows[0]},
	{N: 3, H: 7, W: 7, C: 6, K: 0, Groups: 3, Window: windows[4]},
}

// groupings are C, K and Groups.
var groupings = [...][3]int{
	{1, 1, 1}, {1, 7, 1}, {3, 16, 1}, {31, 33, 1}, {32, 5, 1}, {17, 31, 1},
	{4, 6, 2}, {18, 34, 2}, {9, 6, 3}, {5, 5, 5}, {33, 33, 33}, {4, 12, 4},
}

// wholeConvolutions are layers of known networks, small ones: they fill tiles and
// go round the loops over channels, positions and images more than once. The last
// two a device may compute by Winograd's algorithm. The error of that depends on
// all terms of a tile, each of which passes a ninth of the roundings: of normal
// numbers it is some u Σ|terms|, at worst 30, so that the bound of the definition
// holds for it too where n is 100 and more.
var wholeConvolutions = [...]device.Conv2D{
	{N: 2, H: 14, W: 14, C: 1, K: 32, Groups: 1, Window: windows[7], Act: device.Unary{Func: device.ReLU}},
	{N: 1, H: 7, W: 7, C: 32, K: 64, Groups: 1, Window: windows[7], Act: device.Unary{Func: device.ReLU}},
	{N: 3, H: 8, W: 8, C: 64, K: 33, Groups: 1, Window: windows[4]},
	{N: 5, H: 6, W: 7, C: 96, K: 104, Groups: 1, Window: windows[0]},
	{N: 16, H: 8, W: 7, C: 16, K: 16, Groups: 1, Window: windows[3], Act: device.Unary{Func: device.ReLU}},
	{N: 8, H: 6, W: 6, C: 16, K: 16, Groups: 1, Window: windows[7]},
}

// checkMissedConv2D has windows that meet nothing and pixels that no window meets, by
// every kind of kernel: for one channel, for each channel, for groups, and for tiles.
func (s *suite) checkMissedConv2D() {
	groupings := [...][3]int{{1, 1, 1}, {5, 5, 5}, {9, 6, 3}, {33, 33, 33}, {18, 34, 1}, {64, 128, 2}, {72, 80, 1}}
	for _, p := range pairs(len(missing), len(groupings), len(columns), 3, 2) {
		m, g := missing[p[0]], groupings[p[1]]
		s.checkConv2D(device.Conv2D{N: p[3], H: m.h, W: m.w, C: g[0], K: g[1], Groups: g[2], Window: m.Window},
			p[4] == 0, columns[p[2]], modes[p[4]], result{unwanted: true})
	}
}

// checkInfiniteConv2D has an Inf and a NaN among the factors, in kernels of every kind
// but Winograd's. Only results whose sums reach beyond the edge may be NaN for that.
func (s *suite) checkInfiniteConv2D() {
	for _, c := range [...]device.Conv2D{
		{N: 2, H: 5, W: 6, C: 1, K: 7, Groups: 1, Window: windows[3]},
		{N: 2, H: 7, W: 6, C: 33, K: 33, Groups: 33, Window: windows[3]},
		{N: 3, H: 8, W: 7, C: 18, K: 34, Groups: 2, Window: windows[4]},
		{N: 2, H: 6, W: 5, C: 72, K: 80, Groups: 1, Window: windows[6]},
	} {
		for _, t := range columns {
			oh, ow := c.Out()
			x, w, dy := c.N*c.H*c.W*c.C, c.K*c.KH*c.KW*c.C/c.Groups, c.N*oh*ow*c.K
			s.checkInfinite("Conv2D", c, t, x, w, dy, func(d device.Device, y device.Dst, x, w device.Buffer) {
				d.Conv2D(y, device.Dst{}, x, w, nil, c)
			})
			s.checkInfinite("Conv2DGradInput", c, t, dy, w, x, func(d device.Device, dx device.Dst, dy, w device.Buffer) {
				d.Conv2DGradInput(dx, dy, w, c)
			})
			s.checkInfinite("Conv2DGradFilter", c, t, x, dy, w, func(d device.Device, dw device.Dst, x, dy device.Buffer) {
				d.Conv2DGradFilter(dw, dy, x, c)
			})
		}
	}
}

// checkInfinite puts an Inf and a NaN into the second of two factors, of n and m
// elements, whose sums are outs elements. Those of fewest terms lie at the edge.
func (s *suite) checkInfinite(op string, c device.Conv2D, t dtypeColumn, n, m, outs int, multiply func(d device.Device, y device.Dst, a, b device.Buffer)) {
	call := func(d device.Device, dst []device.Dst, src []device.Buffer) { multiply(d, dst[0], src[0], src[1]) }
	ones := check{
		op: op, src: []array{s.values(device.Float32, slices.Repeat([]float64{1}, n)...), s.values(device.Float32, slices.Repeat([]float64{1}, m)...)},
		dst: []result{{dtype: device.Float32, n: outs}}, call: call,
	}
	terms := s.run(s.ref, ones, s.prior(ones), trial{})[0]
	most := slices.Max(terms)
	edge := make([]bool, outs)
	for i, v := range terms {
		edge[i] = v < most
	}
	a, b := s.normal(t.src, n), s.normal(t.src, m)
	b.v[0], b.v[m/2] = math.Inf(1), math.NaN()
	s.checkSum(check{
		op: op, name: fmt.Sprintf("%+v with Inf and NaN, %v", c, t), src: []array{a, b},
		dst: []result{{dtype: t.dst, n: outs, orNaN: edge}}, call: call,
	}, int(most))
}

func (s *suite) checkConv2D(c device.Conv2D, bias bool, t dtypeColumn, y, pre result) {
	oh, ow := c.Out()
	inputs, weights, outputs := c.N*c.H*c.W*c.C, c.K*c.KH*c.KW*c.C/c.Groups, c.N*oh*ow*c.K
	name := fmt.Sprintf("%+v bias %v, %v", c, bias, t)
	x, w, dy := s.normal(t.src, inputs), s.normal(t.src, weights), s.normal(t.src, outputs)

	constant := array{}
	if bias {
		constant = s.normal(device.Float32, c.K)
	}
	terms := correlation(abs(x.v), abs(w.v), abs(constant.v), c)
	s.check(check{
		op: "Conv2D", name: name,
		src: []array{x, w, constant},
		dst: activated(y, pre, t.dst, terms, c.KH*c.KW*c.C/c.Groups+1, c.Act),
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.Conv2D(dst[0], dst[1], src[0], src[1], src[2], c)
		},
	})
	s.checkSum(check{
		op: "Conv2DGradInput", name: name, src: []array{dy, w},
		dst: []result{{dtype: t.dst, n: inputs, add: y.add}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.Conv2DGradInput(dst[0], src[0], src[1], c)
		},
	}, c.KH*c.KW*c.K/c.Groups)
	s.checkSum(check{
		op: "Conv2DGradFilter", name: name, src: []array{dy, x},
		dst: []result{{dtype: t.dst, n: weights, add: y.add}},
		call: func(d device.Device, dst []device.Dst, src []device.Buffer) {
			d.Conv2DGradFilter(dst[0], src[0], src[1], c)
		},
	}, c.N*oh*ow)
}
