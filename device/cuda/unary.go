package cuda

import "example.org/chainrule/device"

// Unary sets y = f(x); see device.Elementwise.
func (d *Device) Unary(y device.Dst, x device.Buffer, f device.Unary) {
	n := x.Len()
	call := device.Call{Op: "Unary", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}, FLOPs: int64(n)}
	d.run(call, func(l *launcher) {
		if y.Wanted() {
			l.launch("unary", "value", column(y, x), elements(n), l.args().dst(y).ptr(x).unary(f).i32(n))
		}
	})
}

// UnaryGrad sets dx = dy f'(x); see device.Elementwise.
func (d *Device) UnaryGrad(dx device.Dst, dy, v device.Buffer, f device.Unary) {
	n := dy.Len()
	call := device.Call{Op: "UnaryGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, v}, FLOPs: 2 * int64(n)}
	d.run(call, func(l *launcher) {
		if dx.Wanted() {
			l.launch("unary", "grad", column(dx, dy), elements(n), l.args().dst(dx).ptr(dy).ptr(v).unary(f).i32(n))
		}
	})
}

// unary packs a function's number, which is that of kernels/activation.cuh, and its
// constants.
func (a *args) unary(f device.Unary) *args { return a.i32(int(f.Func)).f32(f.A, f.B) }
