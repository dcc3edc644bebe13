//go:build !linux && !amxsim

package cpu

// hasAMX reports that tiles are not used: only Linux's way to ask for them is known
// here.
func hasAMX() bool { return false }
