//! The node's commands and ports, as the API server sees them.

use std::sync::{Arc, OnceLock};

use ebb_apiserver::{ApiError, Command, Execution, Place, PodConnection, PodStreams};
use ebb_node::exec::{ContainerName, Exec};
use futures::future::BoxFuture;

/// The node that runs the pods; it is started after the API server.
#[derive(Clone, Default)]
pub struct Streams(pub Arc<OnceLock<ebb_node::Node>>);

impl Streams {
    fn node(&self) -> Result<ebb_node::Node, String> {
        self.0.get().cloned().ok_or_else(|| "the node has not started yet".to_owned())
    }
}

fn name(place: &Place) -> ContainerName {
    ContainerName { namespace: place.namespace.clone(), pod: place.pod.clone(), container: place.container.clone() }
}

impl PodStreams for Streams {
    fn running(&self, place: &Place) -> Result<(), ApiError> {
        let node = self.node().map_err(ApiError::internal)?;
        node.running(&name(place)).map_err(|error| ApiError::internal(error.to_string()))
    }

    fn exec(&self, place: Place, command: Command) -> BoxFuture<'static, Result<Execution, String>> {
        let node = self.node();
        Box::pin(async move {
            let Command { words, stdin, stdout, stderr, terminal } = command;
            let exec = Exec { command: words, stdin, stdout, stderr, terminal };
            let executing = node?.exec(&name(&place), &exec).await.map_err(|error| error.to_string())?;
            Ok(Execution {
                stdin: executing.stdin.map(|stdin| Box::into_pin(stdin as _)),
                stdout: executing.stdout.map(|stdout| Box::into_pin(stdout as _)),
                stderr: executing.stderr.map(|stderr| Box::into_pin(stderr as _)),
                resize: executing.resize,
                ended: Box::pin(async move { Ok(executing.ended.await) }),
            })
        })
    }

    fn connect(&self, namespace: &str, pod: &str, port: u16) -> BoxFuture<'static, Result<Box<dyn PodConnection>, String>> {
        let (node, namespace, pod) = (self.node(), namespace.to_owned(), pod.to_owned());
        Box::pin(async move {
            let connected = node?.connect(&namespace, &pod, port).await;
            connected.map(|stream| Box::new(stream) as _).map_err(|error| error.to_string())
        })
    }
}
