//! The `ebb` binary. What it can do is listed in [`commands`].

mod args;
mod commands;
mod connect;
mod data_dir;
mod edit;
mod export;
mod logs;
mod manifest;
mod merge;
mod print;
mod report;
mod run;
mod store;
#[cfg(feature = "up")]
mod up;
mod wait;

fn main() -> std::process::ExitCode {
    match commands::read(std::env::args_os()) {
        Ok(cli) => report::outcome(commands::dispatch(cli)),
        Err(unread) => report::unread(unread),
    }
}
