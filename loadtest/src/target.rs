//! The API servers that are measured, and how to connect to them.

use std::net::SocketAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ebb_tests::kube_apiserver::KubeApiserver;
use ebb_tests::tls::{Identity, Wire};
use ebb_tests::{Ebb, Result};
use serde_json::Value;

/// An API server and an administrator's way in.
pub struct Target {
    address: SocketAddr,
    ca: String,
    admin: Identity,
}

impl Target {
    /// The embedded one of an `ebb up`.
    ///
    /// # Errors
    /// When the kubeconfig it wrote cannot be read.
    pub fn ebb(ebb: &Ebb) -> Result<Self> {
        let kubeconfig: Value = serde_saphyr::from_str(&std::fs::read_to_string(ebb.data_dir().join("kubeconfig"))?)?;
        let pem = |pointer: &str| -> Result<String> {
            let text = kubeconfig.pointer(pointer).and_then(Value::as_str).ok_or_else(|| format!("the kubeconfig has no {pointer}"))?;
            Ok(String::from_utf8(BASE64_STANDARD.decode(text)?)?)
        };
        Ok(Self {
            address: ebb.api,
            ca: pem("/clusters/0/cluster/certificate-authority-data")?,
            admin: Identity::new(pem("/users/0/user/client-certificate-data")?, pem("/users/0/user/client-key-data")?),
        })
    }

    /// A kube-apiserver.
    ///
    /// # Errors
    /// When its certificates cannot be read.
    pub fn peer(peer: &KubeApiserver) -> Result<Self> {
        Ok(Self { address: peer.address, ca: peer.ca().to_owned(), admin: peer.admin()? })
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn wire(&self) -> Result<Wire> {
        Wire::connect(self.address, &self.ca, &self.admin).await
    }
}
