//! Being attached to the running mesh: a process gets an identity for as long
//! as its lease is renewed, and attaches again by itself after the mesh was
//! away or was started anew.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::admin::{Admin, AdminError, escape};
use crate::answer::{Attached, cell, read};

const RENEW_TIME: Duration = Duration::from_secs(2);
const RETRY_TIME: Duration = Duration::from_millis(300);

/// Who asks to be attached as what.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// The service port, when the documents do not say it.
    pub(crate) port: Option<u16>,
    pub(crate) protocol: &'static str,
    pub(crate) target_port: Option<u16>,
    /// The process that gets the identity, with its descendants.
    pub(crate) pid: u32,
}

/// What the operator may want to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The mesh does not answer; what is held goes on.
    Away,
    /// Attached again.
    Back,
    /// The mesh says no, in its words; tried again.
    Refused(String),
}

/// Attaches once.
///
/// # Errors
/// When the mesh is away or refuses.
pub(crate) async fn attach(admin: &Admin, request: &Request) -> anyhow::Result<Attached> {
    let body = json!({
        "name": request.name,
        "namespace": request.namespace,
        "port": request.port,
        "protocol": request.protocol,
        "targetPort": request.target_port,
        "pid": request.pid,
    });
    let answer = admin.post("/v1/attach", &body).await?;
    read(&answer)
}

/// A lease kept up in the background; ends when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    task: JoinHandle<()>,
}

impl Lease {
    /// Renews what `attached` began, and attaches again when it is lost.
    pub(crate) fn keep(
        admin: Admin,
        request: Request,
        attached: Attached,
        tell: impl Fn(News) + Send + 'static,
    ) -> Self {
        Self { task: tokio::spawn(renew(admin, request, Some(attached), tell)) }
    }

    /// Attaches in the background, however long that takes.
    pub(crate) fn begin(
        admin: Admin,
        request: Request,
        tell: impl Fn(News) + Send + 'static,
    ) -> Self {
        Self { task: tokio::spawn(renew(admin, request, None, tell)) }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn renew(
    admin: Admin,
    request: Request,
    mut held: Option<Attached>,
    tell: impl Fn(News) + Send,
) {
    let mut last = None;
    loop {
        let outcome = match &held {
            Some(attached) => again(&admin, &attached.lease).await.map(|()| None),
            None => attach(&admin, &request).await.map(Some),
        };
        let news = match outcome {
            Ok(attached) => {
                held = attached.or(held);
                None
            }
            Err(error) if is_away(&error) => Some(News::Away),
            Err(_) if held.is_some() => {
                // The mesh forgot the lease: attach anew at once.
                held = None;
                continue;
            }
            Err(error) => Some(News::Refused(error.to_string())),
        };
        let pause = if news.is_none() { RENEW_TIME } else { RETRY_TIME };
        if news != last {
            tell(news.clone().unwrap_or(News::Back));
            last = news;
        }
        tokio::time::sleep(pause).await;
    }
}

async fn again(admin: &Admin, lease: &Value) -> anyhow::Result<()> {
    let uri = format!("/v1/attach/{}/renew", escape(&cell(lease)));
    admin.post(&uri, &Value::Null).await?;
    Ok(())
}

fn is_away(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(AdminError::Away { .. }))
}
