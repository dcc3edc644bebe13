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

// vectors are six vectors of 16 channels; a transform in one axis takes six to six.
type vectors [6][16]float32

// winogradData sets v to Bᵀd.
func winogradData(v, d *vectors) {
	for c := range 16 {
		d0, d1, d2, d3, d4, d5 := d[0][c], d[1][c], d[2][c], d[3][c], d[4][c], d[5][c]
		evenA, oddA := d4-b2*d2, d3-b2*d1
		evenB, oddB := d4-a2*d2, d3-a2*d1
		v[0][c] = a2*b2*d0 - (a2+b2)*d2 + d4
		v[1][c], v[2][c] = evenA+a1*oddA, evenA-a1*oddA
		v[3][c], v[4][c] = evenB+b1*oddB, evenB-b1*oddB
		v[5][c] = a2*b2*d1 - (a2+b2)*d3 + d5
	}
}

// winogradFilter returns what sets v to Gg for a filter of 2 to 5 taps; g is 0
// beyond them.
func winogradFilter(taps int) func(v, g *vectors) {
	return func(v, g *vectors) {
		for c := range 16 {
			g0, g1, g2, g3, g4 := g[0][c], g[1][c], g[2][c], g[3][c], g[4][c]
			evenA, oddA := g0+a2*g2+a4*g4, g1+a2*g3
			evenB, oddB := g0+b2*g2+b4*g4, g1+b2*g3
			v[0][c] = scale0 * g0
			v[1][c], v[2][c] = scaleA*evenA+scaleA*a1*oddA, scaleA*evenA-scaleA*a1*oddA
			v[3][c], v[4][c] = scaleB*evenB+scaleB*b1*oddB, scaleB*evenB-scaleB*b1*oddB
		}
		v[5] = g[taps-1]
	}
}

// winogradOutput returns what sets y, but for its last vector, to Aᵀm for 2 to 5
// outputs, which it begins with.
func winogradOutput(outputs int) func(y, m *vectors) {
	return func(y, m *vectors) {
		for c := range 16 {
			evenA, oddA := m[1][c]+m[2][c], m[1][c]-m[2][c]
			evenB, oddB := m[3][c]+m[4][c], m[3][c]-m[4][c]
			y[0][c] = m[0][c] + evenA + evenB
			y[1][c] = a1*oddA + b1*oddB
			y[2][c] = a2*evenA + b2*evenB
			y[3][c] = a3*oddA + b3*oddB
			y[4][c] = a4*evenA + b4*evenB
		}
		for c, v := range m[5] {
			y[outputs-1][c] += v
		}
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
func tileTransformGo(f func(v, x *vectors)) tileTransform {
	return func(v []float32, step int, x []float32, at, line, pixel int, rows, cols uint, n int) {
		for c := 0; c < n; c += 16 {
			var columns [6]vectors
			for h := range 6 {
				var pixels, values vectors
				for w := range pixels {
					if rows>>h&1 != 0 && cols>>w&1 != 0 {
						pixels[w] = [16]float32(x[at+h*line+w*pixel+c:])
					}
				}
				f(&values, &pixels)
				for j := range columns {
					columns[j][h] = values[j]
				}
			}
			for j := range columns {
				var values vectors
				f(&values, &columns[j])
				for i := range values {
					copy(v[(6*i+j)*step+c:], values[i][:])
				}
			}
		}
	}
}

// outputGo transforms by winogradOutput in both axes.
func outputGo(outputs int) outputTransform {
	f := winogradOutput(outputs)
	return func(y []float32, line, pixel int, m []float32, step int, add []float32, addLine, addPixel, n int) {
		for c := 0; c < n; c += 16 {
			var columns [6]vectors
			for i := range 6 {
				var values, sums vectors
				for j := range values {
					values[j] = [16]float32(m[(6*i+j)*step+c:])
				}
				f(&sums, &values)
				for w := range columns {
					columns[w][i] = sums[w]
				}
			}
			for w := range outputs {
				var sums vectors
				f(&sums, &columns[w])
				for h := range outputs {
					to, from := y[h*line+w*pixel+c:][:16], add[h*addLine+w*addPixel+c:][:16]
					for i, sum := range sums[h] {
						to[i] = from[i] + sum
					}
				}
			}
		}
	}
}
