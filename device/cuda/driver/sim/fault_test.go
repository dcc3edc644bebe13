package sim_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver"
	"example.org/chainrule/device/cuda/driver/sim"
)

// A bench is a context with a module of testdata.
type bench struct {
	driver.Context
	t      testing.TB
	module driver.Module
}

func newBench(t testing.TB, o sim.Options, file string) *bench {
	text, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	return loadText(t, o, text)
}

func loadText(t testing.TB, o sim.Options, text []byte) *bench {
	c, err := sim.New(o).Open(0)
	require.NoError(t, err)
	m, err := c.Load(text)
	require.NoError(t, err)
	return &bench{c, t, m}
}

// words allocates n words of device memory and sets the first of them.
func (b *bench) words(n int, set ...uint32) driver.Ptr {
	p, err := b.Alloc(4 * n)
	require.NoError(b.t, err)
	if len(set) == 0 {
		return p
	}
	host, err := b.AllocHost(4 * len(set))
	require.NoError(b.t, err)
	for i, w := range set {
		binary.LittleEndian.PutUint32(host[4*i:], w)
	}
	require.NoError(b.t, b.Upload(p, host, 0))
	require.NoError(b.t, b.FreeHost(host))
	return p
}

// read is n words of device memory.
func (b *bench) read(p driver.Ptr, n int) []uint32 {
	host, err := b.AllocHost(4 * n)
	require.NoError(b.t, err)
	require.NoError(b.t, b.Download(host, p, 0))
	words := make([]uint32, n)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(host[4*i:])
	}
	require.NoError(b.t, b.FreeHost(host))
	return words
}

func (b *bench) launch(kernel string, grid, block int, params ...any) error {
	f, err := b.Kernel(b.module, kernel)
	require.NoError(b.t, err)
	var packed []byte
	for _, p := range params {
		packed, err = binary.Append(packed, binary.LittleEndian, p)
		require.NoError(b.t, err)
	}
	return b.Launch(f, driver.Config{Grid: [3]int{grid}, Block: [3]int{block}}, packed)
}

// floats are the bits of 1, 2, 3 ... n.
func floats(n int) []uint32 {
	w := make([]uint32, n)
	for i := range w {
		w[i] = math.Float32bits(float32(i + 1))
	}
	return w
}

// faultLines finds the lines of faults.cu that say "fault: NAME".
func faultLines(t testing.TB) map[string]int {
	text, err := os.ReadFile("testdata/faults.cu")
	require.NoError(t, err)
	lines := map[string]int{}
	for i, l := range strings.Split(string(text), "\n") {
		if _, name, ok := strings.Cut(l, "// fault: "); ok {
			lines[name] = i + 1
		}
	}
	return lines
}

const nobody = -1

// faults says what each broken kernel of faults.cu does wrong, and who.
var faults = []struct {
	kernel      string
	grid, block int
	kind        sim.FaultKind
	code        driver.Code
	at, thread  int // block and thread
	otherBlock  int
	other       int
}{
	{"bounds", 3, 64, sim.OutOfBounds, driver.IllegalAddress, 2, 0, nobody, nobody},
	{"wild", 1, 64, sim.Wild, driver.IllegalAddress, 0, 0, nobody, nobody},
	{"misaligned", 1, 64, sim.Misaligned, driver.MisalignedAddress, 0, 0, nobody, nobody},
	{"local_bounds", 1, 64, sim.OutOfBounds, driver.IllegalAddress, 0, 4, nobody, nobody},
	{"shared_bounds", 1, 64, sim.OutOfBounds, driver.IllegalAddress, 0, 63, nobody, nobody},
	{"unwritten", 1, 64, sim.Uninitialized, driver.LaunchFailed, 0, 0, nobody, nobody},
	{"shared_unwritten", 1, 64, sim.Uninitialized, driver.LaunchFailed, 0, 0, nobody, nobody},
	{"read_race", 1, 64, sim.SharedRace, driver.LaunchFailed, 0, 32, nobody, 5},
	{"write_race", 1, 64, sim.SharedRace, driver.LaunchFailed, 0, 32, nobody, 5},
	{"overwrite", 1, 64, sim.SharedRace, driver.LaunchFailed, 0, 48, nobody, 0},
	{"last_reader", 1, 64, sim.SharedRace, driver.LaunchFailed, 0, 63, nobody, 31},
	{"warp_race", 1, 32, sim.SharedRace, driver.LaunchFailed, 0, 0, nobody, 5},
	{"same_word", 1, 64, sim.SharedRace, driver.LaunchFailed, 0, 1, nobody, 0},
	{"halves", 1, 64, sim.SharedRace, driver.LaunchFailed, 0, 0, nobody, 1},
	{"split_barrier", 1, 64, sim.SplitBarrier, driver.LaunchFailed, 0, 0, nobody, 1},
	{"split_shuffle", 1, 64, sim.SplitWarp, driver.LaunchFailed, 0, 8, nobody, 0},
	{"early_read", 1, 64, sim.EarlyRead, driver.LaunchFailed, 0, 0, nobody, 37},
	{"early_reuse", 1, 64, sim.EarlyRead, driver.LaunchFailed, 0, 0, nobody, 37},
	{"early_issue", 1, 64, sim.SharedRace, driver.LaunchFailed, 0, 32, nobody, 0},
	{"early_fetch", 1, 64, sim.SharedRace, driver.LaunchFailed, 0, 32, nobody, 5},
	{"block_overwrite", 2, 64, sim.GlobalRace, driver.LaunchFailed, 1, 0, 0, 0},
	{"block_read", 2, 64, sim.GlobalRace, driver.LaunchFailed, 1, 0, 0, 3},
	{"block_write", 2, 64, sim.GlobalRace, driver.LaunchFailed, 1, 0, 0, 0},
	{"block_halves", 2, 64, sim.GlobalRace, driver.LaunchFailed, 1, 0, 0, 63},
	{"tally", 2, 64, sim.GlobalRace, driver.LaunchFailed, 1, 0, 0, 63},
	{"endless", 1, 64, sim.Endless, driver.LaunchTimeout, 0, 0, nobody, nobody},
}

