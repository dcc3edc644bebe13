//go:build cuda && (amd64 || arm64)

package dl

import (
	"testing"

	"example.org/chainrule/device/cuda/driver/pretend"
)

func TestPretendDriver(t *testing.T) { pretend.Test(t) }
