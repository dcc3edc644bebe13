package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"example.org/chainrule/device/cuda/driver/sim"
)

const preface = "# Kernels, counted\n\n" +
	"Written by `go run ./bench/kernels`, which runs each call once on the simulator. Nothing here was timed and no GPU was used: the figures are\n" +
	"counts, the same on every machine, and the times are the **least** that a data sheet allows, not what a GPU took.\n\n" +
	`- Elementwise calls and updates: %d elements. MatMul: m x n x k as named. Convolutions: 16 images of 16x16x64, 64 filters of 3x3. Batch normalisation and
  pooling (2x2): the same images. Softmax and cross-entropy: %dx%d.
- A row is a kernel; a call that launches several has its own figures in its first row.
- **Registers** of a thread, **spilled** and **shared** bytes: ptxas for sm_80 (kernels/ptx/usage.txt), with what the launch asks for. **Occupancy**: the share of a multiprocessor's warps that this allows, A100 and H100.
- **Instructions** are those of warps, in thousands; **by class** in percent of them. **Lanes**: share of lanes that took part.
- **Sectors**: of 32 bytes, for each request of a warp, loads and stores; a full warp needs 4 for float32, 2 for bfloat16, and 16 where each lane moves 16 bytes.
- **Needed**: MB of every operand, once (twice where updated in place). **Moved**: MB of the sectors asked of the caches.
- **Conflicts**: passes over shared memory beyond the least. **mma**: thousands, one of m16n8k16 is 2048 multiply-adds.
- **Least time** by the roofline, and whether memory (m) or arithmetic (a) bounds it:
`

var columns = []string{
	"call", "kernel", "grid x block", "registers", "spilled", "shared", "occupancy", "instructions", "by class", "lanes",
	"sectors", "needed", "moved", "conflicts", "mma", "A100 µs", "H100 µs",
}

// render writes the page.
func render(w io.Writer, calls []measured, takes map[target]usage) error {
	var b strings.Builder
	fmt.Fprintf(&b, preface, elements, rows, classes)
	for _, g := range gpus {
		fmt.Fprintf(&b, "  %s: %.0f GB/s, %.1f TFLOP/s in float32, %.0f by the tensor cores for bfloat16.\n", g.name, g.bandwidth/1e9, g.float/1e12, g.tensor/1e12)
	}
	fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, m := range calls {
		for i, l := range m.launches {
			cells, err := row(m, l, takes, i == 0)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// row is a kernel's cells; the first row has the call's too.
func row(m measured, l sim.Launch, takes map[target]usage, first bool) ([]string, error) {
	var used []usage
	var occupancies []string
	for _, g := range gpus {
		u, ok := takes[target{l.Kernel, g.arch}]
		if !ok {
			return nil, fmt.Errorf("no registers are known of kernel %s on %s: run make ptx", l.Kernel, g.arch)
		}
		u.shared += l.Config.Shared
		used = append(used, u)
		occupancies = append(occupancies, fmt.Sprintf("%.0f%%", 100*g.occupancy(volume(l.Config.Block), u)))
	}
	name, needed, least := "", "", []string{"", ""}
	if first {
		name, needed = m.name, megabytes(traffic(m.call))
		for i, g := range gpus {
			least[i] = microseconds(g.least(m.call))
		}
	}
	u := used[0]
	return append([]string{
		name, l.Kernel, fmt.Sprintf("%d x %d", volume(l.Config.Grid), volume(l.Config.Block)),
		fmt.Sprint(u.registers), fmt.Sprint(u.spilled), fmt.Sprint(u.shared), strings.Join(occupancies, " "),
		thousands(l.Issued()), byClass(&l.Counters), fmt.Sprintf("%.0f%%", 100*l.ActiveLanes()),
		perRequest(l.GlobalLoads) + " " + perRequest(l.GlobalStores),
		needed, megabytes(int64(32 * (l.GlobalLoads.Sectors + l.GlobalStores.Sectors))),
		fmt.Sprint(l.SharedLoads.Conflicts + l.SharedStores.Conflicts), thousands(l.MMA),
	}, least...), nil
}

// volume is how many threads or blocks there are; zero means 1.
func volume(size [3]int) int { return max(size[0], 1) * max(size[1], 1) * max(size[2], 1) }

// byClass lists the classes of a hundredth and more, the largest first.
func byClass(c *sim.Counters) string {
	var present []sim.Class
	for class, n := range c.Instructions {
		if 100*n >= c.Issued() && n > 0 {
			present = append(present, sim.Class(class))
		}
	}
	slices.SortStableFunc(present, func(a, b sim.Class) int { return int(c.Instructions[b]) - int(c.Instructions[a]) })
	var text []string
	for _, class := range present {
		text = append(text, fmt.Sprintf("%v %d", class, (100*c.Instructions[class]+c.Issued()/2)/c.Issued()))
	}
	return strings.Join(text, ", ")
}

func perRequest(t sim.GlobalTraffic) string {
	if t.Requests == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(t.Sectors)/float64(t.Requests))
}

func megabytes(n int64) string { return fmt.Sprintf("%.2f", float64(n)/1e6) }

func thousands(n uint64) string { return fmt.Sprintf("%.1f", float64(n)/1e3) }

func microseconds(t time.Duration, byMemory bool) string {
	bound := "a"
	if byMemory {
		bound = "m"
	}
	return fmt.Sprintf("%.2f %s", t.Seconds()*1e6, bound)
}
