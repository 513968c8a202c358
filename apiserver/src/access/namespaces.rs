//! What every namespace has: the service account `default`, and the certificate by which workloads know the server. They
//! are made when a namespace appears, and again when somebody has taken them away.

use ebb_plumbing::BoxError;
use futures::future::join_all;
use serde_json::{Value, json};

use super::own;
use crate::error::ApiError;
use crate::kinds::builtin;
use crate::store::object;
use crate::write::{Call, Core, create};

const ACCOUNTS: &str = "serviceaccounts";
const MAPS: &str = "configmaps";
const ROOT: &str = "kube-root-ca.crt";

/// Cares for namespaces as long as it runs.
///
/// # Errors
/// Never: what cannot be stored is tried again after the next change.
pub async fn run(core: &Core) -> Result<(), BoxError> {
    let resources = [builtin::NAMESPACES, ACCOUNTS, MAPS].map(|id| core.registry.find_id(id));
    let [Some(namespaces), Some(accounts), Some(maps)] = resources else { return std::future::pending().await };
    let (mut born, mut account, mut map) = (namespaces.changes(), accounts.changes(), maps.changes());
    let root = core.access.pki.authority().to_owned();
    loop {
        let missing = namespaces.list("", None).1.into_iter().filter(|namespace| !namespace.deleting).flat_map(|namespace| {
            let name = namespace.name().to_owned();
            let lacks = |resource: &crate::store::Resource, what: &str| resource.get(&object::key(&name, what)).is_none();
            let account = lacks(&accounts, "default").then(|| (ACCOUNTS, json!({"metadata": {"name": "default"}})));
            let map = lacks(&maps, ROOT).then(|| (MAPS, authority(&root)));
            account.into_iter().chain(map).map(move |(resource, body)| (name.clone(), resource, body)).collect::<Vec<_>>()
        });
        join_all(missing.map(|(namespace, resource, body)| furnish(core, namespace, resource, body))).await;
        tokio::select! {
            changed = born.changed() => changed?,
            changed = account.changed() => changed?,
            changed = map.changed() => changed?,
        }
    }
}

fn authority(root: &str) -> Value {
    let why = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the \
        internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";
    json!({"metadata": {"name": ROOT, "annotations": {"kubernetes.io/description": why}}, "data": {"ca.crt": root}})
}

async fn furnish(core: &Core, namespace: String, resource: &str, body: Value) {
    let Some(call) = own::call(core, resource, &namespace, "") else { return };
    match create_one(core, &call, body).await {
        // Made by somebody else meanwhile, or the namespace is on its way out.
        Err(error) if matches!(error.reason, "AlreadyExists" | "Forbidden" | "NotFound") => {}
        Err(error) => tracing::warn!(namespace, resource, %error, "a namespace could not be furnished"),
        Ok(()) => {}
    }
}

async fn create_one(core: &Core, call: &Call, body: Value) -> Result<(), ApiError> {
    create::create(core, call, body).await.map(|_| ())
}
