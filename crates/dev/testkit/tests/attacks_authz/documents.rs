//! The documents of the court: what each service and each gateway lets happen,
//! and which hosts and paths lead where.

use std::net::TcpListener;

use testkit::Backend;

pub(crate) const GATEWAYS: [&str; 4] = ["edge", "bars", "lists", "ways"];

const RULES: &str = "---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: barred}
spec: {to: barred, allow: [{from: [web, edge]}], deny: [{from: [web, edge], http: /admin/**}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: listed}
spec: {to: listed, allow: [{from: [web, edge], http: /public/**}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: kept}
spec: {to: kept, allow: [{from: [web, edge], http: /public/**}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: free}
spec: {to: free, allow: [{from: [web, edge, bars, lists, ways]}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: closed}
spec: {to: closed, allow: [{from: boss}, {from: [web, edge, ways], http: GET /never}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: edge}
spec: {to: edge, allow: [{from: anonymous}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: ways}
spec: {to: ways, allow: [{from: anonymous}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: bars}
spec: {to: bars, allow: [{from: anonymous}], deny: [{from: anonymous, http: /admin/**}]}
---
apiVersion: postern.dev/v1
kind: Policy
metadata: {name: lists}
spec: {to: lists, allow: [{from: anonymous, http: /public/**}]}
";

const ROUTES: &str = "---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: by-host-barred}
spec:
  parentRefs: [{name: edge}]
  hostnames: [barred.test]
  rules: [{backendRefs: [{name: barred, port: 8080}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: by-host-listed}
spec:
  parentRefs: [{name: edge}]
  hostnames: [listed.test]
  rules: [{backendRefs: [{name: listed, port: 8080}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: by-host-kept, annotations: {postern.dev/escaped-slashes: keep}}
spec:
  parentRefs: [{name: edge}]
  hostnames: [kept.test]
  rules: [{backendRefs: [{name: kept, port: 8080}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: by-host-closed}
spec:
  parentRefs: [{name: edge}]
  hostnames: [closed.test, '*.wild.test']
  rules: [{backendRefs: [{name: closed, port: 8080}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: the-rest}
spec:
  parentRefs: [{name: edge}, {name: bars}, {name: lists}]
  rules: [{backendRefs: [{name: free, port: 8080}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: by-path}
spec:
  parentRefs: [{name: ways}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /admin}}]
    backendRefs: [{name: closed, port: 8080}]
  - backendRefs: [{name: free, port: 8080}]
";

/// All of it, for these apps.
pub(crate) fn documents(apps: &[(&'static str, Backend)]) -> String {
    let mut text = String::from(
        "apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {name: web}\nspec: {}\n---\n\
         apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {name: boss}\nspec: {}\n",
    );
    for (name, app) in apps {
        let port = app.address.port();
        let slashes = if *name == "kept" { "keep" } else { "refuse" };
        text += &format!(
            "---\napiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: {name}}}\n\
             spec: {{ports: [{{port: 8080, protocol: http, targetPort: {port}, \
             escapedSlashes: {slashes}}}]}}\n"
        );
    }
    // Held all at once, so that they differ: a gateway's document has to name
    // its port.
    let held: Vec<_> = GATEWAYS.iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    for (name, held) in GATEWAYS.iter().zip(&held) {
        let port = held.local_addr().unwrap().port();
        text += &format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n\
             metadata: {{name: {name}}}\nspec:\n  gatewayClassName: postern\n  listeners:\n  \
             - {{name: https, port: {port}, protocol: HTTPS, \
             tls: {{options: {{postern.dev/certificate: self-signed}}}}}}\n"
        );
    }
    text + RULES + ROUTES
}
