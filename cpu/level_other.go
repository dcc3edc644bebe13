//go:build !amd64 && !arm64

package cpu

// machineKernels lists what this processor can run.
func machineKernels() []*kernels { return []*kernels{&goKernels} }

// architectureLevels lists what some processor of this architecture can run.
func architectureLevels() []Level { return []Level{LevelGo} }

// preferredLevel is the only one.
func preferredLevel() Level { return LevelGo }
