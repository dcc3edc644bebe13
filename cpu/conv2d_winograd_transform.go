package cpu

// The transforms of Winograd's convolution in one axis, for tiles of six. A
// polynomial is known by its values at six points, and its product with another
// by the products of the values: the points are 0, ±a, ±b and ∞. Lavin and Gray,
// Fast Algorithms for Convolutional Neural Networks, 2015, have a = 1, b = 2.
// These have half their rounding error and a fourth of its bound, and all
// numbers but the filters' are exact in float32; symmetric points let the sums
// of even and of odd terms serve two points each.
const (
	winogradTile = 6

	winogradA, winogradB = 5. / 8, 3. / 2

	a1, a2, a3, a4 = winogradA, a1 * a1, a2 * a1, a3 * a1
	b1, b2, b3, b4 = winogradB, b1 * b1, b2 * b1, b3 * b1

	// The inverse of Π (p-q) over the other points q, for p = 0, ±a and ±b.
	scale0, scaleA, scaleB = 1 / (a2 * b2), 1 / (2 * a2 * (a2 - b2)), 1 / (2 * b2 * (b2 - a2))
)

// winogradData is Bᵀd.
func winogradData(d [6]float32) (v [6]float32) {
	v[0] = a2*b2*d[0] - (a2+b2)*d[2] + d[4]
	even, odd := d[4]-b2*d[2], d[3]-b2*d[1]
	v[1], v[2] = even+a1*odd, even-a1*odd
	even, odd = d[4]-a2*d[2], d[3]-a2*d[1]
	v[3], v[4] = even+b1*odd, even-b1*odd
	v[5] = a2*b2*d[1] - (a2+b2)*d[3] + d[5]
	return v
}

// winogradFilter is Gg for a filter of 2 to 5 taps; g is 0 beyond them.
func winogradFilter(taps int) func(g [6]float32) [6]float32 {
	return func(g [6]float32) (v [6]float32) {
		v[0] = scale0 * g[0]
		even, odd := g[0]+a2*g[2]+a4*g[4], g[1]+a2*g[3]
		v[1], v[2] = scaleA*even+scaleA*a1*odd, scaleA*even-scaleA*a1*odd
		even, odd = g[0]+b2*g[2]+b4*g[4], g[1]+b2*g[3]
		v[3], v[4] = scaleB*even+scaleB*b1*odd, scaleB*even-scaleB*b1*odd
		v[5] = g[taps-1]
		return v
	}
}

// winogradOutput is Aᵀm for 2 to 5 outputs, which y begins with.
func winogradOutput(outputs int) func(m [6]float32) [6]float32 {
	return func(m [6]float32) (y [6]float32) {
		evenA, oddA := m[1]+m[2], m[1]-m[2]
		evenB, oddB := m[3]+m[4], m[3]-m[4]
		y[0] = m[0] + evenA + evenB
		y[1] = a1*oddA + b1*oddB
		y[2] = a2*evenA + b2*evenB
		y[3] = a3*oddA + b3*oddB
		y[4] = a4*evenA + b4*evenB
		y[outputs-1] += m[5]
		return y
	}
}

// transforms are those of one level in both axes, for n channels, a multiple of
// 16; filter and output are indexed by the number of taps or outputs.
type transforms struct {
	data   tileTransform
	filter [6]tileTransform
	output [6]outputTransform
}

// A tileTransform takes pixels to values, v = T x Tᵀ with T = Bᵀ or G:
//
//	v[(6i+j)*step+c] = Σ_h Σ_w T[i,h] T[j,w] x[at+h*line+w*pixel+c]
//
// over the lines h whose bit is set in rows and the columns w in cols. Others are
// 0 and not read, so that at may lie outside of x.
type tileTransform func(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int)

// An outputTransform takes values to pixels, y = Aᵀ m A, and adds to that:
//
//	y[h*line+w*pixel+c] = add[h*addLine+w*addPixel+c] + Σ_i Σ_j A[i,h] A[j,w] m[(6i+j)*step+c]
type outputTransform func(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int)

// The plain Go twins of the assembly.

var goTransforms = transforms{
	data:   tileTransformGo(winogradData),
	filter: [6]tileTransform{2: filterGo(2), 3: filterGo(3), 4: filterGo(4), 5: filterGo(5)},
	output: [6]outputTransform{2: outputGo(2), 3: outputGo(3), 4: outputGo(4), 5: outputGo(5)},
}

func filterGo(taps int) tileTransform { return tileTransformGo(winogradFilter(taps)) }

// tileTransformGo transforms by f in both axes.
func tileTransformGo(f func([6]float32) [6]float32) tileTransform {
	return func(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int) {
		for c := range n {
			var lines [6][6]float32
			for h := range lines {
				for w := range lines[h] {
					if rows>>h&1 != 0 && cols>>w&1 != 0 {
						lines[h][w] = x[at+h*line+w*pixel+c]
					}
				}
				lines[h] = f(lines[h])
			}
			for j := range lines {
				for i, value := range f(column(&lines, j)) {
					v[(6*i+j)*step+c] = value
				}
			}
		}
	}
}

// outputGo transforms by winogradOutput in both axes.
func outputGo(outputs int) outputTransform {
	f := winogradOutput(outputs)
	return func(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int) {
		for c := range n {
			var lines [6][6]float32
			for i := range lines {
				for j := range lines[i] {
					lines[i][j] = m[(6*i+j)*step+c]
				}
				lines[i] = f(lines[i])
			}
			for w := range outputs {
				sums := f(column(&lines, w))
				for h, sum := range sums[:outputs] {
					y[h*line+w*pixel+c] = add[h*addLine+w*addPixel+c] + sum
				}
			}
		}
	}
}

func column(lines *[6][6]float32, j int) (col [6]float32) {
	for i := range lines {
		col[i] = lines[i][j]
	}
	return col
}
