// SPDX-License-Identifier: Apache-2.0

package release

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/polytag/polytag/internal/platform"
)

// Problem says in words what is wrong with a set of platforms.
type Problem string

// What can be wrong.
const (
	ProblemTwice   Problem = "two images of one platform"
	ProblemMissing Problem = "missing; there are"
	ProblemSeveral Problem = "more than one image matches it"
	ProblemTooMany Problem = "not among the platforms expected"
)

// PlatformError means that the images of a release are not the set of
// platforms that they have to be.
type PlatformError struct {
	Problem  Problem
	Platform platform.Spec
	// Images name reference, platform and digest of each image concerned.
	Images []string
}

func (e *PlatformError) Error() string {
	text := fmt.Sprintf("checking platforms: %s: %s", e.Platform, e.Problem)
	if len(e.Images) > 0 {
		text += ": " + strings.Join(e.Images, ", ")
	}
	return text
}

// found is one image of a release with the words that name it.
type found struct {
	platform platform.Spec
	text     string
}

// checkPlatforms proves that no two images are for one platform, and that the
// images are exactly the expected set, if one is expected. All problems are
// joined.
func checkPlatforms(sources []Source, expected []platform.Spec) error {
	var images []found
	for _, s := range sources {
		for _, i := range s.Images {
			images = append(images, found{i.Platform(), describe(s.SourceRef, i.Platform(), i.Descriptor.Digest)})
		}
	}
	errs := duplicates(images)
	if len(expected) == 0 {
		return errors.Join(errs...)
	}
	for _, want := range expected {
		var matches []string
		for _, i := range images {
			if i.platform.Matches(want) {
				matches = append(matches, i.text)
			}
		}
		switch {
		case len(matches) == 0:
			errs = append(errs, &PlatformError{Problem: ProblemMissing, Platform: want, Images: texts(images)})
		case len(matches) > 1 && len(errs) == 0:
			errs = append(errs, &PlatformError{Problem: ProblemSeveral, Platform: want, Images: matches})
		}
	}
	for _, i := range images {
		if !matchesAny(i.platform, expected) {
			errs = append(errs, &PlatformError{Problem: ProblemTooMany, Platform: i.platform, Images: []string{i.text}})
		}
	}
	return errors.Join(errs...)
}

// isSet reports whether the images are exactly the expected set.
func isSet(sources []Source, expected []platform.Spec) bool {
	return checkPlatforms(sources, expected) == nil
}

// duplicates finds images of one platform.
func duplicates(images []found) []error {
	var errs []error
	first := map[platform.Spec]found{}
	for _, i := range images {
		key := i.platform.Key()
		if before, ok := first[key]; ok {
			errs = append(errs, &PlatformError{Problem: ProblemTwice, Platform: i.platform, Images: []string{before.text, i.text}})
			continue
		}
		first[key] = i
	}
	return errs
}

func matchesAny(p platform.Spec, expected []platform.Spec) bool {
	return slices.ContainsFunc(expected, p.Matches)
}

func texts(images []found) []string {
	out := make([]string, 0, len(images))
	for _, i := range images {
		out = append(out, i.text)
	}
	return out
}
