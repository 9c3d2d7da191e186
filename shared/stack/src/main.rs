//! `broadside-stack`: the stack, the demonstration and the tests from one command line.

use std::ffi::OsString;
use std::process::ExitCode;

use stack::privileges;
use stack::settings::Settings;
use stack::shutdown::Shutdown;
use stack::terminal::{complain, say};

const USAGE: &str = "\
usage: broadside-stack run            the whole stack in the foreground, until Ctrl-C
       broadside-stack demo           a sample batch from end to end, then everything is stopped
       broadside-stack test -- CMD…   CMD with a private Postgres and Redis (DATABASE_URL, REDIS_URL)
       broadside-stack clean          removes the state folder's content

settings come from the environment and .env; see .env.example";

/// One thread: the parts are told to end with the thread that started them, so that must be this one.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match dispatch(&arguments).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(arguments: &[OsString]) -> anyhow::Result<u8> {
    let words: Vec<&str> = arguments.iter().map_while(|it| it.to_str()).collect();
    match words[..] {
        [command @ ("run" | "demo" | "clean")] if privileges::is_root() => {
            privileges::give_up(&Settings::from_environment(privileges::environment()?)?, command).await
        }
        ["run"] => {
            stack::run::run(&Settings::from_environment(privileges::environment()?)?, &Shutdown::on_signals()?).await
        }
        ["demo"] => {
            stack::demo::demo(&Settings::from_environment(privileges::environment()?)?, &Shutdown::on_signals()?).await
        }
        ["test", "--", _, ..] => {
            let settings = Settings::from_environment(privileges::environment()?.without_file())?;
            let shutdown = Shutdown::on_signals()?;
            stack::with_servers::run(&settings.environment, &settings.state_dir, &arguments[2..], &shutdown).await
        }
        ["clean"] => stack::clean::clean(&Settings::from_environment(privileges::environment()?)?.state_dir),
        ["help" | "-h" | "--help"] => {
            say(USAGE);
            Ok(0)
        }
        _ => {
            complain(USAGE);
            Ok(2)
        }
    }
}
