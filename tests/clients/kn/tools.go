//go:build tools

// Package tools names what is built here: the real kn, against which the tests in tests/tests/kn.rs compare ebb.
//
//	go build -o kn knative.dev/client/cmd/kn
//
// $EBB_KN tells the tests where it is.
package tools

import _ "knative.dev/client/cmd/kn"
