package cuda

import (
	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda/driver"
)

// Moments sets mean[c] and variance[c] of the column c of x; see device.Spatial.
func (d *Device) Moments(mean, variance device.Dst, x device.Buffer, s device.BatchNorm) {
	call := device.Call{Op: "Moments", Dst: [4]device.Dst{mean, variance}, Src: [8]device.Buffer{x}, FLOPs: 5 * int64(x.Len())}
	d.run(call, func(l *launcher) {
		if !mean.Wanted() && !variance.Wanted() {
			return
		}
		t := columnSums(s)
		parts := l.floats(3 * t.parts * s.C)
		l.launch("batchnorm", "moments", source(x), t.geometry, l.args().at(parts).ptr(x).i32(s.Rows, s.C, t.chunk))
		l.launch("batchnorm", "moments_merge", source(x), columnTeams(t.parts, s.C).geometry,
			l.args().dst(mean).dst(variance).at(parts).ptr(x).i32(t.parts, s.C))
	})
}

// columnTeams give columns of so many rows to a team each, or as many beside each
// other as move in one access.
func columnTeams(rows, columns int) teams {
	groups := columns / widthOf(columns)
	return teamsOf(groups, rows, groups)
}

// columnSums are teams for sums over the columns.
func columnSums(s device.BatchNorm) teams {
	return columnTeams(s.Rows, s.C).cut(s.Rows, s.C/widthOf(s.C), enoughBlocks)
}

// columnWalkers are teams for elementwise work with constants of the columns.
func columnWalkers(s device.BatchNorm) teams {
	return columnTeams(s.Rows, s.C).cut(s.Rows, s.C/widthOf(s.C), manyBlocks)
}

// BatchNorm sets y = f(γ (x-mean)/√(variance+ε) + β + residual); see
// device.Spatial.
func (d *Device) BatchNorm(y, pre device.Dst, x, residual, mean, variance, gamma, beta device.Buffer, s device.BatchNorm) {
	call := device.Call{
		Op: "BatchNorm", Dst: [4]device.Dst{y, pre},
		Src:   [8]device.Buffer{x, residual, mean, variance, gamma, beta},
		FLOPs: 4 * int64(x.Len()),
	}
	d.run(call, func(l *launcher) {
		t := columnWalkers(s)
		for _, to := range alike(y, pre) {
			l.launch("batchnorm", "", to.column(x), t.geometry,
				l.args().dst(to.y).dst(to.pre).ptr(x).ptr(residual).ptr(mean).ptr(variance).ptr(gamma).ptr(beta).
					batchNorm(s, t))
		}
	})
}

// batchNorm packs the last parameters of the kernels that walk along columns.
func (a *args) batchNorm(s device.BatchNorm, t teams) *args {
	return a.activation(s.Act).f32(s.Epsilon).i32(s.Rows, s.C, t.chunk)
}

// activation packs a function and its constants.
func (a *args) activation(f device.Unary) *args { return a.i32(int(f.Func)).f32(f.A, f.B) }

// BatchNormGrad computes the derivatives; see device.Spatial.
func (d *Device) BatchNormGrad(dx, dresidual, dgamma, dbeta device.Dst, dy, x, v, mean, variance, gamma device.Buffer, s device.BatchNorm) {
	call := device.Call{
		Op: "BatchNormGrad", Dst: [4]device.Dst{dx, dresidual, dgamma, dbeta},
		Src:   [8]device.Buffer{dy, x, v, mean, variance, gamma},
		FLOPs: 11 * int64(dy.Len()),
	}
	d.run(call, func(l *launcher) {
		if s.Act.Func == device.Identity {
			v = nil
		}
		var sums driver.Ptr
		if moving := dx.Wanted() && !s.Fixed; moving || dgamma.Wanted() || dbeta.Wanted() {
			sums = l.batchNormSums(dgamma, dbeta, dy, x, v, mean, variance, s)
		}
		if s.Fixed {
			sums = 0
		}
		t := columnWalkers(s)
		for _, to := range alike(dx, dresidual) {
			l.launch("batchnorm", "grad", to.column(dy), t.geometry,
				l.args().dst(to.y).dst(to.pre).ptr(dy).ptr(x).ptr(v).ptr(mean).ptr(variance).ptr(gamma).at(sums).
					batchNorm(s, t))
		}
	})
}

// batchNormSums sets dβ and dγ, and returns Σ dz and Σ dz (x-mean) in workspace.
func (l *launcher) batchNormSums(dgamma, dbeta device.Dst, dy, x, v, mean, variance device.Buffer, s device.BatchNorm) driver.Ptr {
	t := columnSums(s)
	sums, parts := l.floats(2*s.C), l.floats(2*t.parts*s.C)
	l.launch("batchnorm", "grad_sums", source(dy), t.geometry,
		l.args().at(parts).ptr(dy).ptr(x).ptr(v).ptr(mean).activation(s.Act).i32(s.Rows, s.C, t.chunk))
	l.launch("batchnorm", "grad_merge", "", columnTeams(t.parts, s.C).geometry,
		l.args().dst(dgamma).dst(dbeta).at(sums).at(parts).ptr(variance).f32(s.Epsilon).i32(t.parts, s.C))
	return sums
}
