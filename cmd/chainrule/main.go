// Command chainrule trains image classifiers and uses them:
//
//	chainrule train                              LeNet on the digits that come with it
//	chainrule train --data DIR --model resnet20  a residual network on folders of pictures
//	chainrule eval --weights FILE
//	chainrule predict --weights FILE photo.jpg
//
// It exits with 1 after a failure, with 2 after a mistake on the command line,
// and with 130 after Ctrl-C.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"example.org/chainrule"
	"example.org/chainrule/data/datasets"
)

// cli is the grammar of the command line.
type cli struct {
	Train   trainCmd   `cmd:"" help:"Train a classifier; without flags: LeNet on 6,000 handwritten digits that come with the program."`
	Eval    evalCmd    `cmd:"" help:"Measure saved weights on a test set."`
	Predict predictCmd `cmd:"" help:"Classify images with saved weights."`
	Devices devicesCmd `cmd:"" help:"List what this machine can compute on."`
	Version versionCmd `cmd:"" help:"Print the version."`

	ShowVersion kong.VersionFlag `name:"version" hidden:"" help:"Print the version."`
}

// Exit codes.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells report Ctrl-C
)

// An environment is what a command may touch.
type environment struct {
	ctx      context.Context // cancelled by Ctrl-C
	out, err io.Writer
	terminal bool // whether err is one
}

// A usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usagef returns a usageError.
func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	env := &environment{ctx: ctx, out: os.Stdout, err: os.Stderr, terminal: term.IsTerminal(int(os.Stderr.Fd()))}
	os.Exit(run(env, os.Args[1:]))
}

// run executes a command line and returns the exit code.
func run(env *environment, args []string) int {
	out := &latchingWriter{Writer: env.out}
	env.out = out
	code := execute(env, args)
	if code == 0 && out.err != nil {
		return env.report(fmt.Errorf("standard output: %w", out.err))
	}
	return code
}

func execute(env *environment, args []string) int {
	answered := false // --help or --version was
	parser, err := kong.New(&cli{}, kong.Name("chainrule"), kong.Writers(env.out, env.err),
		kong.Description("Neural networks in Go: train, measure, predict."),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 100}),
		kong.Vars{"version": version},
		kong.Exit(func(int) { answered = true }))
	if err != nil {
		panic(fmt.Sprintf("chainrule: the command line's grammar: %v", err))
	}
	command, err := parser.Parse(arguments(args))
	switch {
	case answered:
		return 0
	case err != nil:
		text := strings.ReplaceAll(err.Error(), `got "EOL" (<EOL>)`, "got nothing") // kong's way of saying so
		return env.report(usagef("%s (chainrule --help lists commands and flags)", text))
	}
	return env.report(command.Run(env))
}

// arguments are args as kong takes them: no word at all, and help before others,
// are --help, and what follows a flag is its value where it is a negative number.
func arguments(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		args = append(args[1:len(args):len(args)], "--help")
	}
	var joined []string
	for i, arg := range args {
		_, err := strconv.ParseFloat(arg, 64)
		if err == nil && arg[0] == '-' && i > 0 && strings.HasPrefix(args[i-1], "--") && !strings.Contains(args[i-1], "=") {
			joined[len(joined)-1] += "=" + arg
		} else {
			joined = append(joined, arg)
		}
	}
	return joined
}

// report prints an error, on one line for each that is joined in it, and
// returns the exit code.
func (env *environment) report(err error) int {
	if err == nil {
		return 0
	}
	text := strings.ReplaceAll(err.Error(), context.Canceled.Error(), "interrupted")
	for line := range strings.Lines(text) {
		fmt.Fprintln(env.err, "chainrule:", strings.TrimPrefix(strings.TrimSpace(line), "chainrule: "))
	}
	switch {
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case isUsage(err):
		return exitUsage
	}
	return exitFailure
}

func isUsage(err error) bool {
	var usage usageError
	var device *chainrule.UnknownDeviceError
	var set *datasets.UnknownError
	return errors.As(err, &usage) || errors.As(err, &device) || errors.As(err, &set)
}

// A latchingWriter keeps the first error and swallows what comes after it, so
// that a full disk behind a redirection needs no check at every line.
type latchingWriter struct {
	io.Writer
	err error
}

func (w *latchingWriter) Write(p []byte) (int, error) {
	if w.err == nil {
		_, w.err = w.Writer.Write(p)
	}
	return len(p), nil
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

const version = "chainrule " + chainrule.Version

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(env *environment) error {
	fmt.Fprintln(env.out, version)
	return nil
}
