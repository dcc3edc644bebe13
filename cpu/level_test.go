package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLevels(t *testing.T) {
	ls := Levels()
	require.Equal(t, LevelGo, ls[0])
	for i, l := range ls {
		k, err := kernelsFor(l)
		require.NoError(t, err)
		require.Equal(t, l, k.level)
		require.True(t, i == 0 || ls[i-1] < l, "slowest first")
	}
}

func TestLevelCap(t *testing.T) {
	ls := Levels()
	for name, want := range map[string]Level{"": min(ls[len(ls)-1], preferredLevel()), "go": LevelGo, "GO": LevelGo, "neon": ls[len(ls)-1]} {
		t.Setenv(LevelVariable, name)
		k, err := kernelsFor(0)
		require.NoError(t, err)
		require.Equal(t, want, k.level, name)
	}
}

func TestLevelUnknown(t *testing.T) {
	_, err := kernelsFor(99)
	require.ErrorContains(t, err, "cannot run level Level(99)")
	t.Setenv(LevelVariable, "sse")
	_, err = New(Options{})
	require.ErrorContains(t, err, `CHAINRULE_CPU="sse": want one of [go avx2 avx512 avx512bf16 neon]`)
}
