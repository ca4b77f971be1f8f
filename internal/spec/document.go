// SPDX-License-Identifier: Apache-2.0

package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/polytag/polytag/internal/pattern"
)

var lineGrammar = pattern.Lazy(`^line [1-9][0-9]*: `)

// document reads the one YAML document that raw holds.
func document(raw []byte) (*yaml.Node, error) {
	root, err := decode(raw)
	if err == nil {
		return root, nil
	}
	if !lineGrammar().MatchString(err.Error()) {
		err = fmt.Errorf("line %d: %w", firstLine(raw, err), err)
	}
	return nil, err
}

func decode(raw []byte) (*yaml.Node, error) {
	var first, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty")
	case err != nil:
		return nil, plain(err)
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, fmt.Errorf("line %d: a second document begins here: want one", second.Line)
	case !errors.Is(err, io.EOF):
		return nil, plain(err)
	}
	return first.Content[0], nil
}

// plain leaves the YAML package's name out of its message.
func plain(err error) error { return errors.New(strings.TrimPrefix(err.Error(), "yaml: ")) }

// firstLine finds the line of a fault for which the YAML package names none, such as a byte that is no UTF-8 or an anchor that
// is not there: the first line up to which the text has that same fault.
func firstLine(raw []byte, fault error) int {
	lines := bytes.SplitAfter(raw, []byte("\n"))
	i := sort.Search(len(lines), func(i int) bool {
		_, err := decode(bytes.Join(lines[:i+1], nil))
		return err != nil && err.Error() == fault.Error()
	})
	return min(i+1, len(lines))
}
