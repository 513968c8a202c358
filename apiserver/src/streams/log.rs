//! Logs: what is asked of one, checked as Kubernetes checks it, and handed to whoever has the logs.

use std::sync::Arc;

use ::http::{Response, StatusCode};
use ebb_plumbing::BoxError;
use futures::StreamExt;
use serde_json::{Value, json};

use super::pods;
use crate::error::ApiError;
use crate::http::body::Body;
use crate::http::query::Query;
use crate::http::respond;
use crate::options::LogQuery;
use crate::write::{Call, Core, parse};

/// Answers with a pod's log.
///
/// # Errors
/// 400, 404, 422 and 501.
pub(crate) async fn log(core: &Arc<Core>, call: &Call) -> Result<Response<Body>, ApiError> {
    let logs = core.pod_logs.as_ref().ok_or_else(|| ApiError::not_implemented("no logs are kept here"))?;
    let mut query = query(&call.query, &call.name)?;
    // Logs outlive their pods: who has them knows the containers of pods that are gone.
    if let Ok(object) = call.object() {
        let pod = parse(&object)?;
        query.container = Some(pods::container(&pod, &call.name, query.container.as_deref().unwrap_or_default())?);
    }
    let stream = match logs.open(&call.namespace, &call.name, query).await {
        Err(unknown) if unknown.code == 404 => {
            let pod = parse(&*call.object()?)?;
            return Err(ApiError::bad_request(not_yet(&pod, call, &unknown.message)));
        }
        opened => opened?,
    };
    let stream = stream.map(|piece| piece.map_err(BoxError::from)).boxed();
    Ok(respond(StatusCode::OK, "text/plain", Body::stream(stream)))
}

/// Why a container has no log yet, in the words of k8s.io/kubernetes/pkg/kubelet/kubelet_pods.go.
fn not_yet(pod: &Value, call: &Call, otherwise: &str) -> String {
    let asked = call.query.get("container");
    let Ok(container) = pods::container(pod, &call.name, asked) else { return otherwise.to_owned() };
    let lists = ["containerStatuses", "initContainerStatuses"].map(|list| crate::value::at(pod, &["status", list]));
    let statuses = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
    let mut ours = statuses.filter(|status| status["name"] == container.as_str());
    let reason = ours.next().and_then(|status| status["state"]["waiting"]["reason"].as_str());
    format!("container {container:?} in pod {:?} is waiting to start: {}", call.name, reason.unwrap_or("ContainerCreating"))
}

/// Reads what is asked of the log.
fn query(query: &Query, pod: &str) -> Result<LogQuery, ApiError> {
    let text = |name: &str| Some(query.get(name).to_owned()).filter(|text| !text.is_empty());
    let (tail, since, limit) = (query.number("tailLines")?, query.number("sinceSeconds")?, query.number("limitBytes")?);
    let mut faults = Vec::new();
    let mut least = |field: &str, value: Option<i64>, least: i64| {
        if let Some(value) = value.filter(|value| *value < least) {
            let bound = if least == 0 { "must be greater than or equal to 0" } else { "must be greater than 0" };
            faults.push((field.to_owned(), "FieldValueInvalid", format!("Invalid value: {value}: {bound}")));
        }
    };
    least("tailLines", tail, 0);
    least("limitBytes", limit, 1);
    least("sinceSeconds", since, 1);
    if since.is_some() && text("sinceTime").is_some() {
        let both = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified";
        faults.push((String::new(), "FieldValueForbidden", both.to_owned()));
    }
    match query.get("stream") {
        "" | "All" => {}
        "Stdout" | "Stderr" => {
            let one = "Forbidden: standard output and standard error of a process are one stream here, in the order of its lines";
            faults.push(("stream".to_owned(), "FieldValueForbidden", one.to_owned()));
        }
        other => {
            let message = format!("Unsupported value: {other:?}: supported values: \"All\", \"Stderr\", \"Stdout\"");
            faults.push(("stream".to_owned(), "FieldValueNotSupported", message));
        }
    }
    if !faults.is_empty() {
        return Err(invalid(pod, &faults));
    }
    let positive = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    Ok(LogQuery {
        container: text("container"),
        follow: query.flag("follow"),
        previous: query.flag("previous"),
        timestamps: query.flag("timestamps"),
        tail_lines: positive(tail),
        since_seconds: positive(since),
        since_time: text("sinceTime"),
        limit_bytes: positive(limit),
    })
}

fn invalid(pod: &str, faults: &[(String, &'static str, String)]) -> ApiError {
    let told: Vec<String> =
        faults.iter().map(|(field, _, message)| if field.is_empty() { message.clone() } else { format!("{field}: {message}") }).collect();
    let told = if told.len() == 1 { told.concat() } else { format!("[{}]", told.join(", ")) };
    let causes: Vec<Value> =
        faults.iter().map(|(field, reason, message)| json!({"reason": reason, "message": message, "field": field})).collect();
    let details = json!({"name": pod, "kind": "PodLogOptions", "causes": causes});
    let message = format!("PodLogOptions \"{pod}\" is invalid: {told}");
    ApiError { details: Some(details.into()), ..ApiError::other(422, "Invalid", message) }
}
