package dense

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	gorgonia "gorgonia.org/tensor"

	"example.org/chainrule/device"
	"example.org/chainrule/device/devicetest"
	"example.org/chainrule/tensor"
)

// matrix returns the elements 0 to n-1 in a Dense of that shape.
func matrix(shape ...int) *gorgonia.Dense {
	n := gorgonia.Shape(shape).TotalSize()
	return gorgonia.New(gorgonia.WithShape(shape...), gorgonia.WithBacking(gorgonia.Range(gorgonia.Float32, 0, n)))
}

// cut slices d, which must work.
func cut(t *testing.T, d *gorgonia.Dense, slices ...gorgonia.Slice) *gorgonia.Dense {
	t.Helper()
	view, err := d.Slice(slices...)
	require.NoError(t, err)
	return view.(*gorgonia.Dense)
}

func requireTensor(t *testing.T, d *gorgonia.Dense, shape []int, want []float32) {
	t.Helper()
	dev := devicetest.Reference()
	got, err := ToTensor(dev, d)
	require.NoError(t, err)
	values, err := got.Float32s()
	require.NoError(t, err)
	require.Equal(t, want, values)
	require.Equal(t, shape, got.Shape())
	got.Free()
	require.Zero(t, dev.Stats().Live, "memory is left")
	require.NoError(t, dev.Close())
}

func TestViews(t *testing.T) {
	requireTensor(t, matrix(2, 3), []int{2, 3}, []float32{0, 1, 2, 3, 4, 5})
	requireTensor(t, cut(t, matrix(4, 3), gorgonia.S(1, 3)), []int{2, 3}, []float32{3, 4, 5, 6, 7, 8})
	requireTensor(t, cut(t, matrix(3, 4), nil, gorgonia.S(1, 3)), []int{3, 2}, []float32{1, 2, 5, 6, 9, 10})
	requireTensor(t, cut(t, matrix(3, 4), nil, gorgonia.S(1)), []int{3}, []float32{1, 5, 9})
	requireTensor(t, cut(t, matrix(2, 6), nil, gorgonia.S(0, 6, 2)), []int{2, 3}, []float32{0, 2, 4, 6, 8, 10})
	requireTensor(t, cut(t, matrix(2, 3), gorgonia.S(1), gorgonia.S(2)), []int{}, []float32{5})
	requireTensor(t, cut(t, matrix(2, 3, 2), nil, gorgonia.S(1)), []int{2, 2}, []float32{2, 3, 8, 9})
}

func TestTransposed(t *testing.T) {
	d := matrix(2, 3)
	require.NoError(t, d.T()) // its strides alone
	requireTensor(t, d, []int{3, 2}, []float32{0, 3, 1, 4, 2, 5})
	requireTensor(t, cut(t, d, gorgonia.S(1, 3)), []int{2, 2}, []float32{1, 4, 2, 5})
	require.NoError(t, d.Transpose()) // its elements
	requireTensor(t, d, []int{3, 2}, []float32{0, 3, 1, 4, 2, 5})

	d = matrix(2, 1, 3)
	require.NoError(t, d.T(2, 0, 1))
	requireTensor(t, d, []int{3, 2, 1}, []float32{0, 3, 1, 4, 2, 5})

	column := matrix(3, 1)
	require.NoError(t, column.T())
	requireTensor(t, column, []int{1, 3}, []float32{0, 1, 2})

	view := cut(t, matrix(3, 4), nil, gorgonia.S(1, 3))
	require.NoError(t, view.T())
	requireTensor(t, view, []int{2, 3}, []float32{1, 5, 9, 2, 6, 10})
}

func TestColumnMajor(t *testing.T) {
	d := gorgonia.New(gorgonia.WithShape(2, 3), gorgonia.AsFortran([]float32{0, 1, 2, 3, 4, 5}))
	require.Equal(t, []float32{0, 3, 1, 4, 2, 5}, d.Data())
	requireTensor(t, d, []int{2, 3}, []float32{0, 1, 2, 3, 4, 5})
}

