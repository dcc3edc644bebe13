// Command chainrule trains image classifiers and uses them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/alecthomas/kong"

	"example.org/chainrule"
	"example.org/chainrule/data"
	"example.org/chainrule/data/datasets"
	"example.org/chainrule/nn"
)

// cli is the grammar of the command line.
type cli struct {
	Train   trainCmd   `cmd:"" help:"Train a classifier; without flags: LeNet on 6,000 handwritten digits that come with the program."`
	Eval    evalCmd    `cmd:"" help:"Measure saved weights on a test set."`
	Predict predictCmd `cmd:"" help:"Classify images with saved weights."`
	Devices devicesCmd `cmd:"" help:"List what this machine can compute on."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// Exit codes.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells report Ctrl-C
)

// An environment is what a command may touch.
type environment struct {
	ctx      context.Context
	out, err io.Writer
	terminal bool // whether err is one
}

// A usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	env := &environment{ctx: ctx, out: os.Stdout, err: os.Stderr, terminal: isTerminal(os.Stderr)}
	os.Exit(run(env, os.Args[1:]))
}

// run executes a command line and returns the exit code.
func run(env *environment, args []string) int {
	exited := -1
	parser, err := kong.New(&cli{}, kong.Name("chainrule"), kong.Writers(env.out, env.err),
		kong.Description("Neural networks in Go: train, measure, predict."),
		kong.Exit(func(code int) { exited = code }), kong.UsageOnError())
	if err != nil {
		panic(err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	switch {
	case exited >= 0: // --help was answered
		return exited
	case err != nil:
		fmt.Fprintf(env.err, "chainrule: %v (chainrule --help lists commands and flags)\n", err)
		return exitUsage
	}
	return env.report(command.Run(env))
}

// report prints an error on one line and returns its exit code.
func (env *environment) report(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	message := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
	if !strings.HasPrefix(message, "chainrule:") {
		message = "chainrule: " + message
	}
	fmt.Fprintln(env.err, message)
	if isUsage(err) {
		return exitUsage
	}
	return exitFailure
}

func isUsage(err error) bool {
	var usage usageError
	var device *chainrule.UnknownDeviceError
	var set *datasets.UnknownError
	var model *nn.UnknownError
	var batch *data.BatchSizeError
	return errors.As(err, &usage) || errors.As(err, &device) || errors.As(err, &set) || errors.As(err, &model) || errors.As(err, &batch)
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type devicesCmd struct{}

// Run lists the devices.
func (devicesCmd) Run(env *environment) error {
	devices, err := chainrule.Devices()
	if err != nil {
		return err
	}
	for _, d := range devices {
		if d.Missing != "" {
			d.Detail = "not available: " + d.Missing
		}
		fmt.Fprintf(env.out, "%-6s %s\n", d.Name, d.Detail)
	}
	return nil
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(env *environment) error {
	_, err := fmt.Fprintln(env.out, "chainrule", chainrule.Version)
	return err
}
