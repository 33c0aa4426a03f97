// PACK_NAME.ACTION_NAME: reads its input as JSON from stdin and writes its result to the file that ATTUNE_RESULT names.
package main

import (
	"encoding/json"
	"log"
	"os"
)

type input struct {
	Name string `json:"name"`
}

type result struct {
	Greeting string `json:"greeting"`
}

func run(given input) result {
	log.Print("greeting ", given.Name) // what is printed is the action's log
	return result{Greeting: "hello " + given.Name}
}

func main() {
	log.SetFlags(0)
	var given input
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		log.Fatal(err)
	}
	written, err := json.Marshal(run(given))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("ATTUNE_RESULT"), written, 0o600); err != nil {
		log.Fatal(err)
	}
}
