package cuda

import "example.org/chainrule/device"

// Conv2DGradInput sums dy w over all that read an element of x; see
// device.Spatial.
func (d *Device) Conv2DGradInput(dx device.Dst, dy, w device.Buffer, s device.Conv2D) {
	call := device.Call{Op: "Conv2DGradInput", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, w}, FLOPs: s.FLOPs()}
	d.run(call, func(l *launcher) {
		switch {
		case !dx.Wanted():
		case min(s.C, s.K)/s.Groups < leastTiled:
			l.gradInputNaive(dx, dy, w, s)
		default:
			l.gradInputTiled(func(p product) tile { return p.tile(l.properties()) }, dx, dy, w, s)
		}
	})
}

// gradInputNaive gives each pixel's channel a thread.
func (l *launcher) gradInputNaive(dx device.Dst, dy, w device.Buffer, s device.Conv2D) {
	p := l.args().dst(dx).ptr(dy).ptr(w).conv2d(s)
	l.launch("conv2d", "grad_input_naive", column(dx, dy), each(s.N*s.H*s.W*s.C), p)
}

// gradInputTiled makes the pixels of dx phase by phase: where the window moves in
// strides, each phase meets only some taps and is a product of its own.
func (l *launcher) gradInputTiled(choose func(product) tile, dx device.Dst, dy, w device.Buffer, s device.Conv2D) {
	channels, outputs := s.C/s.Groups, s.K/s.Groups
	for line := range min(s.StrideH, s.H) {
		for col := range min(s.StrideW, s.W) {
			lines := phaseOf(line, s.H, s.KH, s.StrideH, s.DilationH, s.Top)
			cols := phaseOf(col, s.W, s.KW, s.StrideW, s.DilationW, s.Left)
			m := product{
				count: s.Groups, rows: s.N * lines.places * cols.places, columns: channels, depth: lines.taps * cols.taps * outputs,
				whole: wholeGroups(dy, channels, outputs),
			}
			t := choose(m)
			p := l.args().dst(dx).ptr(dy).ptr(w).conv2d(s).phase(lines).phase(cols)
			column := column(dx, dy)
			l.launch("conv2d", gradInputKernels[t], column, m.geometry(t, column), p)
		}
	}
}

var gradInputKernels = [...]string{tile64: "grad_input_tile64", tile128: "grad_input_tile128"}

// A phase is the pixels of one axis that meet the same taps: every stride-th one
// from first on. They meet tap, tap+step, ...; the first at the place of dy that
// is their number plus offset, each further one back places before.
type phase struct{ first, places, tap, taps, step, offset, back int }

func phaseOf(first, size, kernel, stride, dilation, pad int) phase {
	step := stride / gcd(stride, dilation)
	a := phase{first: first, places: ceilDiv(size-first, stride), step: step, back: step * dilation / stride}
	for tap := range min(step, kernel) {
		if at := first + pad - tap*dilation; at%stride == 0 {
			a.tap, a.taps, a.offset = tap, ceilDiv(kernel-tap, step), at/stride
		}
	}
	return a
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// phase packs p as kernels/conv2d.cu has it.
func (a *args) phase(p phase) *args {
	return a.i32(p.first, p.places, p.tap, p.taps, p.step, p.offset, p.back)
}
