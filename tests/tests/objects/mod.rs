//! Objects of the API as plain JSON, by path. It must not know any kind.

use ebb_tests::{Ebb, Result};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// The API of a running `ebb up`.
pub struct Objects(Client);

/// What a condition says: status, reason and message.
pub fn condition(object: &Value, type_: &str) -> String {
    let conditions = object["status"]["conditions"].as_array();
    let found = conditions.into_iter().flatten().find(|condition| condition["type"] == type_);
    let text = |field: &str| found.and_then(|condition| condition[field].as_str()).unwrap_or_default().to_owned();
    [text("status"), text("reason"), text("message")].join(" ")
}

impl Objects {
    pub async fn of(ebb: &Ebb) -> Result<Self> {
        Ok(Self(ebb.client().await?))
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, "application/json", Vec::new()).await
    }

    pub async fn create(&self, path: &str, object: &Value) -> Result<Value> {
        self.send(Method::POST, path, "application/json", serde_json::to_vec(object)?).await
    }

    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.send(Method::DELETE, path, "application/json", Vec::new()).await
    }

    pub async fn merge(&self, path: &str, patch: &Value) -> Result<Value> {
        self.send(Method::PATCH, path, "application/merge-patch+json", serde_json::to_vec(patch)?).await
    }

    /// The same, as an administrator of another name.
    pub async fn merge_as(&self, user: &str, path: &str, patch: &Value) -> Result<Value> {
        let request = Request::patch(path).header(header::CONTENT_TYPE, "application/merge-patch+json");
        let request = request.header("Impersonate-User", user).header("Impersonate-Group", "system:masters");
        self.answer(path, request.body(Body::from(serde_json::to_vec(patch)?))?).await
    }

    /// Changes keys of a system ConfigMap.
    pub async fn configure(&self, map: &str, data: &Value) -> Result<Value> {
        self.merge(&format!("/api/v1/namespaces/knative-serving/configmaps/{map}"), &json!({"data": data})).await
    }

    async fn send(&self, method: Method, path: &str, content: &str, body: Vec<u8>) -> Result<Value> {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, content).body(Body::from(body))?;
        self.answer(path, request).await
    }

    async fn answer(&self, path: &str, request: Request<Body>) -> Result<Value> {
        let (head, body) = self.0.send(request).await?.into_parts();
        let bytes = body.collect().await?.to_bytes();
        if head.status == StatusCode::OK || head.status == StatusCode::CREATED || head.status == StatusCode::ACCEPTED {
            return Ok(serde_json::from_slice(&bytes)?);
        }
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let said = answer["message"].as_str().map_or_else(|| String::from_utf8_lossy(&bytes).into_owned(), str::to_owned);
        Err(format!("{path}: {} {said}", head.status).into())
    }
}
