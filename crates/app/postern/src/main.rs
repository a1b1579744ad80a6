//! `postern`: the binary. Reads flags, starts what they ask for, and turns the
//! outcome into an exit code: 0 ok, 1 refused, 2 wrong usage.
//!
//! It decides nothing itself: the planes do, and it only wires them up.

mod admin;
mod answer;
mod cli;
mod command;
mod doorway;
mod echo;
mod failure;
mod flags;
mod output;
mod paint;
mod place;
mod reference;
mod run;
mod signal;
mod sources;
mod span;
mod table;
mod up;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use cli::{Cli, Command};
use failure::Failure;

/// Short-lived allocations on several threads are what a door makes most.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        Command::Child(args) => doorway::child::become_command(args),
        command => on_runtime(dispatch(command, cli.global)),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// One runtime for everything but the doors, which bring their own threads.
fn on_runtime(work: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::refused(format!("can't start a runtime: {error}")))?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    outcome
}

async fn dispatch(command: Command, global: flags::Global) -> Result<ExitCode, Failure> {
    let admin = || admin::Admin::at(global.admin_socket());
    match command {
        Command::Up(args) => up::up(args, &global).await?,
        Command::Run(args) => return run::run(args, &global).await,
        Command::Echo(args) => echo::echo(args).await?,
        Command::Init(args) => command::init::init(&args)?,
        Command::Validate(args) => command::validate::validate(&args)?,
        Command::Apply(args) => command::apply::apply(&args, &admin()).await?,
        Command::Diff(args) => command::apply::diff(&args, &admin()).await?,
        Command::Get(args) => command::documents::get(&args, &admin()).await?,
        Command::Delete(args) => command::documents::delete(&args, &admin()).await?,
        Command::Status(args) => command::status::status(&args, &admin()).await?,
        Command::Allow(args) => command::rules::add("allow", &args, &admin()).await?,
        Command::Deny(args) => command::rules::add("deny", &args, &admin()).await?,
        Command::Policy(args) => command::rules::policy(&args, &admin()).await?,
        Command::Explain(args) => command::explain::explain(&args, &admin()).await?,
        Command::Identity(args) => command::identity::identity(&args, &admin()).await?,
        Command::Ca(args) => command::ca::ca(&args, &admin()).await?,
        Command::Completions(args) => command::completions::completions(&args, Cli::command()),
        Command::Child(args) => return doorway::child::become_command(args),
    }
    Ok(ExitCode::SUCCESS)
}
