package main

import (
	"strings"
	"testing"
	"time"

	"example.org/chainrule"

	"github.com/stretchr/testify/require"
)

// Two passes, as go test prints them.
const output = `goos: linux
cpu: Some Processor
BenchmarkPeak/all-cores/cpu-2     100   1000000 ns/op   80.0 GFLOP/s   3 allocs/op
BenchmarkPeakBFloat16/one-core/cpu-2 100 1000000 ns/op  200 GFLOP/s   3 allocs/op
BenchmarkBandwidth/copy/cpu-2     100   1000000 ns/op   10.0 GB/s   3 allocs/op
BenchmarkMatMul/256/cpu-2         100   1000000 ns/op   40.0 GFLOP/s   1.0 GB/s   0 device-allocs/op   12 allocs/op
BenchmarkMatMul/256/gonum-2       100   5000000 ns/op   8.0 GFLOP/s   0.2 GB/s   12 allocs/op
BenchmarkMatMul/256-bfloat16/cpu-2 100   500000 ns/op   80.0 GFLOP/s   1.0 GB/s   0 device-allocs/op   12 allocs/op
BenchmarkStep/lenet/cpu-2         100   2000000 ns/op   20.0 GFLOP/s   4.0 GB/s   200 images/s
PASS
BenchmarkPeak/all-cores/cpu-2     100   1000000 ns/op   100 GFLOP/s   3 allocs/op
BenchmarkBandwidth/copy/cpu-2     100   1000000 ns/op   8.0 GB/s   3 allocs/op
BenchmarkMatMul/256/cpu-2         100   3000000 ns/op   20.0 GFLOP/s   0.5 GB/s   0 device-allocs/op   12 allocs/op
BenchmarkMatMul/256/gonum-2       100   5000000 ns/op   8.0 GFLOP/s   0.2 GB/s   12 allocs/op
ok      example.org/chainrule/bench     1.0s
`

// The median product takes 2 ms at 30 GFLOP/s, of a peak of 100: 0.6 ms; that of
// BFloat16 0.5 ms at 80, of 200: 0.2 ms. The step is bound by memory: 2 ms at 4 GB/s, of 10.
const want = "# Measured\n\nWritten by `go run ./bench/report` in 3s, on 2000-01-02.\n" + `
- Processor: Some Processor, 2 cores, linux/amd64
- go1.26
- Device cpu: 2 threads

## Limits of the machine

| probe                  | device | best GFLOP/s | best GB/s |
| ---------------------- | ------ | -----------: | --------: |
| Peak, all-cores        | cpu    |          100 |           |
| PeakBFloat16, one-core | cpu    |          200 |           |
| Bandwidth, copy        | cpu    |              |        10 |

## MatMul

| case         | device | limit ms | measured ms |   ± | of limit | GFLOP/s | GB/s | gonum | allocs | device allocs |
| ------------ | ------ | -------: | ----------: | --: | -------: | ------: | ---: | ----: | -----: | ------------: |
| 256          | cpu    |      0.6 |           2 | 50% |      30% |      30 | 0.75 |  2.5x |     12 |             0 |
| 256-bfloat16 | cpu    |      0.2 |         0.5 |  0% |      40% |      80 |    1 |       |     12 |             0 |

## Step

| case  | device | limit ms | measured ms |  ± | of limit | GFLOP/s | GB/s | images/s |
| ----- | ------ | -------: | ----------: | -: | -------: | ------: | ---: | -------: |
| lenet | cpu    |      0.8 |           2 | 0% |      40% |      20 |    4 |      200 |
`

func TestRender(t *testing.T) {
	r := newResults()
	require.NoError(t, r.parse(strings.NewReader(output)))
	m := machine{
		Processor: r.processor, System: "linux/amd64", Go: "go1.26", Date: "2000-01-02", Command: "go run ./bench/report",
		Cores: 2, Passes: 2, Took: 3 * time.Second,
		Devices: []chainrule.Description{{Name: "cpu", Detail: "2 threads"}, {Name: "cuda:0", Missing: "no GPU"}},
	}
	var got strings.Builder
	require.NoError(t, render(&got, m, r))
	require.Equal(t, want, withoutLegend(got.String()))
}

// withoutLegend cuts the paragraph that explains the columns.
func withoutLegend(page string) string {
	before, rest, _ := strings.Cut(page, "\nTimes are medians")
	_, after, _ := strings.Cut(rest, "\n\n")
	return before + "\n" + after
}

func TestLimitIsUnknownWithoutProbes(t *testing.T) {
	r := newResults()
	require.NoError(t, r.parse(strings.NewReader("BenchmarkMatMul/256/cuda:0 9 5 ns/op 40 GFLOP/s\n")))
	k := key{"MatMul", "256", "cuda:0"}
	require.Equal(t, []key{k}, r.keys)
	require.Empty(t, r.share(k))
}

func TestParseRefuses(t *testing.T) {
	for _, line := range []string{
		"BenchmarkMatMul-2 9 5 ns/op",
		"BenchmarkMatMul/256/cpu/extra-2 9 5 ns/op",
		"BenchmarkMatMul/256/cpu-2 9 five ns/op",
		"BenchmarkMatMul/256/cpu-2 9 5 ns/op 7",
	} {
		require.Error(t, newResults().parse(strings.NewReader(line)), line)
	}
}

func TestPatterns(t *testing.T) {
	require.Equal(t, []string{everything}, patterns(everything))
	require.Equal(t, []string{probes, "MatMul"}, patterns("MatMul"))
}
