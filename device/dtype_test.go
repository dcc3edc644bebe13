package device

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDType(t *testing.T) {
	for _, d := range []struct {
		t       DType
		name    string
		size    int
		isFloat bool
	}{
		{Float32, "float32", 4, true}, {BFloat16, "bfloat16", 2, true}, {Int32, "int32", 4, false}, {Uint8, "uint8", 1, false},
	} {
		require.Equal(t, d.name, d.t.String())
		require.Equal(t, d.size, d.t.Size())
		require.Equal(t, d.isFloat, d.t.IsFloat())
	}
	require.Equal(t, "DType(9)", DType(9).String(), "an unknown one must not panic in an error message")
}

// TestNames finds functions without a name.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	add := func(name string) {
		require.NotEmpty(t, name)
		require.False(t, seen[name], "two functions are called %s", name)
		seen[name] = true
	}
	for _, f := range UnaryFuncs() {
		add(f.String())
	}
	for _, f := range BinaryFuncs() {
		add(f.String())
	}
	for _, f := range ReduceFuncs() {
		add(f.String())
	}
}

func TestImpossibleConstants(t *testing.T) {
	require.PanicsWithValue(t, "device: device.DType has no constant 9", func() { DType(9).Size() })
	require.PanicsWithValue(t, "device: device.UnaryFunc has no constant 200", func() { UnaryFunc(200).ReadsX() })
	require.PanicsWithValue(t, "device: device.BinaryFunc has no constant 200", func() { _ = BinaryFunc(200).String() })
	require.PanicsWithValue(t, "device: device.ReduceFunc has no constant 200", func() { _ = ReduceFunc(200).String() })
}
