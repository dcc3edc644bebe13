package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The units of a benchmark's line that the report knows by name.
const (
	unitTime         = "ns/op"
	unitFLOPs        = "GFLOP/s"
	unitBytes        = "GB/s"
	unitImages       = "images/s"
	unitAllocs       = "allocs/op"
	unitDeviceAllocs = "device-allocs/op"
	unitPeakMemory   = "peak-MB"
	unitShare        = "%peak" // of what a GPU's properties allow
)

// The benchmarks that find a device's limits.
const (
	opPeak         = "Peak"
	opPeakBFloat16 = "PeakBFloat16"
	opBandwidth    = "Bandwidth"
)

// limits lists them.
var limits = []string{opPeak, opPeakBFloat16, opBandwidth}

// A key names a benchmark: Benchmark<op>/<name>/<device>.
type key struct{ op, name, device string }

// results are the samples of every benchmark, in the order they ran.
type results struct {
	processor string
	keys      []key
	samples   map[key]map[string][]float64 // by unit
}

func newResults() *results { return &results{samples: map[key]map[string][]float64{}} }

// parse adds the output of go test -bench.
func (r *results) parse(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "cpu: "); ok {
			r.processor = name
		}
		if err := r.parseLine(lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

var benchmarkName = regexp.MustCompile(`^Benchmark(\w+)/([^/]+)/([^/]+?)(?:-\d+)?$`)

// parseLine adds a line "name iterations value unit value unit ..."; others
// are passed over.
func (r *results) parseLine(line string) error {
	fields := strings.Fields(line)
	if len(fields) < 4 || !strings.HasPrefix(line, "Benchmark") {
		return nil
	}
	name := benchmarkName.FindStringSubmatch(fields[0])
	if name == nil {
		return fmt.Errorf("benchmark %s: want a name such as BenchmarkMatMul/1024/cpu", fields[0])
	}
	k := key{name[1], name[2], name[3]}
	for pair := range slices.Chunk(fields[2:], 2) {
		value, err := strconv.ParseFloat(pair[0], 64)
		if err != nil || len(pair) < 2 {
			return fmt.Errorf("benchmark line %q: want a number and a unit after the iterations, again and again", line)
		}
		r.add(k, pair[1], value)
	}
	return nil
}

func (r *results) add(k key, unit string, value float64) {
	if r.samples[k] == nil {
		r.keys = append(r.keys, k)
		r.samples[k] = map[string][]float64{}
	}
	r.samples[k][unit] = append(r.samples[k][unit], value)
}

// median is the middle sample, and whether there is any.
func (r *results) median(k key, unit string) (float64, bool) {
	s := slices.Sorted(slices.Values(r.samples[k][unit]))
	if len(s) == 0 {
		return 0, false
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2, true
}

// best is the largest sample of a unit over the benchmarks of an operation on
// a device; 0 where there is none.
func (r *results) best(op, device, unit string) (best float64) {
	for _, k := range r.keys {
		if k.op == op && k.device == device {
			best = max(best, slices.Max(append(r.samples[k][unit], 0)))
		}
	}
	return best
}

// predicted is the least time, in ns, that the operations and the bytes of a
// benchmark take on its device: whichever is larger. It is not known where a
// limit is not, nor where nothing was counted.
func (r *results) predicted(k key) (float64, bool) {
	peak, bandwidth := r.peak(k), r.best(opBandwidth, k.device, unitBytes)
	took, ok := r.median(k, unitTime)
	if share, known := r.median(k, unitShare); known && ok {
		return took * share / 100, true
	}
	if peak == 0 || bandwidth == 0 || !ok {
		return 0, false
	}
	flops, _ := r.median(k, unitFLOPs)
	moved, _ := r.median(k, unitBytes)
	if flops == 0 && moved == 0 {
		return 0, false
	}
	return took * max(flops/peak, moved/bandwidth), true
}

// peak is the most operations of a benchmark's data type on its device: those
// of Float32 too where BFloat16 has no instructions of its own.
func (r *results) peak(k key) float64 {
	if strings.HasSuffix(k.name, "-bfloat16") {
		if best := r.best(opPeakBFloat16, k.device, unitFLOPs); best > 0 {
			return best
		}
	}
	return r.best(opPeak, k.device, unitFLOPs)
}

// times is how many times as long a peer takes as the device does.
func (r *results) times(k key, peer string) (float64, bool) {
	ours, ok := r.median(k, unitTime)
	theirs, found := r.median(key{k.op, k.name, peer}, unitTime)
	return theirs / ours, ok && found
}

// spread is half the range of the times, as a share of their median.
func (r *results) spread(k key) float64 {
	s := r.samples[k][unitTime]
	median, ok := r.median(k, unitTime)
	if !ok {
		return 0
	}
	return (slices.Max(s) - slices.Min(s)) / 2 / median
}