// Each detector finds its kernel's bug: the kind, the source line, both threads.
func TestFaults(t *testing.T) {
	lines := faultLines(t)
	for _, want := range faults {
		t.Run(want.kernel, func(t *testing.T) {
			fault := runFault(t, want.kernel, want.grid, want.block)
			require.Equal(t, want.kind, fault.Kind, "%v", fault)
			require.Equal(t, want.kernel, fault.Kernel)
			require.Equal(t, [3]int{want.at}, fault.Block, "%v", fault)
			require.Equal(t, [3]int{want.thread}, fault.Thread, "%v", fault)
			requireAt(t, want.other, fault.Other, fault)
			requireAt(t, want.otherBlock, fault.OtherBlock, fault)
			require.Positive(t, fault.PTXLine)
			if want.kind != sim.Endless { // which may be told at any line of the loop
				require.Equal(t, fmt.Sprintf("faults.cu:%d", lines[want.kernel]), fault.Source, "%v", fault)
			}
			var e *driver.Error
			require.ErrorAs(t, fault, &e)
			require.Equal(t, want.code, e.Code)
		})
	}
	require.Len(t, lines, len(faults))
}

// requireAt asserts the index along x, or nobody.
func requireAt(t testing.TB, want int, got *[3]int, fault *sim.Fault) {
	t.Helper()
	if want == nobody {
		require.Nil(t, got, "%v", fault)
		return
	}
	require.NotNil(t, got, "%v", fault)
	require.Equal(t, [3]int{want}, *got, "%v", fault)
}

// The same kernels without their bug run, in several orders of the warps.
func TestNoFaults(t *testing.T) {
	for _, f := range faults {
		for seed := range uint64(4) {
			err := launchFault(t, f.kernel+"_clean", f.grid, f.block, sim.Options{Seed: seed, Budget: 20000})
			require.NoError(t, err, f.kernel)
		}
	}
}

// A race is found in any order of the warps.
func TestRacesInAnyOrder(t *testing.T) {
	for _, kernel := range []string{"read_race", "write_race", "overwrite", "same_word", "halves"} {
		for seed := range uint64(8) {
			err := launchFault(t, kernel, 1, 64, sim.Options{Seed: seed})
			var fault *sim.Fault
			require.ErrorAs(t, err, &fault, kernel)
			require.Equal(t, sim.SharedRace, fault.Kind)
		}
	}
}

func runFault(t testing.TB, kernel string, grid, block int) *sim.Fault {
	err := launchFault(t, kernel, grid, block, sim.Options{Budget: 20000})
	var fault *sim.Fault
	require.True(t, errors.As(err, &fault), "%v", err)
	return fault
}

// launchFault runs a kernel of faults.cu on x = 1, 2, 3 ... and y, which only
// tally finds written.
func launchFault(t testing.TB, kernel string, grid, block int, o sim.Options) error {
	b := newBench(t, o, "faults.ptx")
	x, y := b.words(128, floats(128)...), b.words(128)
	if strings.HasPrefix(kernel, "tally") {
		require.NoError(t, b.Fill(y, 0, 128, 0))
	}
	n := int32(64)
	if strings.HasPrefix(kernel, "bounds") {
		n = 128
	}
	err := b.launch(kernel, grid, block, y, x, n)
	if err != nil {
		_, again := b.Alloc(4)
		require.ErrorIs(t, again, err, "a fault stays until Close")
	}
	require.NoError(t, b.Free(x))
	require.NoError(t, b.Free(y))
	require.NoError(t, b.Unload(b.module))
	require.NoError(t, b.Close())
	return err
}

func TestUseAfterFree(t *testing.T) {
	b := newBench(t, sim.Options{}, "faults.ptx")
	x, y := b.words(64, floats(64)...), b.words(64)
	require.NoError(t, b.Free(x))
	b.words(64) // takes no freed address
	err := b.launch("unwritten_clean", 1, 64, y, x, int32(64))
	var fault *sim.Fault
	require.ErrorAs(t, err, &fault)
	require.Equal(t, sim.UseAfterFree, fault.Kind)
}

// Blocks of two launches do not race: the first has ended.
func TestLaunchesAreOrdered(t *testing.T) {
	b := newBench(t, sim.Options{}, "faults.ptx")
	x, y := b.words(128, floats(128)...), b.words(128)
	require.NoError(t, b.launch("block_overwrite_clean", 2, 64, y, x, int32(0)))
	require.NoError(t, b.launch("block_overwrite_clean", 2, 32, y+4*64, y, int32(0))) // other threads than before
	require.Equal(t, floats(128)[:64], b.read(y+4*64, 64))
}
