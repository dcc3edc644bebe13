package cuda

import "example.org/chainrule/device"

// A convolution is a product of patches of the images with the filters, one for
// each group; the kernels read patches where the images are (implicit GEMM).

// Conv2D convolves; see device.Spatial.
func (d *Device) Conv2D(y, pre device.Dst, x, w, bias device.Buffer, s device.Conv2D) {
	call := device.Call{Op: "Conv2D", Dst: [4]device.Dst{y, pre}, Src: [8]device.Buffer{x, w, bias}, FLOPs: s.FLOPs()}
	d.run(call, func(l *launcher) { l.conv2d(conv2dProduct(x, s).kernel(l.properties()), y, pre, x, w, bias, s) })
}

// conv2d convolves with a kind of kernel.
func (l *launcher) conv2d(t tile, y, pre device.Dst, x, w, bias device.Buffer, s device.Conv2D) {
	for _, to := range alike(y, pre) {
		p := l.args().dst(to.y).dst(to.pre).ptr(x).ptr(w).ptr(bias).unary(s.Act).conv2d(s)
		column := to.column(x)
		l.launch("conv2d", conv2dKernels[t], column, conv2dProduct(x, s).geometry(t, column), p)
	}
}

var conv2dKernels = [...]string{naive: "naive", tile64: "tile64", tile128: "tile128"}

// conv2dProduct is what s asks for of data like x: positions by filters.
func conv2dProduct(x device.Buffer, s device.Conv2D) product {
	oh, ow := s.Out()
	channels := s.C / s.Groups
	return product{
		count: s.Groups, rows: s.N * oh * ow, columns: s.K / s.Groups, depth: s.KH * s.KW * channels,
		whole: wholeGroups(x, channels),
	}
}

// conv2d packs s as kernels/conv2d.cu has it.
func (a *args) conv2d(s device.Conv2D) *args {
	oh, ow := s.Out()
	return a.i32(s.N, s.H, s.W, s.C, s.K).
		i32(s.KH, s.KW, s.StrideH, s.StrideW, s.DilationH, s.DilationW, s.Top, s.Left).
		i32(s.Groups, oh, ow)
}
