package mnist

import (
	"crypto/sha256"
	"testing"

	"example.org/chainrule/data"
	"example.org/chainrule/data/internal/realdata"

	"github.com/stretchr/testify/require"
)

func TestSample(t *testing.T) {
	train, test := Sample()
	require.NoError(t, train.Check())
	require.NoError(t, test.Check())
	require.Equal(t, 6000, train.Len())
	require.Equal(t, 1000, test.Len())
	for _, part := range []*data.Dataset{train, test} {
		require.Equal(t, [3]int{28, 28, 1}, [3]int{part.Height, part.Width, part.Channels})
		require.Equal(t, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, part.Classes)
	}
}

// The counts are a tenth of MNIST's (5923, 6742, ...; 980, 1135, ...), rounded.
func TestSampleIsStratified(t *testing.T) {
	train, test := Sample()
	require.Equal(t, []int{592, 674, 596, 613, 584, 542, 592, 627, 585, 595}, train.ClassCounts())
	require.Equal(t, []int{98, 114, 103, 101, 98, 89, 96, 103, 97, 101}, test.ClassCounts())
}

func TestSampleIsDisjoint(t *testing.T) {
	train, test := Sample()
	seen := map[[32]byte]bool{}
	for i := range train.Len() {
		seen[sha256.Sum256(train.Image(i))] = true
	}
	require.Len(t, seen, train.Len(), "no image twice")
	for i := range test.Len() {
		require.False(t, seen[sha256.Sum256(test.Image(i))], "test image %d is trained on", i)
	}
}

// As torchvision's users know them: 0.1307 and 0.3081 over the whole set.
func TestSampleStats(t *testing.T) {
	train, _ := Sample()
	mean, std := train.ChannelStats()
	require.InDelta(t, 0.1307, mean[0], 0.002)
	require.InDelta(t, 0.3081, std[0], 0.002)
}

func TestIsFull(t *testing.T) {
	train, test := Sample()
	require.False(t, IsFull(train))
	require.False(t, IsFull(test))
	full, _, err := Folder(realdata.Path(t, "mnist"))
	require.NoError(t, err)
	require.True(t, IsFull(full))
}
