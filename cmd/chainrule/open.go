package main

import (
	"errors"
	"fmt"
	"runtime"

	"example.org/chainrule"
	"example.org/chainrule/data"
	"example.org/chainrule/data/datasets"
	"example.org/chainrule/data/folder"
	"example.org/chainrule/device"
)

// compute is the flags that say where to compute.
type compute struct {
	Device  string `default:"auto" help:"Device: auto, cpu, or cuda for an NVIDIA GPU (cuda:1 for the second); see chainrule devices."`
	Threads int    `default:"0" placeholder:"N" help:"Processor cores to use (default: all)."`
}

// openDevice opens the device; the caller closes it.
func (c *compute) openDevice() (device.Device, error) {
	if cores := runtime.GOMAXPROCS(0); c.Threads < 0 || c.Threads > cores {
		return nil, usagef("--threads %d: want 1 to %d, the cores here, or 0 for all", c.Threads, cores)
	}
	return chainrule.Open(c.Device, chainrule.Threads(c.Threads))
}

// place says where dev computes, and why not on a GPU that auto looked for.
func (c *compute) place(dev device.Device) string {
	text := chainrule.Describe(dev)
	if c.Device != "auto" || dev.Name() != "cpu" {
		return text
	}
	gpu, err := chainrule.Open("cuda")
	switch {
	case err == nil: // it has come up meanwhile
		gpu.Close()
	case !errors.Is(err, chainrule.ErrNoCUDA):
		text += "; no GPU: " + err.Error()
	}
	return text
}

// openImages reads a set of images and says on env.err which pictures were left out.
func (env *environment) openImages(name string, options folder.Options) (*data.Splits, error) {
	splits, err := datasets.Open(env.ctx, name, options)
	if err != nil {
		return nil, err
	}
	const most = 5
	n := len(splits.Skipped)
	for _, skipped := range splits.Skipped[:min(n, most)] {
		fmt.Fprintf(env.err, "left out: %v\n", skipped)
	}
	if n > most {
		fmt.Fprintf(env.err, "left out: %d more\n", n-most)
	}
	if n > 0 {
		fmt.Fprintf(env.err, "pictures left out: %d (--strict makes the first an error)\n", n)
	}
	return splits, nil
}
