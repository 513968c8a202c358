//! A WebSocket client for what Kubernetes carries in channels: commands and ports of pods.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use http::header;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::tls::{Identity, dial};
use crate::{Ebb, Result};

/// Longest wait for a session to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session.
#[derive(Debug)]
pub struct Socket(WebSocketStream<TlsStream<TcpStream>>);

/// What was said, by channel.
#[derive(Debug, Default)]
pub struct Said(BTreeMap<u8, Vec<u8>>);

impl Said {
    /// The bytes of a channel.
    pub fn bytes(&self, channel: u8) -> &[u8] {
        self.0.get(&channel).map_or(&[], Vec::as_slice)
    }

    /// The text of a channel.
    pub fn text(&self, channel: u8) -> String {
        String::from_utf8_lossy(self.bytes(channel)).into_owned()
    }
}

impl Socket {
    /// Opens a session as the user of the kubeconfig.
    ///
    /// # Errors
    /// `CODE MESSAGE` when the server refuses.
    pub async fn open(ebb: &Ebb, path: &str, protocol: &str) -> Result<Self> {
        let pki = ebb.data_dir().join("pki");
        let ca = std::fs::read_to_string(pki.join("ca.crt"))?;
        let identity = Identity::from_files(&pki.join("user.crt"), &pki.join("user.key"))?;
        let stream = dial(ebb.api, &ca, &identity).await?;
        let mut request = format!("wss://{}{path}", ebb.api).into_client_request()?;
        request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol.parse()?);
        match timeout(PATIENCE, tokio_tungstenite::client_async(request, stream)).await? {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(refused)) => {
                let status: serde_json::Value = serde_json::from_slice(refused.body().as_deref().unwrap_or_default())?;
                Err(format!("{} {}", refused.status().as_u16(), status["message"].as_str().unwrap_or_default()).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Sends on a channel.
    ///
    /// # Errors
    /// When the server has gone.
    pub async fn send(&mut self, channel: u8, data: &[u8]) -> Result<()> {
        Ok(self.0.send(Message::binary([&[channel], data].concat())).await?)
    }

    /// Reads to the end.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn collect(&mut self) -> Result<Said> {
        timeout(PATIENCE, async {
            let mut said = Said::default();
            while let Some(message) = self.0.next().await {
                let Message::Binary(data) = message? else { continue };
                if let Some((channel, data)) = data.split_first() {
                    said.0.entry(*channel).or_default().extend_from_slice(data);
                }
            }
            Ok(said)
        })
        .await?
    }

    /// Leaves.
    ///
    /// # Errors
    /// When the server has gone before.
    pub async fn close(&mut self) -> Result<()> {
        Ok(self.0.close(None).await?)
    }
}
