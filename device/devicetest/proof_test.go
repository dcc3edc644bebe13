package devicetest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// A listener is a test that is expected to fail.
type listener struct {
	testing.TB
	complaint string
}

func (l *listener) Errorf(f string, args ...any) { l.complaint = fmt.Sprintf(f, args...) }
func (l *listener) FailNow()                     {}

// TestProofOfOldIsRefused writes the columns of two devices, then changes what one
// counts.
func TestProofOfOldIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "PROOF.md")
	whole := func(cases map[proven]int) *Tally { return &Tally{cases, len(stems())} }
	first := whole(map[proven]int{{"MatMul", "float32"}: 3, {"MatMul", "bfloat16 to float32"}: 1, {"SGD", "float32"}: 2})
	second := whole(map[proven]int{{"MatMul", "float32"}: 3})

	t.Setenv(UpdateVariable, "1")
	first.Hold(t, file, "first")
	second.Hold(t, file, "second")
	t.Setenv(UpdateVariable, "")
	first.Hold(t, file, "first")
	second.Hold(t, file, "second")
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(page), "| kernel | pass | reads to writes | first | second |\n|---|---|---|---:|---:|\n"+
		"| MatMul | forward | float32 | 3 | 3 |\n| MatMul | forward | bfloat16 to float32 | 1 | - |\n| SGD | update | float32 | 2 | - |\n")
	require.Contains(t, string(page), "cases in all: 6 on first, 3 on second.")

	second.cases[proven{"MatMul", "float32"}]++
	l := &listener{TB: t}
	second.Hold(l, file, "second")
	require.Contains(t, l.complaint, "PROOF.md is not what this run counted: make proof writes it anew")

	second.stems--
	second.Hold(t, file, "second") // of a part nothing is claimed
}

func TestDTypesOfACase(t *testing.T) {
	wide, narrow := array{device.Float32, []float64{1}}, array{device.BFloat16, []float64{1}}
	labels := array{device.Int32, []float64{1}}
	for _, c := range []struct {
		want string
		src  []array
		dst  []result
	}{
		{"float32", []array{wide, {}}, []result{{dtype: device.Float32}}},
		{"bfloat16", []array{narrow, wide}, []result{{dtype: device.Float32}, {dtype: device.BFloat16}}},
		{"bfloat16 to float32", []array{narrow, wide}, []result{{dtype: device.Float32}, {dtype: device.BFloat16, unwanted: true}}},
		{"float32 to int32", []array{wide, labels}, []result{{dtype: device.Int32}}},
		{"float32 to bfloat16", []array{labels}, []result{{dtype: device.Float32, always: true}, {dtype: device.BFloat16, always: true}}},
		{"bfloat16", nil, []result{{dtype: device.BFloat16}}},
	} {
		require.Equal(t, c.want, check{src: c.src, dst: c.dst}.dtypes())
	}
}
