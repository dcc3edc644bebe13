package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/template"
	"time"
	"unicode/utf8"

	"example.org/chainrule"
)

// peers are those who stand in the place of a device in a benchmark's name.
var peers = []string{"gonum", "gorgonia"}

// A machine is what the figures belong to.
type machine struct {
	Processor, System, Go, Date, Command string
	Cores                                int
	Devices                              []chainrule.Description
	Passes                               int
	Part                                 bool // not all benchmarks ran
	Took                                 time.Duration
}

func describe(o options, started time.Time, processor string) (machine, error) {
	devices, err := chainrule.Devices()
	return machine{
		Processor: processor, Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Go: runtime.Version(), Date: started.Format(time.DateOnly),
		Command: fmt.Sprintf("go run ./bench/report -run %q -count %d -time %v", o.run, o.count, o.time),
		Devices: devices, Passes: o.count, Part: o.run != everything, Took: time.Since(started).Round(time.Second),
	}, err
}

var page = template.Must(template.New("").Parse(`# Measured

{{if .Part}}**A part of the benchmarks only.** {{end}}Written by ` + "`{{.Command}}`" + ` in {{.Took}}, on {{.Date}}.

- Processor: {{.Processor}}, {{.Cores}} cores, {{.System}}
- {{.Go}}
{{- range .Devices}}{{if not .Missing}}
- Device {{.Name}}: {{.Detail}}{{end}}{{end}}

Times are medians of {{.Passes}}; ± is half of the range; the limits of the machine are the best of all runs. **Limit** is the least time that the machine needs: operations over
peak or bytes over bandwidth, whichever is larger, with the peaks of the first table. BFloat16 has a peak of its own where the device has instructions for it.
Operations are those of the formula, with padding counted; bytes are those of every operand, read or written once from memory, so that
operands that stay in a cache can beat the limit. Under gonum (blas32) and gorgonia (gorgonia.org/tensor) is how many times as long they take for
the same in the same run. Allocs are allocations of Go memory in each run; device allocs are blocks of device memory taken from the system; peak MB is the most that a process held.
[COMPARE.md](COMPARE.md) has the same beside PyTorch, where bench/compare.sh has written it.
`))

// render writes the page: the machine, its limits, a table for each operation.
func render(w io.Writer, m machine, r *results) error {
	if err := page.Execute(w, m); err != nil {
		return err
	}
	if err := section(w, "Limits of the machine", limitColumns(r), r.of(limits...)); err != nil {
		return err
	}
	for _, op := range r.ops() {
		if err := section(w, op, columns(r), r.of(op)); err != nil {
			return err
		}
	}
	return nil
}

// ops are the operations measured, without the probes.
func (r *results) ops() (ops []string) {
	for _, k := range r.keys {
		if !slices.Contains(limits, k.op) && !slices.Contains(ops, k.op) {
			ops = append(ops, k.op)
		}
	}
	return ops
}

// of are the benchmarks of operations on our devices.
func (r *results) of(ops ...string) (keys []key) {
	for _, k := range r.keys {
		if slices.Contains(ops, k.op) && !slices.Contains(peers, k.device) {
			keys = append(keys, k)
		}
	}
	return keys
}

// A column makes a cell of each benchmark; an empty one says nothing.
type column struct {
	title string
	cell  func(k key) string
}

func limitColumns(r *results) []column {
	best := func(unit string) func(key) string {
		return func(k key) string {
			return number(slices.Max(append(r.samples[k][unit], 0)), len(r.samples[k][unit]) > 0)
		}
	}
	return []column{
		{"probe", func(k key) string { return k.op + ", " + k.name }},
		{"device", func(k key) string { return k.device }},
		{"best GFLOP/s", best(unitFLOPs)},
		{"best GB/s", best(unitBytes)},
	}
}

func columns(r *results) []column {
	median := func(unit string) func(key) string {
		return func(k key) string { return number(r.median(k, unit)) }
	}
	list := []column{
		{"case", func(k key) string { return k.name }},
		{"device", func(k key) string { return k.device }},
		{"limit ms", func(k key) string { return milliseconds(r.predicted(k)) }},
		{"measured ms", func(k key) string { return milliseconds(r.median(k, unitTime)) }},
		{"±", func(k key) string { return percent(r.spread(k)) }},
		{"of limit", r.share},
		{unitFLOPs, median(unitFLOPs)},
		{unitBytes, median(unitBytes)},
		{unitImages, median(unitImages)},
		{"peak MB", median(unitPeakMemory)},
	}
	for _, peer := range peers {
		list = append(list, column{peer, func(k key) string { return times(r.times(k, peer)) }})
	}
	return append(list, column{"allocs", median(unitAllocs)}, column{"device allocs", median(unitDeviceAllocs)})
}

// share is how near to its limit a benchmark comes.
func (r *results) share(k key) string {
	limit, ok := r.predicted(k)
	if !ok {
		return ""
	}
	took, _ := r.median(k, unitTime)
	return percent(limit / took)
}

// section writes a heading and a table without the columns that say nothing.
func section(w io.Writer, title string, list []column, keys []key) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n", title)
	cells := make([][]string, len(keys)+2)
	for _, c := range list {
		addColumn(cells, c, keys)
	}
	for _, row := range cells {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// addColumn adds a column to the rows of a table, of one width, unless it is
// empty. Figures stand to the right.
func addColumn(rows [][]string, c column, keys []key) {
	texts := make([]string, len(keys))
	width := utf8.RuneCountInString(c.title)
	for i, k := range keys {
		texts[i] = c.cell(k)
		width = max(width, utf8.RuneCountInString(texts[i]))
	}
	if strings.Join(texts, "") == "" {
		return
	}
	pad, rule := "%*s", strings.Repeat("-", width-1)+":"
	if len(rows[0]) < 2 {
		pad, rule = "%-*s", strings.Repeat("-", width)
	}
	rows[0] = append(rows[0], fmt.Sprintf(pad, width, c.title))
	rows[1] = append(rows[1], rule)
	for i, text := range texts {
		rows[i+2] = append(rows[i+2], fmt.Sprintf(pad, width, text))
	}
}

// number has three digits, or all before the point; nothing where not ok.
func number(v float64, ok bool) string {
	if !ok {
		return ""
	}
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func milliseconds(ns float64, ok bool) string { return number(ns/1e6, ok) }

func percent(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }

func times(v float64, ok bool) string {
	if !ok {
		return ""
	}
	return number(v, ok) + "x"
}
