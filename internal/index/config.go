// SPDX-License-Identifier: Apache-2.0

package index

import (
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Config is what polytag reads from an image's config: https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
type Config struct {
	Platform v1.Platform // as the config has it; zero for an artifact
	Labels   map[string]string
}

// ParseConfig reads the config of an OCI or a Docker image. Whatever else is in it may have any form.
func ParseConfig(raw []byte) (Config, error) {
	var file struct {
		OS           string   `json:"os"`
		Architecture string   `json:"architecture"`
		Variant      string   `json:"variant"`
		OSVersion    string   `json:"os.version"`
		OSFeatures   []string `json:"os.features"`
		Config       struct {
			Labels map[string]string `json:"Labels"`
		} `json:"config"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return Config{}, fmt.Errorf("parsing image config: %w", err)
	}
	return Config{
		Platform: v1.Platform{
			OS: file.OS, Architecture: file.Architecture, Variant: file.Variant,
			OSVersion: file.OSVersion, OSFeatures: file.OSFeatures,
		},
		Labels: file.Config.Labels,
	}, nil
}
