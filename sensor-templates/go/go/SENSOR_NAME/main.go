// PACK_NAME.SENSOR_NAME: reads its configuration as JSON from stdin; each line that it prints is one JSON object.
package main

import (
	"encoding/json"
	"log"
	"os"
	"syscall"
	"time"
)

type input struct {
	Config struct {
		Path    string  `json:"path"`
		Limit   uint64  `json:"limit"`
		Seconds float64 `json:"seconds"`
	} `json:"config"`
}

func used(path string) uint64 {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(path, &disk); err != nil {
		log.Fatal(err) // what is logged is the sensor's log; when it ends, it is started again
	}
	return 100 * (disk.Blocks - disk.Bfree) / disk.Blocks
}

func main() {
	var given input
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		log.Fatal(err)
	}
	lines := json.NewEncoder(os.Stdout)
	for ; ; time.Sleep(time.Duration(given.Config.Seconds * float64(time.Second))) {
		line := map[string]any{"heartbeat": true}
		if full := used(given.Config.Path); full >= given.Config.Limit {
			line = map[string]any{"trigger": "PACK_NAME.SENSOR_NAME", "data": map[string]any{"path": given.Config.Path, "used": full}}
		}
		if err := lines.Encode(line); err != nil {
			log.Fatal(err)
		}
	}
}
