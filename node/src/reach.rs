//! Reaches the ports of pods. Processes of a machine share its loopback, so that a port alone does not say whose it is: only
//! ports that a pod declares, or on which one of its own processes listens, are reached through it.

use std::collections::HashSet;
use std::io;

use ebb_plumbing::Key;
use k8s_openapi::api::core::v1::Pod;
use tokio::net::TcpStream;

use crate::context::Context;
use crate::deployment::template::DECLARED_PORT;
use crate::pod::blueprint;
use crate::probe::check::LOOPBACK;
use crate::spawn::marked;

/// Why a port is not reached.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// No container of the pod runs.
    #[error("pod {0:?} does not run here")]
    NotRunning(String),
    /// It belongs to somebody else, or to nobody.
    #[error("no process of the pod listens on port {0}")]
    NotTheirs(u16),
    /// Nobody answers.
    #[error("dial tcp4 {LOOPBACK}:{port}: connect: {why}")]
    Refused {
        /// The real port.
        port: u16,
        /// The system's words.
        why: String,
    },
}

pub(crate) async fn connect(context: &Context, namespace: &str, name: &str, port: u16) -> Result<TcpStream, ReachError> {
    let pod = context.worlds.pod(&Key::new(namespace, name)).ok_or_else(|| ReachError::NotRunning(name.to_owned()))?;
    let port = match declared(&pod, port) {
        Some(real) => real,
        None => {
            let (instance, uid) = (context.instance.clone(), pod.metadata.uid.clone().unwrap_or_default());
            let looked = tokio::task::spawn_blocking(move || listens(&instance, &uid, port)).await;
            match looked {
                Ok(Ok(true)) => port,
                _ => return Err(ReachError::NotTheirs(port)),
            }
        }
    };
    TcpStream::connect((LOOPBACK, port)).await.map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            _ => error.to_string(),
        };
        ReachError::Refused { port, why }
    })
}

/// The real port behind one that the pod declares: the number in its template, or the one that was chosen for it.
fn declared(pod: &Pod, asked: u16) -> Option<u16> {
    let containers = || pod.spec.iter().flat_map(|spec| &spec.containers);
    let written = pod.metadata.annotations.as_ref().and_then(|annotations| annotations.get(DECLARED_PORT)?.parse::<u16>().ok());
    if written == Some(asked)
        && let Some(real) = containers().find_map(blueprint::port)
    {
        return Some(real);
    }
    let mut ports = containers().flat_map(|container| container.ports.iter().flatten());
    ports.any(|port| port.container_port == i32::from(asked)).then_some(asked)
}

/// Whether a process of the pod listens on the port.
fn listens(instance: &str, uid: &str, port: u16) -> io::Result<bool> {
    let sockets = listening(port)?;
    if sockets.is_empty() {
        return Ok(false);
    }
    let theirs = marked(instance)?.into_iter().filter(|process| process.pod_uid == uid);
    Ok(theirs.into_iter().any(|process| holds(process.pid, &sockets)))
}

/// The sockets that listen on the port, by their numbers in `/proc/net/tcp`.
fn listening(port: u16) -> io::Result<HashSet<String>> {
    const LISTEN: &str = "0A";
    let mut found = HashSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        // A machine without IPv6 has no second table.
        let text = std::fs::read_to_string(table).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (Some(local), Some(state), Some(inode)) = (fields.get(1), fields.get(3), fields.get(9)) else { continue };
            if *state == LISTEN && local.ends_with(&format!(":{port:04X}")) {
                found.insert(format!("socket:[{inode}]"));
            }
        }
    }
    Ok(found)
}

fn holds(pid: i32, sockets: &HashSet<String>) -> bool {
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    descriptors.filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|target| sockets.contains(&*target.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_ports_lead_to_the_real_one() {
        let pod: Pod = serde_json::from_value(serde_json::json!({
            "metadata": {"annotations": {DECLARED_PORT: "8080"}},
            "spec": {"containers": [
                {"name": "a", "ports": [{"name": "user-port", "containerPort": 23456}]},
                {"name": "b", "ports": [{"containerPort": 9090}]},
            ]},
        }))
        .unwrap();
        let found = [8080, 23456, 9090, 22].map(|port| declared(&pod, port));
        assert_eq!(found, [Some(23456), Some(23456), Some(9090), None]);
    }

    #[test]
    fn listening_sockets_are_found_and_others_are_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sockets = listening(port).unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(holds(own, &sockets));
        drop(listener);
        assert!(!holds(own, &sockets));
    }
}
