// Go's own server: notes each request as net/http made it out, reads the body
// and says `ok`.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	seen, err := os.OpenFile(os.Getenv("GRID_LOG"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		log.Fatal(err)
	}
	serve := func(answer http.ResponseWriter, request *http.Request) {
		fmt.Fprintf(seen, "%s %s\n", request.Method, request.RequestURI)
		io.Copy(io.Discard, request.Body)
		io.WriteString(answer, "ok")
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(serve)))
}
