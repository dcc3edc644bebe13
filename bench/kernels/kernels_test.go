package main

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.org/chainrule/device"
	"example.org/chainrule/device/cuda"
	"example.org/chainrule/device/cuda/driver/sim"

	"github.com/stretchr/testify/require"
)

// TestOccupancy expects what NVIDIA's calculator says.
func TestOccupancy(t *testing.T) {
	a100, h100 := gpus[0], gpus[1]
	for _, c := range []struct {
		gpu     gpu
		threads int
		takes   usage
		want    float64
	}{
		{a100, 256, usage{registers: 32}, 1},
		{a100, 32, usage{registers: 32}, 0.5},                      // 32 blocks at most
		{a100, 256, usage{registers: 33}, 0.75},                    // registers come by 8 for a thread
		{a100, 256, usage{registers: 64}, 0.5},                     // 1024 threads of 64
		{a100, 128, usage{registers: 255}, 0.125},                  // 256 threads of 256
		{a100, 1024, usage{registers: 65}, 0},                      // too many for one block
		{a100, 256, usage{registers: 32, shared: 48 << 10}, 0.375}, // 3 blocks of 49 KiB in 164
		{h100, 256, usage{registers: 32, shared: 48 << 10}, 0.5},   // 4 of them in 228
	} {
		require.InDelta(t, c.want, c.gpu.occupancy(c.threads, c.takes), 0, "%s: %d threads, %+v", c.gpu.name, c.threads, c.takes)
	}
}

// TestLeast expects the longer one of the times for bytes and operations.
func TestLeast(t *testing.T) {
	d, err := cuda.Open(sim.New(sim.Options{}), 0, cuda.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	wide, err := d.Alloc(device.Float32, 64)
	require.NoError(t, err)
	narrow, err := d.Alloc(device.BFloat16, 64)
	require.NoError(t, err)
	for _, c := range []struct {
		call     device.Call
		want     time.Duration
		byMemory bool
	}{
		{device.Call{Src: [8]device.Buffer{wide}, Bytes: 1555e6}, time.Millisecond, true},
		{device.Call{Src: [8]device.Buffer{wide}, Bytes: 1555, FLOPs: 195e8}, time.Millisecond, false},
		{device.Call{Src: [8]device.Buffer{narrow}, FLOPs: 312e9}, time.Millisecond, false},
	} {
		got, byMemory := gpus[0].least(c.call)
		require.InDelta(t, c.want, got, 1)
		require.Equal(t, c.byMemory, byMemory)
	}
}

// TestPageIsNew counts everything: KERNELS.md is what the kernels of today do.
func TestPageIsNew(t *testing.T) {
	require.Equal(t, read(t, "../KERNELS.md"), reported(t, ""), "go run ./bench/kernels writes it anew")
}

func TestPartOfThePage(t *testing.T) {
	page := reported(t, "^Softmax float32$")
	require.Contains(t, page, "| Softmax float32 | softmax_f32 |")
	require.NotContains(t, page, "bfloat16 |")
}

// reported is the page on the calls that match.
func reported(t *testing.T, run string) string {
	out := filepath.Join(t.TempDir(), "KERNELS.md")
	require.NoError(t, report(run, out, "../../kernels/ptx/usage.txt"))
	return read(t, out)
}

func read(t *testing.T, path string) string {
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(page)
}

func TestReportRefuses(t *testing.T) {
	require.ErrorContains(t, report("(", "-", ""), "-run: ")
	require.ErrorContains(t, report("", "-", "none.txt"), "none.txt")
	path := filepath.Join(t.TempDir(), "usage.txt")
	require.NoError(t, os.WriteFile(path, []byte("k sm_80 26 registers 0 bytes shared 0 bytes spilled\nk sm_90 many\n"), 0o600))
	require.ErrorContains(t, report("", "-", path), `line 2 is not one of kernels/build: "k sm_90 many"`)
	require.ErrorContains(t, render(nil, []measured{{launches: []sim.Launch{{Kernel: "new"}}}}, nil), "no registers are known of kernel new on sm_80")
}

// TestUpdatesCountTwice: what is updated in place is read and written.
func TestUpdatesCountTwice(t *testing.T) {
	for _, c := range updateCalls() {
		if c.name == "AdamW" {
			m, err := measure(c)
			require.NoError(t, err)
			require.InEpsilon(t, 7*4*float64(elements), float64(traffic(m.call)), 0.01)
			require.Less(t, math.Abs(1-moved(m)/float64(traffic(m.call))), 0.1, "bytes moved for bytes needed")
		}
	}
}

func moved(m measured) (bytes float64) {
	for _, l := range m.launches {
		bytes += 32 * float64(l.GlobalLoads.Sectors+l.GlobalStores.Sectors)
	}
	return bytes
}
