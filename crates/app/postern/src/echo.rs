//! `postern echo`: a test service that answers with what it saw and can call
//! onward, so that a mesh can be tried without writing a program.
//!
//! It deliberately knows nothing of Postern but its header and variables.

mod answer;
mod onward;
mod pool;
mod resolve;
mod server;
mod target;
mod tcp;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::output;
use target::Call;

/// What `postern echo` was asked to be.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  postern echo --http 8080
  postern echo --name web --http 18080 --call http://orders:8080
  postern echo --name ledger --tcp 17000

A call without a path follows the path of the incoming request; `--call \"POST URL\"` fixes
the method. Names are found by the variables a door gives (ORDERS_ADDR), else by http_proxy.")]
pub(crate) struct EchoArgs {
    /// What it calls itself in its answers
    #[arg(long, env = "POSTERN_SERVICE", default_value = "echo")]
    name: String,
    /// Serve HTTP/1.1 on this port of 127.0.0.1, or on this address; repeatable
    #[arg(long, value_name = "PORT|ADDR", value_parser = parse_listen, required_unless_present = "tcp")]
    http: Vec<SocketAddr>,
    /// Serve TCP: greet first, then echo line by line; repeatable
    #[arg(long, value_name = "PORT|ADDR", value_parser = parse_listen)]
    tcp: Vec<SocketAddr>,
    /// Call `[METHOD ]http://NAME:PORT[/PATH]` or `tcp://NAME:PORT` for each request; repeatable
    #[arg(long, value_name = "[METHOD ]URL")]
    call: Vec<Call>,
    /// Wait so long before answering, for example 200ms
    #[arg(long, value_name = "TIME", value_parser = crate::span::parse, default_value = "0s")]
    delay: Duration,
}

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    text.parse().map_err(|_| "write a port, or an address such as 127.0.0.1:8080".to_owned())
}

/// Serves until SIGTERM or Ctrl-C.
pub(crate) async fn echo(args: EchoArgs) -> Result<(), Failure> {
    let (http, tcp) = (args.http.clone(), args.tcp.clone());
    let service = Arc::new(server::Service::new(args.name, args.call, args.delay));
    let mut serving = JoinSet::new();
    for address in http {
        let listener = bind(address).await?;
        serving.spawn(server::serve(listener, Arc::clone(&service)));
    }
    for address in tcp {
        let listener = bind(address).await?;
        serving.spawn(tcp::serve(listener, service.name().to_owned()));
    }
    crate::signal::ended().await?;
    serving.abort_all();
    Ok(())
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("can't listen on {address}"))?;
    let address = listener.local_addr().context("the listener has no address")?;
    output::note(&format!("echo: listening on {address}"));
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_means_loopback() {
        assert_eq!(parse_listen("80"), Ok("127.0.0.1:80".parse().unwrap()));
        assert_eq!(parse_listen("[::1]:80"), Ok("[::1]:80".parse().unwrap()));
        assert!(parse_listen("localhost").is_err());
        assert!(parse_listen("70000").is_err());
    }
}
