// Prints what gguf-parser-go reads from GGUF files: one JSON line each.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	parser "github.com/gpustack/gguf-parser-go"
)

type answer struct {
	File       string `json:"file"`
	Parameters uint64 `json:"parameters,omitempty"`
	Bytes      uint64 `json:"bytes,omitempty"`
	Refused    string `json:"refused,omitempty"`
}

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, path := range os.Args[1:] {
		said := answer{File: path}
		file, err := parser.ParseGGUFFile(path, parser.SkipLargeMetadata())
		if err != nil {
			said.Refused = err.Error()
		} else {
			metadata := file.Metadata()
			said.Parameters = uint64(metadata.Parameters)
			said.Bytes = uint64(metadata.Size)
		}
		if err := out.Encode(said); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
