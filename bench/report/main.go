// Command report runs the benchmarks and writes bench/RESULTS.md: what was
// measured, beside what the machine could do at most, and beside others.
//
//	go run ./bench/report                              // all: some three minutes
//	go run ./bench/report -run MatMul/1024 -out -      // a part, to standard output
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"example.org/chainrule/internal/atomicfile"
)

const (
	benchmarks = "example.org/chainrule/bench"
	probes     = "^Benchmark(" + opPeak + "|" + opPeakBFloat16 + "|" + opBandwidth + ")$"
	everything = "."
)

type options struct {
	run   string        // which benchmarks, as go test -bench takes it
	count int           // passes; the report has medians over them
	time  time.Duration // of each benchmark in a pass
	out   string        // file to write, - for standard output
}

func main() {
	var o options
	flag.StringVar(&o.run, "run", everything, "run the benchmarks that match this `regexp` (as go test -bench)")
	flag.IntVar(&o.count, "count", 3, "passes over the benchmarks; the report has medians over `n` passes")
	flag.DurationVar(&o.time, "time", 200*time.Millisecond, "how long each benchmark runs in a pass")
	flag.StringVar(&o.out, "out", "bench/RESULTS.md", "`file` to write; - is standard output")
	flag.Parse()
	if flag.NArg() > 0 || o.count < 1 || o.time <= 0 {
		fmt.Fprintln(flag.CommandLine.Output(), "report: takes no arguments, and -count and -time above 0")
		flag.Usage()
		os.Exit(2)
	}
	if err := report(o); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// report measures and writes. Passes over all benchmarks follow each other, so
// that what disturbs the machine for a while disturbs one sample of each.
func report(o options) error {
	started := time.Now()
	r := newResults()
	for range o.count {
		for _, pattern := range patterns(o.run) {
			if err := measure(r, pattern, o.time); err != nil {
				return err
			}
		}
	}
	m, err := describe(o, started, r.processor)
	if err != nil {
		return err
	}
	return write(o.out, func(w io.Writer) error { return render(w, m, r) })
}

// patterns are what go test is asked for: a part needs the machine's limits too.
func patterns(run string) []string {
	if run == everything {
		return []string{everything}
	}
	return []string{probes, run}
}

// measure runs the benchmarks of a pattern, shows their lines on standard
// error, and adds them to r.
func measure(r *results, pattern string, each time.Duration) error {
	var out bytes.Buffer
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", pattern, "-benchtime", each.String(), "-timeout", "0", benchmarks)
	cmd.Stdout = io.MultiWriter(&out, os.Stderr)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go test -bench %s: %w (its output is above)", pattern, err)
	}
	return r.parse(&out)
}

func write(path string, render func(io.Writer) error) error {
	if path == "-" {
		return render(os.Stdout)
	}
	return atomicfile.Write(path, render)
}
