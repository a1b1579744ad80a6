//! Who gets what, with real processes: this one, which is also the agent's,
//! and children that run this test binary again as clients.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::path::Path;
use std::process::Stdio;

use support::{Client, Stage, entry, id, in_time, mine, names, next, own_pid};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tonic::Code;

const SOCKET: &str = "POSTERN_TEST_SOCKET";

/// A child that asks once for each line it is sent, and answers each time
/// with one line.
struct Asker {
    child: Child,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Asker {
    fn start(socket: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "asker", "--ignored", "--nocapture"])
            .env(SOCKET, socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, answers }
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    async fn ask(&mut self) -> String {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").await.unwrap();
        in_time("the child's answer", async {
            loop {
                let line = self.answers.next_line().await.unwrap().expect("the child ended");
                if let Some(answer) = line.strip_prefix("answer ") {
                    break answer.to_owned();
                }
            }
        })
        .await
    }
}

#[tokio::test]
#[ignore = "run by the other tests in a process of its own"]
async fn asker() {
    let Some(socket) = std::env::var_os(SOCKET) else { return };
    let mut client = Client::at(Path::new(&socket)).await;
    for _ in std::io::stdin().lines() {
        let answer = match client.fetch().await {
            Ok(answer) => names(&answer).join(" "),
            Err(status) => format!("{:?}", status.code()),
        };
        println!("\nanswer {answer}");
    }
}

#[tokio::test]
async fn a_child_of_the_agent_s_process_doesn_t_inherit_its_identities() {
    let stage = Stage::with(vec![entry("doors", &[format!("unix:pid:{}", own_pid())])]).await;
    let own = stage.client().await.fetch().await.unwrap();
    assert_eq!(names(&own), [id("doors").to_string()]);
    let mut child = Asker::start(&stage.socket());
    assert_eq!(child.ask().await, "PermissionDenied");
}

#[tokio::test]
async fn an_entry_for_a_child_is_the_child_s_alone() {
    let stage = Stage::with(vec![entry("doors", &mine())]).await;
    let mut child = Asker::start(&stage.socket());
    assert_eq!(child.ask().await, id("doors").to_string());
    let selectors = [format!("unix:pid:{}", child.pid())];
    let mut own = stage.client().await.open().await.unwrap();
    next(&mut own).await.unwrap().unwrap();
    stage.authority.say(vec![entry("child", &selectors)]);
    assert_eq!(next(&mut own).await.unwrap_err().code(), Code::PermissionDenied);
    let mut answer = child.ask().await;
    while answer == "Unavailable" {
        answer = child.ask().await;
    }
    assert_eq!(answer, id("child").to_string());
}

#[tokio::test]
async fn a_descendant_of_a_named_process_is_meant_too() {
    let stage = Stage::with(vec![entry("nobody", &["unix:uid:4000000000".to_owned()])]).await;
    let mut shell = Command::new("sh")
        .args(["-c", "\"$0\" --exact asker --ignored --nocapture; exit"])
        .arg(std::env::current_exe().unwrap())
        .env(SOCKET, stage.socket())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let answers = BufReader::new(shell.stdout.take().unwrap()).lines();
    let shell_pid = shell.id().unwrap();
    let mut asker = Asker { child: shell, answers };
    assert_eq!(asker.ask().await, "PermissionDenied");
    let mut events = stage.agent.events();
    stage.authority.say(vec![entry("family", &[format!("unix:pid:{shell_pid}")])]);
    in_time("the certificate", async {
        while !matches!(events.recv().await.unwrap(), agent::Event::Issued { .. }) {}
    })
    .await;
    let mut answer = asker.ask().await;
    while answer == "PermissionDenied" {
        answer = asker.ask().await;
    }
    assert_eq!(answer, id("family").to_string());
    // The shell ends with its child when the child's input does.
    drop(asker.child.stdin.take());
    in_time("the shell", asker.child.wait()).await.unwrap();
}

#[tokio::test]
async fn the_path_of_the_executable_is_a_fact() {
    let path = std::env::current_exe().unwrap();
    let good = [format!("unix:path:{}", path.display())];
    let both = [good.to_vec(), vec!["unix:uid:4000000000".to_owned()]].concat();
    let stage = Stage::with(vec![entry("path", &good), entry("both", &both)]).await;
    let answer = stage.client().await.fetch().await.unwrap();
    assert_eq!(names(&answer), [id("path").to_string()]);
}
