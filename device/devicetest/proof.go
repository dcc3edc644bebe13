package devicetest

import (
	"cmp"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.org/chainrule/device"

	"github.com/stretchr/testify/require"
)

// A Tally counts the cases in which a device was compared with the Reference.
type Tally struct {
	cases map[proven]int
	stems int // that ran
}

// A proven row is a kernel with the dtypes that it reads and writes.
type proven struct{ kernel, dtypes string }

func newTally() *Tally { return &Tally{cases: map[proven]int{}} }

// add counts a case, where there is anything to compare.
func (p *Tally) add(c check) {
	if slices.ContainsFunc(c.dst, func(d result) bool { return !d.unwanted }) {
		p.cases[proven{c.op, c.dtypes()}]++
	}
}

// dtypes names what c reads and writes: of several dtypes the one that comes first
// in weights, so that labels and statistics beside data do not count.
func (c check) dtypes() string {
	weights := []device.DType{device.BFloat16, device.Uint8, device.Float32, device.Int32}
	least := func(a, b device.DType) device.DType {
		return weights[min(slices.Index(weights, a), slices.Index(weights, b))]
	}
	from, to := device.Int32, device.Int32
	for _, d := range c.dst {
		if !d.unwanted {
			to = least(to, d.dtype)
		}
	}
	for _, x := range c.src {
		if x.v != nil {
			from = least(from, x.dtype)
		}
	}
	if !from.IsFloat() && c.dst[0].always || len(c.src) == 0 {
		from = c.dst[0].dtype // what is updated is read
	}
	if from == to {
		return to.String()
	}
	return from.String() + " to " + to.String()
}

// UpdateVariable is the environment variable that makes Hold rewrite its table.
const UpdateVariable = "CHAINRULE_UPDATE"

// Hold compares the tally with name's column of the table in a file, or where
// UpdateVariable is set writes that column. It does nothing where only a part of the
// suite was run.
func (p *Tally) Hold(t testing.TB, file, name string) {
	t.Helper()
	if t.Failed() || p.stems < len(stems()) {
		return
	}
	old, err := os.ReadFile(file)
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	table := parseProof(string(old))
	table[name] = p.cases
	page := table.String()
	if os.Getenv(UpdateVariable) != "" {
		require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
		return
	}
	require.Equal(t, string(old), page, "%s is not what this run counted: make proof writes it anew", file)
}

// A proof is the tallies of all devices.
type proof map[string]map[proven]int

// parseProof reads what String writes.
func parseProof(page string) proof {
	table := proof{}
	var devices []string
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(line, "|\n "), " | ")
		switch {
		case len(cells) < 3:
		case cells[0] == "kernel":
			devices = cells[3:]
		default:
			for i, name := range devices {
				if n, err := strconv.Atoi(cells[3+i]); err == nil && cells[0] != "" {
					table.add(name, proven{cells[0], cells[2]}, n)
				}
			}
		}
	}
	return table
}

func (p proof) add(name string, row proven, n int) {
	if p[name] == nil {
		p[name] = map[proven]int{}
	}
	p[name][row] = n
}

// String is the page.
func (p proof) String() string {
	var page strings.Builder
	page.WriteString(proofPreface)
	names := p.names()
	fmt.Fprintf(&page, "| kernel | pass | reads to writes | %s |\n|---|---|---|%s\n", strings.Join(names, " | "), strings.Repeat("---:|", len(names)))
	rows := p.rows()
	for _, row := range rows {
		fmt.Fprintf(&page, "| %s | %s | %s |%s\n", row.kernel, pass(row.kernel), row.dtypes, p.counts(names, row))
	}
	totals := make([]string, len(names))
	for i, name := range names {
		total := 0
		for _, n := range p[name] {
			total += n
		}
		totals[i] = fmt.Sprintf("%d on %s", total, name)
	}
	fmt.Fprintf(&page, "\n%d kernels; cases in all: %s.\n", len(kernels()), strings.Join(totals, ", "))
	return page.String()
}

const proofPreface = `# What the tests compare

Written by the tests (` + "`make proof`" + `), which fail where it is not what they counted. A number is that of the cases in which a kernel's results were held
to the float64 specification, element by element, within the bound of their rounding errors. Each case is also run in poisoned memory, recorded and
replayed twice, with no destination wanted, and in place where that is allowed: equal bits, canaries on both sides whole, sources as they were.

A column is a device: a feature level of the CPU, or a model of simulated GPU, which runs the PTX that ships: one with an A100's multiprocessors, one
with a single one, whose warps go in random order and whose work is put off for as long as streams allow. A level that a machine lacks is not compared
there: NEON runs in an emulator, in CI, and has no column yet; AMX runs on simulated tiles. Convolutions are those a backend picks: Winograd's algorithm where it serves.

`

// names lists the devices.
func (p proof) names() (names []string) {
	for name := range p {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// rows are those of any device, in the contract's order.
func (p proof) rows() []proven {
	seen := map[proven]bool{}
	for _, cases := range p {
		for row := range cases {
			seen[row] = true
		}
	}
	order := kernels()
	var rows []proven
	for row := range seen {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b proven) int {
		return cmp.Or(slices.Index(order, a.kernel)-slices.Index(order, b.kernel), -strings.Compare(a.dtypes, b.dtypes))
	})
	return rows
}

func (p proof) counts(names []string, row proven) string {
	var cells strings.Builder
	for _, name := range names {
		if n := p[name][row]; n > 0 {
			fmt.Fprintf(&cells, " %d |", n)
		} else {
			cells.WriteString(" - |")
		}
	}
	return cells.String()
}

// pass is when training calls a kernel.
func pass(kernel string) string {
	_, updates := reflect.TypeFor[device.Update]().MethodByName(kernel)
	switch {
	case updates:
		return "update"
	case strings.Contains(kernel, "Grad"):
		return "backward"
	}
	return "forward"
}

// kernels lists the methods of the contract's groups.
func kernels() (ops []string) {
	for _, group := range []reflect.Type{
		reflect.TypeFor[device.Elementwise](), reflect.TypeFor[device.Linear](), reflect.TypeFor[device.Rows](),
		reflect.TypeFor[device.Spatial](), reflect.TypeFor[device.Movement](), reflect.TypeFor[device.Update](),
	} {
		for m := range group.NumMethod() {
			ops = append(ops, group.Method(m).Name)
		}
	}
	return ops
}
