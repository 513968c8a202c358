//! The `ebb` binary. What it can do is listed in [`commands`].

mod args;
mod commands;
mod config;
mod connect;
mod data_dir;
mod edit;
mod export;
mod logs;
mod manifest;
mod merge;
mod metrics;
mod plugins;
mod print;
mod report;
mod run;
mod store;
#[cfg(feature = "up")]
mod up;
mod wait;

#[cfg(feature = "up")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let words: Vec<std::ffi::OsString> = std::env::args_os().collect();
    match commands::read(&words) {
        Ok(cli) => report::outcome(commands::dispatch(cli)),
        // What is no command may be a plugin; then this does not return.
        Err(unread) => match run::plugin::stand_in(&words) {
            Ok(()) => report::unread(unread),
            Err(error) => report::outcome(Err(error)),
        },
    }
}
