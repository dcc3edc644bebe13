package main

import "testing"

func TestControlC(t *testing.T) {
	t.Skip("Windows cannot send Ctrl-C to one process: TestTrainInterrupted has the rest")
}
