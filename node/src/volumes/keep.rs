//! Keeps volumes up to date while their pod runs, and gets tokens for them.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Container, Pod, ServiceAccount, ServiceAccountTokenProjection};
use kube::api::PostParams;
use kube::{Api, ResourceExt};

use super::{Volumes, content};
use crate::context::Context;
use crate::pod::blueprint::Trouble;

/// Upstream's default life of a token, in seconds.
const TOKEN_SECONDS: i64 = 3_600;
/// After a change that could not be carried out, such as a full disk.
const AGAIN: Duration = Duration::from_secs(10);

/// Follows the objects that volumes come from, until it is dropped.
pub(crate) async fn keep(context: Arc<Context>, volumes: Arc<Volumes>) {
    let mut changed = context.config_changed.subscribe();
    let followed: Vec<_> = volumes.all().filter(|volume| content::follows_objects(volume)).cloned().collect();
    if followed.is_empty() {
        return;
    }
    // What is not special to a container: fields of the first are meant where none is named.
    let container = volumes.pod.spec.iter().flat_map(|spec| &spec.containers).next().cloned().unwrap_or_default();
    loop {
        let mut failed = false;
        tokio::select! {
            change = changed.changed() => if change.is_err() { return },
            () = renewal(&volumes) => {}
        }
        for volume in &followed {
            failed |= update(&context, &volumes, volume, &container).await.is_err();
        }
        if failed {
            tokio::time::sleep(AGAIN).await;
            changed.mark_changed();
        }
    }
}

/// Brings a volume up to date if a container has it already. An object that is gone leaves its files as they were.
async fn update(
    context: &Context,
    volumes: &Volumes,
    volume: &k8s_openapi::api::core::v1::Volume,
    container: &Container,
) -> Result<(), ()> {
    let mut writing = volumes.writing.lock().await;
    if !volumes.root.join(&volume.name).exists() {
        return Ok(());
    }
    match volumes.make(context, volume, container, &mut writing).await {
        Ok(_) => Ok(()),
        Err(trouble) if trouble.awaits_config => Ok(()),
        Err(trouble) => {
            context.events.warning(&volumes.pod, "FailedMount", format!("volume {:?} is not up to date: {}", volume.name, trouble.message));
            Err(())
        }
    }
}

/// Waits until a token wants to be renewed.
async fn renewal(volumes: &Volumes) {
    let next = volumes.writing.lock().await.tokens.values().map(|(_, renew)| *renew).min();
    match next {
        Some(renew) => {
            let wait = Duration::try_from(renew.duration_since(Timestamp::now())).unwrap_or_default();
            tokio::time::sleep(wait).await;
        }
        None => std::future::pending().await,
    }
}

/// Gets a token, and says when it should be renewed: when a fifth of its life is left, as upstream does.
pub(super) async fn fetch(context: &Context, pod: &Pod, wanted: &ServiceAccountTokenProjection) -> Result<(String, Timestamp), Trouble> {
    let account = pod.spec.as_ref().and_then(|spec| spec.service_account_name.clone()).filter(|name| !name.is_empty());
    let account = account.unwrap_or_else(|| "default".into());
    let api: Api<ServiceAccount> = Api::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default());
    let seconds = wanted.expiration_seconds.unwrap_or(TOKEN_SECONDS);
    let bound = BoundObjectReference {
        api_version: Some("v1".into()),
        kind: Some("Pod".into()),
        name: pod.metadata.name.clone(),
        uid: pod.metadata.uid.clone(),
    };
    let request = TokenRequest {
        spec: Some(TokenRequestSpec {
            audiences: wanted.audience.clone().filter(|audience| !audience.is_empty()).map(|audience| vec![audience]),
            bound_object_ref: Some(bound),
            expiration_seconds: Some(seconds),
            ..TokenRequestSpec::default()
        }),
        ..TokenRequest::default()
    };
    let made = api.create_token_request(&account, &PostParams::default(), &request).await;
    let made = made.map_err(|error| Trouble::run(format!("a token of service account {account:?} cannot be had: {error}")))?;
    let token = made.status.and_then(|status| status.token).unwrap_or_default();
    let renew = Timestamp::now().checked_add(SignedDuration::from_secs(seconds / 5 * 4)).unwrap_or(Timestamp::MAX);
    Ok((token, renew))
}
