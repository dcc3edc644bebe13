package cuda

import (
	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// Reduce sets y[o, i] = f over n of x[o, n, i]; see device.Rows.
func (d *Device) Reduce(y device.Dst, x device.Buffer, s device.Reduce) {
	call := device.Call{Op: "Reduce", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}, FLOPs: int64(x.Len())}
	d.run(call, func(l *launcher) {
		if y.Wanted() {
			l.reduce(of(y.Buf).ptr, y.Add, of(x).ptr, column(y, x), s)
		}
	})
}

// reduce reduces x; where rows are few their parts, and then the results, which
// are floats.
func (l *launcher) reduce(y driver.Ptr, add bool, x driver.Ptr, column string, s device.Reduce) {
	rows, n := s.Outer*s.Inner, s.N
	if t := teamsOf(rows, n, s.Inner).cut(n, s.Inner, enoughBlocks); t.parts > 1 {
		part := s.Func
		if part == device.Mean {
			part = device.Sum
		}
		parts := l.floats(rows * t.parts)
		l.launch("reduce", reduceNames[part], intoFloats(column), t.geometry,
			l.args().at(parts).flag(false).at(x).i32(rows, n, s.Inner, t.chunk, s.N))
		x, n, column = parts, t.parts, fromFloats(column)
	}
	l.launch("reduce", reduceNames[s.Func], column, teamsOf(rows, n, s.Inner).geometry,
		l.args().at(y).flag(add).at(x).i32(rows, n, s.Inner, n, s.N))
}

// reduceNames are the reductions as kernels/reduce.cu has them, reduceGradNames
// their derivatives.
var (
	reduceNames = [...]string{
		device.Sum: "sum", device.Mean: "mean", device.Max: "max", device.Min: "min",
		device.LogSumExp: "log_sum_exp", device.Norm2: "norm2",
	}
	reduceGradNames = [...]string{
		device.Sum: "sum_grad", device.Mean: "mean_grad", device.Max: "extremum_grad", device.Min: "extremum_grad",
		device.LogSumExp: "log_sum_exp_grad", device.Norm2: "norm2_grad",
	}
)

// intoFloats and fromFloats are the columns of two launches that do the work of
// one, with floats between them.
func intoFloats(column string) string {
	if column == "f32" {
		return "f32"
	}
	return "bf16f32"
}

func fromFloats(column string) string {
	if column == "bf16" {
		return "f32bf16"
	}
	return "f32"
}

// ReduceGrad sets dx[o, n, i] = dy[o, i] ∂y[o, i]/∂x[o, n, i]; see device.Rows.
func (d *Device) ReduceGrad(dx device.Dst, dy, x, y device.Buffer, s device.Reduce) {
	rows := s.Outer * s.Inner
	call := device.Call{
		Op: "ReduceGrad", Dst: [4]device.Dst{dx}, Src: [8]device.Buffer{dy, x, y},
		FLOPs: int64(rows) * int64(s.N),
	}
	d.run(call, func(l *launcher) {
		if !dx.Wanted() {
			return
		}
		if !s.Func.ReadsXY() {
			x, y = nil, nil
		}
		var ties driver.Ptr
		if s.Func == device.Max || s.Func == device.Min {
			ties = l.floats(rows)
			l.launch("reduce", "ties", source(x), teamsOf(rows, s.N, s.Inner).geometry,
				l.args().at(ties).ptr(x).ptr(y).i32(rows, s.N, s.Inner, s.N))
		}
		t := teamsOf(rows, s.N, s.Inner).cut(s.N, s.Inner, manyBlocks)
		l.launch("reduce", reduceGradNames[s.Func], column(dx, dy), t.geometry,
			l.args().dst(dx).ptr(dy).ptr(x).ptr(y).at(ties).i32(rows, s.N, s.Inner, t.chunk))
	})
}

// ArgMax sets y[o, i] to the first n with the largest x[o, n, i]; see device.Rows.
func (d *Device) ArgMax(y device.Dst, x device.Buffer, s device.Reduce) {
	call := device.Call{Op: "ArgMax", Dst: [4]device.Dst{y}, Src: [8]device.Buffer{x}, FLOPs: int64(x.Len())}
	d.run(call, func(l *launcher) {
		if !y.Wanted() {
			return
		}
		rows := s.Outer * s.Inner
		l.launch("reduce", "argmax", source(x), teamsOf(rows, s.N, s.Inner).geometry,
			l.args().ptr(y.Buf).ptr(x).i32(rows, s.N, s.Inner, s.N))
	})
}

// source is the column of kernels whose results are no data: "f32" or "bf16".
func source(x device.Buffer) string { return column(device.Dst{}, x) }
