package cuda

import "example.org/chainrule/device"

// Unary sets y = f(x); see device.Elementwise.
func (d *Device) Unary(y device.Dst, x device.Buffer, f device.Unary) {
	n := x.Len()
	call := device.Call{Op: "Unary", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}, FLOPs: int64(n)}
	d.run(call, func(l *launcher) {
		if y.Wanted() {
			l.launch("unary", f.Func.String(), column(y, x), elements(n), l.args().dst(y).ptr(x).f32(f.A, f.B).i32(n))
		}
	})
}

// UnaryGrad sets dx = dy f'(x); see device.Elementwise.
func (d *Device) UnaryGrad(dx device.Dst, dy, v device.Buffer, f device.Unary) {
	n := dy.Len()
	call := device.Call{Op: "UnaryGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, v}, FLOPs: 2 * int64(n)}
	d.run(call, func(l *launcher) {
		if dx.Wanted() {
			p := l.args().dst(dx).ptr(dy).ptr(v).f32(f.A, f.B).i32(n)
			l.launch("unary", f.Func.String(), gradColumn(column(dx, dy)), elements(n), p)
		}
	})
}

// gradColumn is the suffix of a derivative's kernel.
func gradColumn(column string) string {
	switch column {
	case "f32":
		return "grad_f32"
	case "bf16":
		return "grad_bf16"
	}
	return "grad_bf16f32"
}

// unary packs a function's number, which is that of kernels/activation.cuh, and its
// constants.
func (a *args) unary(f device.Unary) *args { return a.i32(int(f.Func)).f32(f.A, f.B) }