func TestScalarAndEmpty(t *testing.T) {
	requireTensor(t, gorgonia.New(gorgonia.FromScalar(float32(7))), []int{}, []float32{7})
	requireTensor(t, gorgonia.New(gorgonia.WithShape(1, 1), gorgonia.WithBacking([]float32{7})), []int{1, 1}, []float32{7})
	requireTensor(t, gorgonia.New(gorgonia.WithShape(0, 3), gorgonia.Of(gorgonia.Float32)), []int{0, 3}, []float32{})
}

func TestTypes(t *testing.T) {
	for _, c := range []struct {
		backing any
		dtype   device.DType
		back    any
	}{
		{[]float32{1, -2.5}, device.Float32, []float32{1, -2.5}},
		{[]float64{1, 0.1}, device.Float32, []float32{1, 0.1}},
		{[]int{1, -2}, device.Int32, []int32{1, -2}},
		{[]int32{1, math.MinInt32}, device.Int32, []int32{1, math.MinInt32}},
		{[]int64{1, math.MaxInt32}, device.Int32, []int32{1, math.MaxInt32}},
		{[]uint8{0, 255}, device.Uint8, []uint8{0, 255}},
		{[]bool{false, true}, device.Uint8, []uint8{0, 1}},
	} {
		x, err := ToTensor(devicetest.Reference(), gorgonia.New(gorgonia.WithBacking(c.backing)))
		require.NoError(t, err)
		require.Equal(t, c.dtype, x.DType())
		back, err := FromTensor(x)
		require.NoError(t, err)
		require.Equal(t, c.back, back.Data())
	}
}

func TestRoundTripShapes(t *testing.T) {
	dev := devicetest.Reference()
	for _, shape := range [][]int{{}, {1}, {6}, {2, 3}, {3, 1, 2}, {2, 0}} {
		n := 1
		for _, extent := range shape {
			n *= extent
		}
		vector, err := tensor.From(dev, make([]float32, n), n)
		require.NoError(t, err)
		x, err := vector.Reshape(shape...)
		require.NoError(t, err)
		d, err := FromTensor(x)
		require.NoError(t, err)
		require.Equal(t, gorgonia.Shape(shape), d.Shape())
		again, err := ToTensor(dev, d)
		require.NoError(t, err)
		require.Equal(t, shape, again.Shape())
	}
}

func TestBFloat16Widens(t *testing.T) {
	x, err := tensor.New(devicetest.Reference(), device.BFloat16, 2)
	require.NoError(t, err)
	require.NoError(t, tensor.Set(x, []float32{1, -2}))
	d, err := FromTensor(x)
	require.NoError(t, err)
	require.Equal(t, []float32{1, -2}, d.Data())
}

func TestRefused(t *testing.T) {
	column := cut(t, matrix(3, 1, 4), nil, nil, gorgonia.S(1))
	require.NoError(t, column.T())
	masked := matrix(2)
	require.NoError(t, masked.ResetMask(true))
	for want, d := range map[string]*gorgonia.Dense{
		"dense: ToTensor: float32[1 3]: gorgonia loses the strides":     column,
		"dense: ToTensor: float32[2]: a tensor has no mask":             masked,
		"dense: ToTensor: int16[2]: a tensor cannot hold this type":     gorgonia.New(gorgonia.WithBacking([]int16{1, 2})),
		"dense: ToTensor: string[2]: a tensor cannot hold this type":    gorgonia.New(gorgonia.WithBacking([]string{"x", "y"})),
		"dense: ToTensor: int64[2]: element 1 is 2147483648, which int": gorgonia.New(gorgonia.WithBacking([]int64{0, 1 << 31})),
		"dense: ToTensor: float64[2]: element 0 is 1e+300, which float": gorgonia.New(gorgonia.WithBacking([]float64{1e300, 0})),
	} {
		_, err := ToTensor(devicetest.Reference(), d)
		require.ErrorContains(t, err, want)
	}
}
