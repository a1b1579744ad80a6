// A peer nobody here wrote the heart of: go-spiffe gets this process its
// identity from the Workload API, follows its rotation, and calls a door
// directly over mutual TLS, with no door of its own. One JSON object per line
// on standard output tells what happened; an error ends it with exit code 1.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// settings are what the command line says.
type settings struct {
	address   string
	name      string
	expected  string
	rotations int
	within    time.Duration
}

func main() {
	var s settings
	flag.StringVar(&s.address, "address", "", "the door, HOST:PORT")
	flag.StringVar(&s.name, "name", "", "the server name to send")
	flag.StringVar(&s.expected, "expect", "", "the SPIFFE ID the door has to prove")
	flag.IntVar(&s.rotations, "rotations", 1, "how many renewals to see")
	flag.DurationVar(&s.within, "within", time.Minute, "the time for all of it")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(s settings) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.within)
	defer cancel()
	source, err := workloadapi.NewX509Source(ctx)
	if err != nil {
		return fmt.Errorf("no identity: %w", err)
	}
	defer source.Close()
	if err := fetched(source); err != nil {
		return err
	}
	if err := calls(ctx, source, s); err != nil {
		return err
	}
	if err := rotates(ctx, source, s.rotations); err != nil {
		return err
	}
	// The calls of after the rotation show the new certificate.
	return calls(ctx, source, s)
}

// fetched tells the identity, and that the bundle of its trust domain is there.
func fetched(source *workloadapi.X509Source) error {
	svid, err := source.GetX509SVID()
	if err != nil {
		return err
	}
	bundle, err := source.GetX509BundleForTrustDomain(svid.ID.TrustDomain())
	if err != nil {
		return err
	}
	leaf := svid.Certificates[0]
	tell(map[string]any{
		"event":       "fetched",
		"id":          svid.ID.String(),
		"serial":      leaf.SerialNumber.Text(16),
		"chain":       len(svid.Certificates),
		"authorities": len(bundle.X509Authorities()),
		"life":        leaf.NotAfter.Sub(leaf.NotBefore).Seconds(),
	})
	return nil
}

// rotates waits for so many new serial numbers.
func rotates(ctx context.Context, source *workloadapi.X509Source, wanted int) error {
	seen := ""
	for rotations := -1; rotations < wanted; {
		updated := source.Updated()
		svid, err := source.GetX509SVID()
		if err != nil {
			return err
		}
		if serial := svid.Certificates[0].SerialNumber.Text(16); serial != seen {
			seen = serial
			rotations++
			if rotations > 0 {
				tell(map[string]any{"event": "rotated", "serial": serial})
			}
			continue
		}
		select {
		case <-updated:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d rotations: %w", rotations, wanted, ctx.Err())
		}
	}
	return nil
}

// calls makes one call that a rule allows and one that none does.
func calls(ctx context.Context, source *workloadapi.X509Source, s settings) error {
	expected, err := spiffeid.FromString(s.expected)
	if err != nil {
		return err
	}
	config := tlsconfig.MTLSClientConfig(source, source, tlsconfig.AuthorizeID(expected))
	config.ServerName = s.name
	config.NextProtos = []string{"http/1.1"}
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	client := &http.Client{Transport: transport}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if err := call(ctx, client, method, "https://"+s.address+"/v1/orders/7"); err != nil {
			return err
		}
	}
	return nil
}

func call(ctx context.Context, client *http.Client, method, url string) error {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return err
	}
	request.Host = "orders:8080"
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	tell(map[string]any{
		"event":    "called",
		"method":   method,
		"status":   response.StatusCode,
		"decision": response.Header.Get("postern-decision"),
		"body":     string(body),
		"version":  tls.VersionName(response.TLS.Version),
		"curve":    response.TLS.CurveID.String(),
	})
	return nil
}

func tell(line map[string]any) {
	_ = json.NewEncoder(os.Stdout).Encode(line)
}
