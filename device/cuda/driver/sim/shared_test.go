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

// TestSharedOfAKernel: of the module's shared variables a kernel takes those that it
// names, as ptxas has it, and dynamic shared memory begins after them.
func TestSharedOfAKernel(t *testing.T) {
	const text = `.version 8.4
.target sm_80
.address_size 64
.shared .align 16 .b8 one[1024];
.shared .align 16 .b8 two[40000];
.extern .shared .align 16 .b8 asked[];
.visible .entry takes_one()
{
	.reg .b32 %r<3>;
	mov.u32 %r1, one;
	st.shared.u32 [%r1], 7;
	mov.u32 %r2, asked;
	st.shared.u32 [%r2+12], 7;
	ret;
}
.visible .entry takes_two()
{
	.reg .b32 %r<2>;
	mov.u32 %r1, two;
	st.shared.u32 [%r1+39996], 7;
	ret;
}
`
	c, err := New(Options{}).Open(0)
	require.NoError(t, err)
	m, err := c.Load([]byte(text))
	require.NoError(t, err)
	for name, want := range map[string]int{"takes_one": 1024, "takes_two": 40000} {
		f, err := c.Kernel(m, name)
		require.NoError(t, err)
		a, err := c.Attributes(f)
		require.NoError(t, err)
		require.Equal(t, want, a.StaticShared, name)
		require.NoError(t, c.Launch(f, driver.Config{Shared: 16}, nil), name)
	}
	f, err := c.Kernel(m, "takes_one")
	require.NoError(t, err)
	require.ErrorContains(t, c.Launch(f, driver.Config{Shared: 12}, nil), "takes_one", "a word beyond what was asked for")
}
