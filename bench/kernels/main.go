// Command kernels runs the CUDA kernels once, on the simulator, and writes
// bench/KERNELS.md: what each asks of the hardware, beside the least time that
// GPUs would take. It needs no GPU, and gives the same figures on every machine.
//
//	go run ./bench/kernels                            // all: ten seconds
//	go run ./bench/kernels -run '^MatMul' -out -      // a part, to standard output
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"

	"example.org/chainrule/internal/atomicfile"
)

func main() {
	run := flag.String("run", "", "run the calls whose names match this `regexp`; all where it is empty")
	out := flag.String("out", "bench/KERNELS.md", "`file` to write; - is standard output")
	usage := flag.String("usage", "kernels/ptx/usage.txt", "`file` of registers and shared memory, as kernels/build writes it")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "kernels: takes no arguments, and %q is one\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := report(*run, *out, *usage); err != nil {
		fmt.Fprintln(os.Stderr, "kernels:", err)
		os.Exit(1)
	}
}

func report(run, out, usage string) error {
	wanted, err := regexp.Compile(run)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	takes, err := readUsage(usage)
	if err != nil {
		return err
	}
	var done []measured
	for _, c := range calls() {
		if wanted.MatchString(c.name) {
			m, err := measure(c)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			done = append(done, m)
		}
	}
	page := func(w io.Writer) error { return render(w, done, takes) }
	if out == "-" {
		return page(os.Stdout)
	}
	return atomicfile.Write(out, page)
}
