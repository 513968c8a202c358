//! The status of one PodAutoscaler: what was decided last, written if it says anything new.
//!
//! This module must not decide.

use std::sync::Arc;

use ebb_api::autoscaling::{PodAutoscaler, PodAutoscalerStatus};
use ebb_api::k8s_openapi::jiff::Timestamp;
use ebb_api::observation::RevisionKey;
use ebb_plumbing::After;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::room::Room;
use crate::table::Written;

/// Writes the status if it differs from what stands there.
pub async fn reconcile(room: Arc<Room>, key: RevisionKey) -> Result<After, kube::Error> {
    let Some((pa, status)) = room.due_status(&key) else { return Ok(After::Settled) };
    let autoscalers: Api<PodAutoscaler> = Api::namespaced(room.client.clone(), &key.namespace);
    let patch = Patch::Merge(json!({ "status": status }));
    match autoscalers.patch_status(&key.name, &PatchParams::default(), &patch).await {
        Ok(_) => {
            room.status_is_written(&key, Written { value: status, over: pa.metadata.resource_version.clone() });
            Ok(After::Settled)
        }
        // The PodAutoscaler is gone, and its status with it.
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(After::Settled),
        Err(error) => Err(error),
    }
}

impl Room {
    /// The status that the last decision asks for, if it is not the present one.
    fn due_status(&self, key: &RevisionKey) -> Option<(Arc<PodAutoscaler>, PodAutoscalerStatus)> {
        let pa = self.caches.autoscaler(key).filter(|pa| self.is_ours(pa))?;
        let table = self.table.lock();
        let tracked = table.revisions.get(key)?;
        let status = tracked.due_status(&pa, &key.name, Timestamp::now())?;
        Some((pa.clone(), status))
    }

    fn status_is_written(&self, key: &RevisionKey, status: Written<PodAutoscalerStatus>) {
        if let Some(tracked) = self.table.lock().revisions.get_mut(key) {
            tracked.status = Some(status);
        }
    }
}
