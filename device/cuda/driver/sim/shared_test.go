package sim

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"example.org/chainrule/device/cuda/driver"
)

// When the clock of shared memory is full it starts anew: races are still
// found, and none is made up.
func TestClockWraps(t *testing.T) {
	text, err := os.ReadFile("testdata/faults.ptx")
	require.NoError(t, err)
	for before := range uint32(6) {
		for _, k := range []struct {
			name  string
			races bool
		}{{"read_race", true}, {"read_race_clean", false}, {"warp_race_clean", false}, {"write_race_clean", false}} {
			opened, err := New(Options{}).Open(0)
			require.NoError(t, err)
			c := opened.(*context)
			m, err := c.Load(text)
			require.NoError(t, err)
			f, err := c.Kernel(m, k.name)
			require.NoError(t, err)
			x, err := c.Alloc(4 * 64)
			require.NoError(t, err)
			require.NoError(t, c.Fill(x, 0, 64, 0))
			c.machine.shared.clock = maxInterval - before
			params := binary.LittleEndian.AppendUint64(nil, uint64(x))
			params = binary.LittleEndian.AppendUint64(params, uint64(x))
			params = binary.LittleEndian.AppendUint32(params, 64)
			for range 2 {
				err = c.Launch(f, driver.Config{Block: [3]int{64}}, params)
				require.Equal(t, k.races, err != nil, "%s, %d before the end: %v", k.name, before, err)
			}
		}
	}
}
