package monitor_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/manager/monitor"
)

// A program serves the Handler on a loopback address: http.ListenAndServe("127.0.0.1:9090", monitor.Handler(server)).
func ExampleHandler() {
	server, err := manager.NewServer(manager.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	web := httptest.NewServer(monitor.Handler(server))
	defer web.Close()

	answer, err := http.Get(web.URL + "/healthz")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	fmt.Print(answer.StatusCode, " ", string(text))
	// Output:
	// 503 not serving: there is no listener
}
