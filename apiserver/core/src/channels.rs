//! The subprotocols by which Kubernetes' clients carry several streams in one WebSocket: the first byte of a message says
//! whose it is. And the status that ends a command, which every way of carrying shares.
//!
//! Sources: k8s.io/apimachinery/pkg/util/remotecommand/constants.go, k8s.io/streaming/pkg/httpstream/wsstream.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

#[cfg(test)]
mod tests;

/// The streams of a command, numbered as in a WebSocket's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// What the client types.
    Stdin,
    /// What the command prints.
    Stdout,
    /// What it complains about.
    Stderr,
    /// How it ended.
    Error,
    /// The size of the client's terminal.
    Resize,
}

/// All of them, by number.
const CHANNELS: [Channel; 5] = [Channel::Stdin, Channel::Stdout, Channel::Stderr, Channel::Error, Channel::Resize];
/// From version 5 on: the client has closed the channel whose number follows.
const CLOSE: u8 = 255;
/// Text messages give the number as a digit.
const ZERO: u8 = b'0';

impl Channel {
    /// Its number.
    pub fn number(self) -> u8 {
        CHANNELS.iter().zip(0..).find(|(channel, _)| **channel == self).map_or(0, |(_, number)| number)
    }

    /// The channel of a number.
    pub fn of(number: u8) -> Option<Self> {
        CHANNELS.get(usize::from(number)).copied()
    }

    /// The value of `streamType` of a SPDY stream.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "stdin" => Self::Stdin,
            "stdout" => Self::Stdout,
            "stderr" => Self::Stderr,
            "error" => Self::Error,
            "resize" => Self::Resize,
            _ => return None,
        })
    }
}

/// A subprotocol that both sides know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its name, as it was asked for; empty when nothing was.
    pub name: &'static str,
    /// Messages are text, their content base64.
    pub base64: bool,
    /// The end of a command is a Status in JSON; before version 4 it is a sentence, or nothing.
    pub status: bool,
    /// Channels can be closed by themselves.
    pub close: bool,
}

/// Those of exec and attach, as Kubernetes serves them.
const COMMANDS: [Protocol; 6] = [
    Protocol { name: "v5.channel.k8s.io", base64: false, status: true, close: true },
    Protocol { name: "v4.channel.k8s.io", base64: false, status: true, close: false },
    Protocol { name: "v4.base64.channel.k8s.io", base64: true, status: true, close: false },
    Protocol { name: "channel.k8s.io", base64: false, status: false, close: false },
    Protocol { name: "base64.channel.k8s.io", base64: true, status: false, close: false },
    Protocol { name: "", base64: false, status: false, close: false },
];

/// The first of the client's subprotocols that is one of exec and attach.
pub fn command_protocol(asked: &[&str]) -> Option<Protocol> {
    let asked = if asked.is_empty() { &[""] } else { asked };
    asked.iter().find_map(|name| COMMANDS.into_iter().find(|protocol| protocol.name == *name))
}

/// The first of the client's subprotocols that is one of port-forward with a channel pair per port.
pub fn forward_protocol(asked: &[&str]) -> Option<Protocol> {
    command_protocol(asked).filter(|protocol| protocol.name.starts_with("v4.") || protocol.name.is_empty())
}

/// What a message of the client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Data for a channel.
    Data(u8, Vec<u8>),
    /// The client has closed a channel.
    Closed(u8),
    /// Nothing that can be understood.
    Nothing,
}

impl Protocol {
    /// Takes a message apart.
    pub fn read(&self, message: &[u8]) -> Said {
        let Some((first, content)) = message.split_first() else { return Said::Nothing };
        if self.base64 {
            let number = first.checked_sub(ZERO);
            return number.and_then(|number| Some(Said::Data(number, STANDARD.decode(content).ok()?))).unwrap_or(Said::Nothing);
        }
        match content {
            [number] if self.close && *first == CLOSE => Said::Closed(*number),
            _ => Said::Data(*first, content.to_vec()),
        }
    }

    /// Puts a message together.
    pub fn write(&self, number: u8, content: &[u8]) -> Vec<u8> {
        let mut message = vec![if self.base64 { ZERO.saturating_add(number) } else { number }];
        match self.base64 {
            true => message.extend(STANDARD.encode(content).into_bytes()),
            false => message.extend_from_slice(content),
        }
        message
    }
}

/// Columns and rows of a terminal, from a message on the channel of sizes.
pub fn terminal_size(message: &[u8]) -> Option<(u16, u16)> {
    let size: Value = serde_json::from_slice(message).ok()?;
    let read = |name: &str| u16::try_from(size.get(name)?.as_u64()?).ok();
    Some((read("Width")?, read("Height")?))
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It exited with this code.
    Exit(i32),
    /// It could not be run, or not to its end.
    Failed(String),
}

impl Outcome {
    /// As a Status, from version 4 of the protocols on.
    pub fn status(&self) -> Value {
        match self {
            Self::Exit(0) => json!({"metadata": {}, "status": "Success"}),
            Self::Exit(code) => json!({
                "metadata": {}, "status": "Failure",
                "message": format!("command terminated with non-zero exit code: command terminated with exit code {code}"),
                "reason": "NonZeroExitCode",
                "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
            }),
            Self::Failed(why) => json!({
                "metadata": {}, "status": "Failure", "message": format!("Internal error occurred: {why}"),
                "reason": "InternalError", "details": {"causes": [{"message": why}]}, "code": 500,
            }),
        }
    }

    /// What is written on the channel of errors; nothing for success before version 4.
    pub fn told(&self, as_status: bool) -> String {
        match self {
            _ if as_status => self.status().to_string(),
            Self::Exit(0) => String::new(),
            Self::Exit(code) => format!("command terminated with exit code {code}"),
            Self::Failed(why) => why.clone(),
        }
    }
}
