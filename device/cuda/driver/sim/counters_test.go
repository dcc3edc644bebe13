package sim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver/sim"
)

// launched runs a kernel of traffic.cu on one warp and returns its counters.
func launched(t testing.TB, kernel string) sim.Launch {
	var got []sim.Launch
	b := newBench(t, sim.Options{OnLaunch: func(l sim.Launch) { got = append(got, l) }}, "traffic.ptx")
	x, y := b.words(1024, floats(1024)...), b.words(1024)
	require.NoError(t, b.launch(kernel, 1, 32, y, x))
	require.Len(t, got, 1)
	require.Equal(t, kernel, got[0].Kernel)
	return got[0]
}

// Sectors and bytes follow from the addresses alone.
func TestGlobalTraffic(t *testing.T) {
	for _, c := range []struct {
		kernel string
		loads  sim.GlobalTraffic
		stores sim.GlobalTraffic
	}{
		{"coalesced", sim.GlobalTraffic{Requests: 1, Sectors: 4, Needed: 128}, sim.GlobalTraffic{Requests: 1, Sectors: 4, Needed: 128}},
		{"strided", sim.GlobalTraffic{Requests: 1, Sectors: 32, Needed: 128}, sim.GlobalTraffic{Requests: 1, Sectors: 4, Needed: 128}},
		{"broadcast", sim.GlobalTraffic{Requests: 1, Sectors: 1, Needed: 4}, sim.GlobalTraffic{Requests: 1, Sectors: 4, Needed: 128}},
		{"offset", sim.GlobalTraffic{Requests: 1, Sectors: 5, Needed: 128}, sim.GlobalTraffic{Requests: 1, Sectors: 4, Needed: 128}},
		{"sliding", sim.GlobalTraffic{Requests: 8, Sectors: 4 + 7*5, Needed: 8 * 128}, sim.GlobalTraffic{Requests: 1, Sectors: 4, Needed: 128}},
		{"vectors", sim.GlobalTraffic{Requests: 1, Sectors: 16, Needed: 512}, sim.GlobalTraffic{Requests: 1, Sectors: 16, Needed: 512}},
		{"tail", sim.GlobalTraffic{Requests: 1, Sectors: 2, Needed: 40}, sim.GlobalTraffic{Requests: 1, Sectors: 2, Needed: 40}},
	} {
		l := launched(t, c.kernel)
		require.Equal(t, c.loads, l.GlobalLoads, c.kernel)
		require.Equal(t, c.stores, l.GlobalStores, c.kernel)
	}
	l := launched(t, "strided")
	require.Equal(t, 0.125, l.GlobalLoads.Efficiency())
}

// A column of a tile of 32 by 32 words is in one bank; padding spreads it.
func TestBankConflicts(t *testing.T) {
	l := launched(t, "conflicts")
	require.Equal(t, sim.SharedTraffic{Requests: 32, Waves: 32}, l.SharedStores)
	require.Equal(t, sim.SharedTraffic{Requests: 32, Waves: 32 * 32, Conflicts: 32 * 31}, l.SharedLoads)
	require.Equal(t, uint64(1), l.Barriers)
	l = launched(t, "padded")
	require.Equal(t, sim.SharedTraffic{Requests: 32, Waves: 32}, l.SharedLoads)
}

// cp.async is a request to each of the two memories.
func TestAsyncTraffic(t *testing.T) {
	l := launched(t, "fetched")
	require.Equal(t, sim.GlobalTraffic{Requests: 1, Sectors: 16, Needed: 512}, l.GlobalLoads)
	require.Equal(t, sim.SharedTraffic{Requests: 1, Waves: 4}, l.SharedStores)
	require.Equal(t, sim.SharedTraffic{Requests: 1, Waves: 4}, l.SharedLoads)
}

// Instructions are counted by warp, lanes by thread.
func TestInstructions(t *testing.T) {
	l := launched(t, "coalesced")
	require.Equal(t, uint64(2), l.Instructions[sim.Global])
	require.Equal(t, uint64(64), l.Lanes[sim.Global])
	require.Equal(t, 1.0, l.ActiveLanes())
	require.Equal(t, uint64(1), l.Blocks)
	require.Equal(t, uint64(1), l.Warps)
	require.Zero(t, l.Instructions[sim.Float])

	l = launched(t, "tail")
	require.Equal(t, uint64(20), l.Lanes[sim.Global])
	require.Less(t, l.ActiveLanes(), 1.0)

	// Lanes that leave a loop early wait for the others behind it.
	l = launched(t, "stairs")
	require.Equal(t, uint64(31), l.GlobalLoads.Requests)
	require.Equal(t, uint64(1), l.GlobalStores.Requests)
	require.Equal(t, uint64(31*32/2+32), l.Lanes[sim.Global])

	require.Equal(t, launched(t, "halves"), launched(t, "halves"))
}
