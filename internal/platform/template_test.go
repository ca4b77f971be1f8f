// SPDX-License-Identifier: Apache-2.0

package platform_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/platform"
)

// defaultTemplate is the default of the input source_template.
const defaultTemplate = "{source_tag}-{os}-{arch}{-variant}"

func TestTemplateTag(t *testing.T) {
	t.Parallel()
	tests := []struct{ template, sourceTag, platform, want string }{
		{defaultTemplate, "12be34", "linux/arm64/v8", "12be34-linux-arm64-v8"},
		{defaultTemplate, "12be34", "linux/arm64", "12be34-linux-arm64"},
		{defaultTemplate, "12be34", "linux/x86_64", "12be34-linux-amd64"},
		{defaultTemplate, "{os}", "linux/386", ""},
		{defaultTemplate, "", "linux/386", ""},
		{defaultTemplate, "acme/app", "linux/386", ""},
		{defaultTemplate, strings.Repeat("a", 118), "linux/386", strings.Repeat("a", 118) + "-linux-386"},
		{defaultTemplate, strings.Repeat("a", 119), "linux/386", ""},
		{"{arch}{variant}-{source_tag}", "1", "linux/arm/v7", "armv7-1"},
		{"{source_tag}_{os}_{arch}{-variant}{-os.version}", "1", "windows/amd64:10.0.17763.6054", "1_windows_amd64-10.0.17763.6054"},
		{"{source_tag}_{os}_{arch}{-variant}{-os.version}", "1", "linux/amd64", "1_linux_amd64"},
		{"nano-{os.version}.{source_tag}", "1", "windows/amd64:10.0.14393.2068", "nano-10.0.14393.2068.1"},
		{"{os.version}.{source_tag}", "1", "linux/amd64", ""},
		{"{variant}{source_tag}", "-", "linux/amd64", ""},
	}
	for _, tt := range tests {
		t.Run(tt.template+" "+tt.platform, func(t *testing.T) {
			t.Parallel()
			template, err := platform.ParseTemplate(tt.template)
			if err != nil {
				t.Fatal(err)
			}
			got, err := template.Tag(tt.sourceTag, parse(t, tt.platform))
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("Tag(%q, %s) = %q, %v, want %q", tt.sourceTag, tt.platform, got, err, tt.want)
			}
		})
	}
}

func TestParseTemplateErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"", "{source_tag} is missing"},
		{"{os}-{arch}", "{source_tag} is missing"},
		{"{source_tag}-{platform}", "unknown placeholder {platform}"},
		{"{source_tag}-{}", "unknown placeholder {}"},
		{"{source_tag}-{-os}", "unknown placeholder {-os}"},
		{"{source_tag}-{OS}", "unknown placeholder {OS}"},
		{"{source_tag}-{os", "beside placeholders it may have"},
		{"{{source_tag}}", "beside placeholders it may have"},
		{"app:{source_tag}-{os}", "beside placeholders it may have"},
		{"{source_tag}/{os}", "beside placeholders it may have"},
		{"{source_tag}\n", "beside placeholders it may have"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			if got, err := platform.ParseTemplate(tt.in); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ParseTemplate(%q) = %v, %v, want %q in the error", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestZeroTemplateNamesNoTag(t *testing.T) {
	t.Parallel()
	if got, err := (platform.Template{}).Tag("1", platform.Spec{OS: "linux", Arch: "amd64"}); err == nil {
		t.Errorf("Template{}.Tag = %q, want an error", got)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(defaultTemplate, "12be34", "linux/arm64/v8", "linux/arm64")
	f.Add(defaultTemplate, "1-linux", "linux/arm/v7", "linux/armhf")
	f.Add("{source_tag}{-os.version}", "1", "windows/amd64:10.0.1", "windows/amd64")
	f.Add("{source_tag}:{os", "", "linux/arm/v7.", "linux/arm/v7_")
	grammar := regexp.MustCompile(`\A[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\z`)
	byDefault, err := platform.ParseTemplate(defaultTemplate)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, sourceTag, p, q string) {
		a, errA := platform.Parse(p)
		b, errB := platform.Parse(q)
		if errA != nil || errB != nil {
			return
		}
		if template, err := platform.ParseTemplate(text); err == nil {
			if tag, err := template.Tag(sourceTag, a); err == nil && !grammar.MatchString(tag) {
				t.Errorf("%q names %s %q, which is no tag", text, a, tag)
			}
		}
		a.OSVersion, b.OSVersion = "", "" // which the default template does not mention
		tagA, errA := byDefault.Tag(sourceTag, a)
		tagB, errB := byDefault.Tag(sourceTag, b)
		if errA == nil && errB == nil && (tagA == tagB) != (a == b) {
			t.Errorf("%#v is named %q, %#v %q", a, tagA, b, tagB)
		}
	})
}
