//! The kubeconfig of a new user: the cluster of the one in use, and the user's own credentials, with everything inside.

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{Cluster, Kubeconfig};
use serde_json::{Value, json};

use super::certificate::Credentials;
use crate::args::global::GlobalArgs;
use crate::connect::source::Source;

/// The text of the kubeconfig.
///
/// # Errors
/// When the kubeconfig in use names no server.
pub fn text(global: &GlobalArgs, user: &str, namespace: Option<&str>, credentials: &Credentials) -> Result<String> {
    let (name, cluster) = cluster_in_use(Source::pick(global)?.read()?, global)?;
    let value = value(&name, &cluster, user, namespace, credentials)?;
    serde_saphyr::to_string(&value).context("cannot write YAML")
}

fn cluster_in_use(kubeconfig: Kubeconfig, global: &GlobalArgs) -> Result<(String, Cluster)> {
    let context = global.context.clone().or(kubeconfig.current_context).unwrap_or_default();
    let of_context = kubeconfig.contexts.into_iter().find(|named| named.name == context).and_then(|named| named.context);
    let name = global.cluster.clone().or(of_context.map(|context| context.cluster)).unwrap_or_default();
    let cluster = kubeconfig.clusters.into_iter().find(|named| named.name == name).and_then(|named| named.cluster);
    cluster.map(|cluster| (name, cluster)).ok_or_else(|| anyhow!("the kubeconfig in use names no cluster"))
}

/// The kubeconfig as a value.
pub fn value(name: &str, cluster: &Cluster, user: &str, namespace: Option<&str>, credentials: &Credentials) -> Result<Value> {
    let mut server = json!({"server": cluster.server.clone().unwrap_or_default()});
    let authority = match (&cluster.certificate_authority_data, &cluster.certificate_authority) {
        (Some(data), _) => Some(data.clone()),
        (None, Some(file)) => Some(STANDARD.encode(std::fs::read(file).with_context(|| format!("cannot read {file}"))?)),
        (None, None) => None,
    };
    if let Some(authority) = authority {
        server["certificate-authority-data"] = authority.into();
    }
    if let Some(tls_name) = &cluster.tls_server_name {
        server["tls-server-name"] = tls_name.as_str().into();
    }
    let data = |text: &str| STANDARD.encode(text);
    let own = json!({"client-certificate-data": data(&credentials.certificate), "client-key-data": data(&credentials.key)});
    let context = json!({"cluster": name, "user": user, "namespace": namespace.unwrap_or("default")});
    Ok(json!({
        "apiVersion": "v1", "kind": "Config", "current-context": user,
        "clusters": [{"name": name, "cluster": server}],
        "contexts": [{"name": user, "context": context}],
        "users": [{"name": user, "user": own}],
    }))
}
