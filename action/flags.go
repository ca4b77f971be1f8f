// SPDX-License-Identifier: Apache-2.0

package action

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/polytag/polytag/internal/version"
)

// maxPassword bounds what is read from standard input.
const maxPassword = 64 << 10

// flags reads the inputs that are given as flags, by name.
func (c *Command) flags(args []string) (map[string]string, error) {
	set := flag.NewFlagSet("polytag", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	given := map[string]string{}
	for _, in := range Inputs() {
		if in.Flag() == "" {
			continue
		}
		store := func(text string) error {
			if given[in.Name] != "" && (in.Kind == List || in.Kind == Lines) {
				text = given[in.Name] + "\n" + text
			}
			given[in.Name] = text
			return nil
		}
		if in.Kind == Boolean {
			set.BoolFunc(in.Flag(), in.Help, store)
		} else {
			set.Func(in.Flag(), in.Help, store)
		}
	}
	fromStdin := set.Bool("password-stdin", false, "read the password from standard input")
	if err := set.Parse(attach(args)); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, errors.Join(flag.ErrHelp, c.help(c.Stdout))
		}
		return nil, fmt.Errorf("%w: %s", errUsage, flagError(err))
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("%w: unexpected argument %s; inputs are flags, as --images acme/app", errUsage, quote(set.Arg(0)))
	}
	if *fromStdin {
		raw, err := io.ReadAll(io.LimitReader(c.Stdin, maxPassword))
		if err != nil || strings.TrimSpace(string(raw)) == "" {
			return nil, &InputError{Name: "password", Err: errors.New("--password-stdin found nothing on standard input")}
		}
		given["password"] = string(raw)
	}
	return given, nil
}

// attach joins a flag for true or false with the value behind it, if there is
// one: --dry-run and --dry-run true are both understood.
func attach(args []string) []string {
	booleans := map[string]bool{}
	for _, in := range Inputs() {
		booleans["-"+in.Flag()] = in.Kind == Boolean
	}
	var out []string
	for _, arg := range args {
		last := len(out) - 1
		if last >= 0 && booleans[strings.Replace(out[last], "--", "-", 1)] && !strings.HasPrefix(arg, "-") {
			out[last] += "=" + arg
			continue
		}
		out = append(out, arg)
	}
	return out
}

// flagError names the flag that package flag did not accept, and the way out
// for secrets, which are no flags.
func flagError(err error) string {
	text := err.Error()
	for _, in := range Inputs() {
		if in.Secret && strings.HasSuffix(text, "-"+strings.ReplaceAll(in.Name, "_", "-")) {
			return fmt.Sprintf("%s is not given as a flag, which every process list would show: set POLYTAG_%s", in.Name, strings.ToUpper(in.Name))
		}
	}
	return text + "; polytag -help lists them"
}

// help prints the usage of the program.
func (c *Command) help(w io.Writer) error {
	var b strings.Builder
	b.WriteString(usage)
	for _, in := range Inputs() {
		head := "  --" + in.Flag()
		if in.Secret {
			head = "  POLYTAG_" + strings.ToUpper(in.Name)
		}
		fmt.Fprintf(&b, "%s  (%s)\n", head, in.Kind)
		fmt.Fprintf(&b, "        %s", in.Help)
		if in.Default != "" {
			fmt.Fprintf(&b, " Default: %s", strings.ReplaceAll(in.Default, "\n", " "))
		}
		b.WriteString("\n")
	}
	b.WriteString("  --password-stdin\n        Read the password from standard input.\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing help: %w", err)
	}
	return nil
}

const usage = `polytag publishes a multi-architecture image under its release tags: 1, 1.2, 1.2.3, latest.

Usage:
  polytag [release] [flags]   release (the default)
  polytag plan [flags]        print what a release would do; write nothing
  polytag inspect REF         show an image or index, and its signatures; --json, --raw
  polytag inspect A B         compare two; --json
  polytag demo                a whole release against an embedded registry on loopback
  polytag version

Exit status: 0 done, 1 not every tag was published, 2 wrong inputs, 3 published but not finished, 130 interrupted.
Of inspect A B: 0 the same digest, 1 they differ, 2 wrong arguments, 3 one could not be read.

REF, A and B are references, as ghcr.io/acme/app:1.2.3, or OCI layouts, as oci:DIR[:TAG] (a folder or a tar).

Every input is a flag, or a variable INPUT_NAME, PLUGIN_NAME or POLYTAG_NAME; the flag wins.

`

// printVersion prints which polytag this is.
func (c *Command) printVersion(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: version takes no argument", errUsage)
	}
	if _, err := fmt.Fprintf(c.Stdout, "polytag %s\n", version.String(c.Version)); err != nil {
		return fmt.Errorf("writing the version: %w", err)
	}
	return nil
}
